package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"causeway/api"
	"causeway/contact"

	"github.com/spf13/cobra"
)

const longestLink = 4096 // bytes

func (a *app) acceptVerb() *cobra.Command {
	var as string
	c := verb("accept LINK", "Accept somebody's link and become contacts", count(1, 1, "a LINK"), func(ctx context.Context, args []string) error {
		if len(args[0]) > longestLink {
			return usage("this is no invite: a link has at most %d bytes", longestLink)
		}
		if len(as) > longestName/2 {
			return usage("--as: a name has at most 64 bytes")
		}
		return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			r, err := c.Accept(ctx, args[0], as)
			if err != nil {
				return whatBecame(ctx, c, args[0], err)
			}
			return a.show(r, func(w io.Writer) {
				fmt.Fprintf(w, "%s  %s\n", called(r.Contact), r.Contact.UID)
				switch wait := fmt.Sprintf("`%s wait --for contact=%s` waits for it.", a.self(), quote(address(r.Contact))); {
				case r.State == "accepted":
				case r.Reached:
					a.say("Their node is there and has your request; its answer comes in a moment. %s", wait)
				default:
					a.say("Their node has not answered yet; it may be away. %s", wait)
				}
			})
		})
	})
	c.Flags().StringVar(&as, "as", "", "call them `NAME` here")
	return c
}

const keptWait = 2 * time.Second // to ask what became of a link

// whatBecame says, where the time ran out, how far the node is with a link.
func whatBecame(ctx context.Context, c *api.Client, link string, err error) error {
	if api.KindOf(err) != api.KindTimeout {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keptWait)
	defer cancel()
	inv, bad := contact.ParseInvite(link)
	l, lost := c.Contacts(ctx)
	if bad != nil || lost != nil {
		return api.Errorf(api.KindTimeout, "the time ran out; `peer contacts` shows whether that you accept was kept")
	}
	for _, x := range l.Contacts {
		switch {
		case x.UID != inv.UID.String():
		case x.State == "refused":
			return api.Errorf(api.KindRefused, "%s", x.Reason)
		case x.State == "accepted":
			return api.Errorf(api.KindTimeout, "the time ran out just as the two of you became contacts: %s", address(x))
		default:
			return api.Errorf(api.KindTimeout, "the time ran out before their node answered; that you accept is kept, and the node goes on by itself while it runs: `peer contacts` shows how far it is")
		}
	}
	return api.Errorf(api.KindTimeout, "the time ran out, and nothing was kept; accept the link again, with a longer --timeout")
}

func (a *app) requestsVerb() *cobra.Command {
	c := &cobra.Command{Use: "requests", Short: "Who asks to become a contact", Args: unknownVerb}
	c.RunE = func(c *cobra.Command, _ []string) error { return a.requests(c.Context()) }
	for _, answer := range []struct {
		word, short string
		accept      bool
	}{{"accept", "Let them in", true}, {"decline", "Leave them out; they are not told", false}} {
		c.AddCommand(verb(answer.word+" UID", answer.short, named(1, 1, "a UID"), func(ctx context.Context, args []string) error {
			err := a.ask(ctx, func(ctx context.Context, c *api.Client) error {
				return c.AnswerRequest(ctx, args[0], answer.accept)
			})
			if err != nil {
				return err
			}
			return a.done("%sed", strings.TrimSuffix(answer.word, "e"))
		}))
	}
	return c
}

func (a *app) requests(ctx context.Context) error {
	return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		l, err := c.Requests(ctx)
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, r := range l.Requests {
				fmt.Fprintf(t, "%s\t%s\tby %s\t%s\n", api.InertLine(r.Name), r.UID, r.How, r.Received.Local().Format("2 Jan 15:04"))
			}
			t.Flush()
			if len(l.Requests) == 0 {
				a.say("Nobody asks.")
			}
		})
	})
}

func (a *app) contactsVerb() *cobra.Command {
	return verb("contacts", "The address book", nothing, func(ctx context.Context, _ []string) error {
		return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			l, err := c.Contacts(ctx)
			if err != nil {
				return err
			}
			return a.show(l, func(w io.Writer) {
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				for _, x := range l.Contacts {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", called(x), x.State, presence(x), compared(x), a.faint(x.UID))
				}
				t.Flush()
				if len(l.Contacts) == 0 {
					a.say("Nobody yet. `%s invite` makes a link for one friend.", a.self())
				}
			})
		})
	})
}

// called is how a list names a contact: until the inviter answers its name may not be known.
func called(c api.Contact) string {
	if c.Name == "" {
		return "(no name yet)"
	}
	return "@" + api.InertLine(c.Name)
}

// address is what means a contact for good: its name, or the uid while there is none.
func address(c api.Contact) string {
	if c.Name == "" {
		return "@" + c.UID
	}
	return "@" + c.Name
}

func presence(c api.Contact) string {
	switch {
	case c.State == "refused":
		return api.InertLine(c.Reason)
	case c.State == "waiting":
		return "has not answered yet"
	case c.Online:
		return "online, " + c.Path
	}
	return "away"
}

func compared(c api.Contact) string {
	switch {
	case c.Verified:
		return "verified"
	case c.How == "introduced":
		return "introduced"
	}
	return "not compared"
}

func (a *app) contactVerb() *cobra.Command {
	act := func(use, short, said string, f func(context.Context, *api.Client, string) error) *cobra.Command {
		c := verb(use+" @NAME", short, named(1, 1, "@NAME"), func(ctx context.Context, args []string) error {
			if err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return f(ctx, c, args[0]) }); err != nil {
				return err
			}
			return a.done("%s %s", args[0], said)
		})
		c.ValidArgsFunction = a.completeContacts
		return c
	}
	rename := verb("rename @NAME NEW", "Call a contact something else", named(2, 2, "@NAME and the new name"), func(ctx context.Context, args []string) error {
		err := a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			return c.RenameContact(ctx, args[0], strings.TrimPrefix(args[1], "@"))
		})
		if err != nil {
			return err
		}
		return a.done("%s is now called @%s", args[0], strings.TrimPrefix(args[1], "@"))
	})
	rename.ValidArgsFunction = a.completeContacts
	return family("contact", "Change one contact",
		rename,
		act("block", "Refuse everything from a contact", "is blocked", func(ctx context.Context, c *api.Client, who string) error {
			return c.BlockContact(ctx, who, true)
		}),
		act("unblock", "Take a block back", "is not blocked any more", func(ctx context.Context, c *api.Client, who string) error {
			return c.BlockContact(ctx, who, false)
		}),
		a.removeVerb(), a.verifyVerb())
}

func (a *app) removeVerb() *cobra.Command {
	var yes bool
	c := verb("remove @NAME", "Forget a contact; cannot be undone", named(1, 1, "@NAME"), func(ctx context.Context, args []string) error {
		if !yes {
			if err := a.confirm(args[0], "%s will be forgotten, and can write to you again only after a new invite.", args[0]); err != nil {
				return err
			}
		}
		if err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return c.RemoveContact(ctx, args[0]) }); err != nil {
			return err
		}
		return a.done("%s is forgotten", args[0])
	})
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.ValidArgsFunction = a.completeContacts
	return c
}

// verified is what `peer contact verify` tells.
type verified struct {
	api.SafetyNumber
	Verified *bool `json:"verified,omitempty"` // with --match or --no-match
}

func (a *app) verifyVerb() *cobra.Command {
	var match, differ bool
	c := verb("verify @NAME", "Compare safety numbers: nobody sits between", named(1, 1, "@NAME"), func(ctx context.Context, args []string) error {
		if match && differ {
			return usage("--match and --no-match cannot both be true")
		}
		return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			n, err := c.VerifyContact(ctx, args[0])
			if err != nil {
				return err
			}
			v := verified{SafetyNumber: n}
			if match || differ {
				v.Verified = &match
				if err := c.MarkVerified(ctx, args[0], match); err != nil {
					return err
				}
			}
			return a.show(v, func(w io.Writer) { a.showVerified(w, v, args[0]) })
		})
	})
	c.Flags().BoolVar(&match, "match", false, "we compared, and the numbers are the same")
	c.Flags().BoolVar(&differ, "no-match", false, "they differ, or the comparison is taken back")
	c.ValidArgsFunction = a.completeContacts
	return c
}

func (a *app) showVerified(w io.Writer, v verified, who string) {
	fmt.Fprintln(w, v.SafetyNumber.SafetyNumber)
	switch {
	case v.Verified == nil:
		a.say("Read it to %s over the telephone or face to face. The same for both? `%s contact verify %s --match`", who, a.self(), quote(who))
	case *v.Verified:
		a.say("%s is verified.", who)
	default:
		a.say("%s is not verified.", who)
	}
}
