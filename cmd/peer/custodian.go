package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) custodianVerb() *cobra.Command {
	act := func(word, short, said string, f func(*api.Client, context.Context, string) error) *cobra.Command {
		c := verb(word+" @NAME", short, count(1, 1, "@NAME"), func(ctx context.Context, args []string) error {
			if err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return f(c, ctx, args[0]) }); err != nil {
				return err
			}
			return a.done(said, args[0])
		})
		c.ValidArgsFunction = a.completeContacts
		return c
	}
	var max int64
	var ttl time.Duration
	allow := act("allow", "Let a friend park mail with me", "%s may park mail here", func(c *api.Client, ctx context.Context, who string) error {
		return c.AllowCustody(ctx, who, max, ttl)
	})
	allow.Flags().Var(size{&max}, "max", "how much they may park (64MiB)")
	allow.Flags().Var(span{&ttl}, "ttl", "how long each parcel is kept (30d)")
	return family("custodian", "Friends who keep mail while somebody is away", allow,
		act("disallow", "Stop holding for a friend", "%s may not park mail here any more", (*api.Client).DisallowCustody),
		act("add", "Ask a friend to keep my mail", "%s is asked to keep your mail", (*api.Client).AddCustodian),
		act("drop", "Stop using a custodian", "%s does not keep your mail any more", (*api.Client).DropCustodian),
		verb("list", "What I hold for others, and who holds my mail", nothing, func(ctx context.Context, _ []string) error { return a.custody(ctx) }))
}

func (a *app) custody(ctx context.Context) error {
	return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		l, err := c.Custody(ctx)
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, h := range l.HeldBy {
				fmt.Fprintf(t, "%s %s\tkeeps mail for you\t%s\t%s\n", heldStone(h), api.InertLine(h.Name), h.State, several(h.Parcels, "parcel", "parcels"))
			}
			for _, h := range l.Holding {
				if h.Allowed || h.Parcels > 0 {
					fmt.Fprintf(t, "● %s\tparks with you\t%s of %s\t%s\t%s\n", api.InertLine(h.Name), bytesText(h.Bytes), bytesText(h.Max), several(h.Parcels, "parcel", "parcels"), oldest(h))
				}
			}
			t.Flush()
			if len(l.HeldBy) == 0 {
				a.say("Nobody keeps your mail while you are away. Ask a friend: they run `peer custodian allow @YOU`, you run `%s custodian add @FRIEND`.", a.self())
			}
		})
	})
}

func heldStone(h api.HeldBy) string {
	if h.State == "ready" {
		return "●"
	}
	return "○"
}

func oldest(h api.Holding) string {
	if h.Oldest == nil {
		return ""
	}
	return "oldest " + day(*h.Oldest)
}
