package main

import (
	"github.com/spf13/cobra"
)

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "peer",
		Short: "Private chat between the nodes of the people who talk",
		Long: `Private chat between the nodes of the people who talk: no server, no account.
Without a verb: sets up and starts on the first run; later starts, or shows the status if it runs.`,
		Example: `  peer                                  set up, start, and print an invite
  peer invite                           a link for one person
  peer accept 'causeway:…'              accept somebody's link
  peer send @bob "hello"                write
  peer log @bob                         read
  peer demo                             three real nodes, played through in half a minute`,
		Args: unknownVerb,
		RunE: func(c *cobra.Command, _ []string) error { return a.noVerb(c.Context()) },

		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(badFlag)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return a.checkPlace(c) }
	f := root.PersistentFlags()
	f.StringVar(&a.home, "home", "", "keep config, data, state and socket under `DIR` (default: XDG folders)")
	f.StringVar(&a.profile, "profile", "", "use the profile `NAME`: several nodes for one user")
	f.BoolVar(&a.json, "json", false, "print JSON: one object, or one object a line")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "print data only, no words")
	f.BoolVar(&a.noColor, "no-color", false, "no colours (also: NO_COLOR)")
	f.Var(span{&a.timeout}, "timeout", "give up after `DUR` (20s, 5m, 2d)")
	root.AddGroup(&cobra.Group{ID: "node", Title: "The node:"}, &cobra.Group{ID: "people", Title: "People:"},
		&cobra.Group{ID: "chat", Title: "Messages:"}, &cobra.Group{ID: "more", Title: "More:"})
	for id, verbs := range map[string][]*cobra.Command{
		"node":   {a.initVerb(), a.serveVerb(), a.idVerb(), a.statusVerb(), a.waitVerb(), a.demoVerb()},
		"people": {a.inviteVerb(), a.acceptVerb(), a.requestsVerb(), a.contactsVerb(), a.contactVerb(), a.custodianVerb()},
		"chat":   {a.sendVerb(), a.logVerb(), a.messageVerb(), a.tailVerb(), a.groupVerb(), a.exportVerb(), a.importVerb()},
		"more":   {a.configVerb(), a.pathsVerb(), a.versionVerb(), a.simVerb()},
	} {
		for _, v := range verbs {
			v.GroupID = id
			root.AddCommand(v)
		}
	}
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	addTopics(root)
	strictCompletion(root)
	return root
}

// checkPlace refuses an empty --home or --profile: in a script it is a variable that was not set, and
// the verb would act on somebody else's home.
func (a *app) checkPlace(c *cobra.Command) error {
	for flag, value := range map[string]string{"home": a.home, "profile": a.profile} {
		if value == "" && c.Flags().Changed(flag) {
			return usage("--%s is empty: say which, or leave it out", flag)
		}
	}
	return nil
}

// strictCompletion has the verb that cobra makes refuse what it does not know, as the others do.
func strictCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args = unknownVerb
		c.RunE = func(c *cobra.Command, _ []string) error {
			return usage("completion wants a shell: bash, zsh, fish or powershell (`%s --help` explains)", c.CommandPath())
		}
		for _, shell := range c.Commands() {
			shell.Args = nothing
		}
	}
}

// family makes a command that only has verbs below it.
func family(use, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: unknownVerb}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := c.Help(); err != nil {
			return err
		}
		return usage("%s wants a verb", name(c))
	}
	c.AddCommand(verbs...)
	return c
}
