package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) inviteVerb() *cobra.Command {
	expires := 7 * 24 * time.Hour
	var uses int
	c := &cobra.Command{
		Use: "invite", Short: "Make a one-time link; giving it away is consent", Args: unknownVerb,
		Example: "  peer invite\n  peer invite --expires 1d --json | jq -r .invite",
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if expires <= 0 || uses <= 0 {
			return usage("an invite lasts longer than no time and is used at least once")
		}
		return a.ask(c.Context(), func(ctx context.Context, c *api.Client) error {
			inv, err := c.CreateInvite(ctx, expires, uses)
			if err != nil {
				return err
			}
			return a.showInvite(ctx, c, inv)
		})
	}
	c.Flags().Var(span{&expires}, "expires", "how long it may be accepted")
	c.Flags().IntVar(&uses, "uses", 1, "how many people may accept it")
	c.AddCommand(verb("list", "Links given away", nothing, func(ctx context.Context, _ []string) error { return a.inviteList(ctx) }),
		verb("revoke ID", "Take a link back", named(1, 1, "the ID of an invite"), func(ctx context.Context, args []string) error {
			err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return c.RevokeInvite(ctx, args[0]) })
			if err != nil {
				return err
			}
			return a.done("taken back: nobody can accept it any more")
		}))
	return c
}

func (a *app) showInvite(ctx context.Context, c *api.Client, inv api.Invite) error {
	if a.json {
		return a.line(inv)
	}
	fmt.Fprintln(a.out, inv.Invite)
	a.qr(a.out, inv.Invite)
	a.say("For %s, until %s (id %s).", several(inv.Uses, "person", "people"), day(inv.Expires), inv.ID)
	custody, err := c.Custody(ctx)
	if err != nil {
		return err
	}
	switch {
	case inv.StandIn > 0:
	case slices.ContainsFunc(custody.HeldBy, func(h api.HeldBy) bool { return h.State == "ready" }):
		a.say("Your custodians are told of it now, and answer it while you are away (`%s invite list` shows how many know).", a.self())
	default:
		a.say("You have no custodian yet: it is answered when you and they are on at the same time.")
	}
	return nil
}

func standIn(i api.Invite) string {
	if i.StandIn == 0 {
		return "while you are on"
	}
	return several(i.StandIn, "custodian stands in", "custodians stand in")
}

func (a *app) inviteList(ctx context.Context) error {
	return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		l, err := c.Invites(ctx)
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, i := range l.Invites {
				state := several(i.Uses, "use left", "uses left")
				switch {
				case i.Revoked:
					state = "taken back"
				case i.Uses == 0:
					state = "used"
				case time.Now().After(i.Expires):
					state = "expired"
				}
				fmt.Fprintf(t, "%s\t%s\tuntil %s\t%s\n", i.ID, state, day(i.Expires), standIn(i))
			}
			t.Flush()
		})
	})
}
