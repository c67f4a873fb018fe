package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) groupVerb() *cobra.Command {
	members := verb("members #GROUP", "Who belongs, the most senior first", named(1, 1, "a #GROUP, in quotes,"), func(ctx context.Context, args []string) error {
		return a.members(ctx, args[0])
	})
	members.ValidArgsFunction = a.completeGroups
	return family("group", "Groups", a.groupCreateVerb(), a.groupAddVerb(),
		a.memberVerb("remove", "Remove a member and change the keys", "removed from", (*api.Client).RemoveMember),
		a.memberVerb("promote", "Make a member an admin", "now an admin of", (*api.Client).Promote),
		a.memberVerb("demote", "Make an admin a member", "now a member of", (*api.Client).Demote),
		a.groupLeaveVerb(), members,
		verb("list", "Groups", nothing, func(ctx context.Context, _ []string) error { return a.groups(ctx) }))
}

func (a *app) groupCreateVerb() *cobra.Command {
	history := "shared"
	c := verb("create NAME", "Found a group", named(1, 1, "a NAME"), func(ctx context.Context, args []string) error {
		return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			g, err := c.CreateGroup(ctx, strings.TrimPrefix(args[0], "#"), history)
			if err != nil {
				return err
			}
			return a.show(g, func(w io.Writer) {
				fmt.Fprintln(w, g.Group.ID)
				a.say("Add people: `%s group add %s @NAME`", a.self(), quote("#"+g.Group.Name))
			})
		})
	})
	c.Flags().Var(oneOf{&history, []string{"shared", "forward"}}, "history", "shared: newcomers may read the backlog; forward: they never can")
	return c
}

func (a *app) groupAddVerb() *cobra.Command {
	var history string
	c := verb("add #GROUP @NAME", "Add a contact", named(2, 2, "a #GROUP and a @NAME"), func(ctx context.Context, args []string) error {
		if since, dated := strings.CutPrefix(history, "since:"); dated {
			t, err := parseMoment(since, time.Now())
			if err != nil {
				return usage("--history since: %v", err)
			}
			history = "since:" + t.UTC().Format(time.RFC3339)
		} else if history != "" && history != "none" && history != "all" {
			return usage("--history is all, none or since:TIME, not %q", history)
		}
		if err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return c.AddMember(ctx, args[0], args[1], history) }); err != nil {
			return err
		}
		return a.done("%s is added to %s", args[1], args[0])
	})
	c.Flags().StringVar(&history, "history", "", "how far back they may read: `all|none|since:TIME` (from the first change of key after that time)")
	c.ValidArgsFunction = a.completeGroupThenContact
	return c
}

func (a *app) memberVerb(word, short, said string, f func(*api.Client, context.Context, string, string) error) *cobra.Command {
	c := verb(word+" #GROUP @NAME", short, named(2, 2, "a #GROUP and a @NAME"), func(ctx context.Context, args []string) error {
		if err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return f(c, ctx, args[0], args[1]) }); err != nil {
			return err
		}
		return a.done("%s is %s %s", args[1], said, args[0])
	})
	c.ValidArgsFunction = a.completeGroupThenContact
	return c
}

func (a *app) groupLeaveVerb() *cobra.Command {
	var yes bool
	c := verb("leave #GROUP", "Leave a group", named(1, 1, "a #GROUP"), func(ctx context.Context, args []string) error {
		if !yes {
			if err := a.confirm(args[0], "You will read nothing more of %s, and come back only when an admin adds you.", args[0]); err != nil {
				return err
			}
		}
		if err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return c.LeaveGroup(ctx, args[0]) }); err != nil {
			return err
		}
		return a.done("you left %s", args[0])
	})
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.ValidArgsFunction = a.completeGroups
	return c
}

func (a *app) groups(ctx context.Context) error {
	return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		l, err := c.Groups(ctx)
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, g := range l.Groups {
				state := several(g.Members, "member", "members")
				if g.Left {
					state = "you are not a member"
				}
				fmt.Fprintf(t, "#%s\t%s\thistory %s\t%s\n", api.InertLine(g.Name), state, g.History, a.faint(g.ID))
			}
			t.Flush()
			if len(l.Groups) == 0 {
				a.say("No group yet: `%s group create NAME`.", a.self())
			}
		})
	})
}

func (a *app) members(ctx context.Context, group string) error {
	return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		l, err := c.Members(ctx, group)
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, m := range l.Members {
				settled := ""
				if !m.Settled {
					settled = "not settled yet"
				}
				fmt.Fprintf(t, "%d\t%s\t%s\tsince %s\t%s\t%s\n", m.Rank, api.InertLine(m.Name), m.Role, m.Since.Local().Format("2 Jan 2006"), settled, a.faint(m.UID))
			}
			t.Flush()
			if len(l.Members) == 0 {
				a.say("You are not a member, so who belongs is not known here.")
			}
		})
	})
}
