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

func (a *app) custodianVerb() *cobra.Command {
	act := func(word, short, said string, f func(*api.Client, context.Context, string) error) *cobra.Command {
		c := verb(word+" @NAME", short, named(1, 1, "@NAME"), func(ctx context.Context, args []string) error {
			if err := a.ask(ctx, func(ctx context.Context, c *api.Client) error { return f(c, ctx, args[0]) }); err != nil {
				return err
			}
			return a.done(said, args[0])
		})
		c.ValidArgsFunction = a.completeContacts
		return c
	}
	return family("custodian", "Friends who keep mail while somebody is away", a.allowVerb(act),
		act("disallow", "Stop holding for a friend", "%s may not park mail here any more; what is left stays three days (`peer custodian list`)", (*api.Client).DisallowCustody),
		act("add", "Ask a friend to keep my mail", "%s is asked to keep your mail", (*api.Client).AddCustodian),
		act("drop", "Stop using a custodian", "%s keeps no new mail for you any more", (*api.Client).DropCustodian),
		verb("list", "What I hold for others, and who holds my mail", nothing, func(ctx context.Context, _ []string) error { return a.custody(ctx) }))
}

// allowVerb is `peer custodian allow`; what its flags leave out stays as it is.
func (a *app) allowVerb(act func(word, short, said string, f func(*api.Client, context.Context, string) error) *cobra.Command) *cobra.Command {
	var most int64
	ttl := unset
	allow := act("allow", "Let a friend park mail with me", "%s may park mail here", func(c *api.Client, ctx context.Context, who string) error {
		switch {
		case ttl == 0:
			return usage("--ttl: parcels that are kept for no time are not kept; `%s custodian disallow %s` ends it", a.self(), quote(who))
		case ttl == unset:
			return c.AllowCustody(ctx, who, most, 0)
		}
		return c.AllowCustody(ctx, who, most, ttl)
	})
	allow.Flags().Var(size{&most}, "max", "how much they may park: 80KiB to 1TiB (as it is, or 64MiB)")
	allow.Flags().Var(span{&ttl}, "ttl", "how long each parcel is kept: 1h to 90d (as it is, or 30d)")
	return allow
}

const unset = time.Duration(-1)

func (a *app) custody(ctx context.Context) error {
	return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		l, err := c.Custody(ctx)
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, h := range l.HeldBy {
				fmt.Fprintf(t, "%s %s\t%s\t%s\n", heldStone(h), api.InertLine(h.Name), first(heldWords[h.State], api.InertLine(h.State)), several(h.Parcels, "parcel", "parcels"))
			}
			for _, h := range l.Holding {
				fmt.Fprintf(t, "%s\n", holdingLine(h))
			}
			t.Flush()
			if !slices.ContainsFunc(l.HeldBy, func(h api.HeldBy) bool { return h.State != "dropped" && h.State != "withdrawn" }) {
				a.say("Nobody keeps your mail while you are away. Ask a friend: they run `peer custodian allow @YOU`, you run `%s custodian add @FRIEND`.", a.self())
			}
		})
	})
}

// heldWords say how far a friend is with keeping this user's mail.
var heldWords = map[string]string{
	"offered":     "offers to keep mail for you (custodian add)",
	"asked":       "is asked to keep mail for you",
	"registering": "has agreed to keep mail for you",
	"ready":       "keeps mail for you",
	"dropped":     "keeps no new mail for you: you ended it",
	"withdrawn":   "keeps no new mail for you: they ended it",
}

func heldStone(h api.HeldBy) string {
	if h.State == "ready" {
		return "●"
	}
	return "○"
}

// holdingLine says what is kept for one friend, or what is left after it has ended.
func holdingLine(h api.Holding) string {
	parcels := several(h.Parcels, "parcel", "parcels")
	if h.Allowed {
		return fmt.Sprintf("● %s\tparks with you\t%s of %s\t%s\teach kept %s\t%s", api.InertLine(h.Name),
			bytesText(h.Bytes), bytesText(h.Max), parcels, spanText(time.Duration(h.TTL)*time.Second), oldest(h))
	}
	left := "nothing is left"
	if h.Parcels > 0 {
		left = parcels + " (" + bytesText(h.Bytes) + ") left"
		if h.Ends != nil {
			left += " until " + h.Ends.Local().Format("2 Jan 15:04")
		}
	}
	return fmt.Sprintf("○ %s\tparks nothing new with you: you ended it\t%s", api.InertLine(h.Name), left)
}

func oldest(h api.Holding) string {
	if h.Oldest == nil {
		return ""
	}
	return "oldest " + day(*h.Oldest)
}
