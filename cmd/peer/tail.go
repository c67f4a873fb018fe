package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) tailVerb() *cobra.Command {
	var since string
	c := verb("tail [TARGET]", "Events as they come, resumable", named(0, 1, "at most one TARGET"), func(ctx context.Context, args []string) error {
		from := api.Now
		if since != "" {
			n, err := strconv.ParseUint(since, 10, 64)
			if err != nil || n == api.Now {
				return usage("--since is the number of an event (its seq), not %q", since)
			}
			from = n
		}
		return a.tail(ctx, args, from)
	})
	c.Example = "  peer tail\n  peer tail @bob --json | jq -r 'select(.event==\"message\").message.text'\n  peer tail --since 0 --json"
	c.Flags().StringVar(&since, "since", "", "begin after the event with this `NUMBER` (0: all that is kept)")
	c.ValidArgsFunction = a.completeTargets
	return c
}

func (a *app) tail(ctx context.Context, args []string, from uint64) error {
	stopped := ctx
	err := a.within(ctx, 0, func(ctx context.Context, c *api.Client) error {
		chat := ""
		if len(args) > 0 {
			var err error
			if chat, err = chatOf(ctx, c, args[0]); err != nil {
				return err
			}
		}
		for e, err := range c.Events(ctx, from) {
			if err != nil {
				return err
			}
			if chat != "" && e.Chat != chat {
				continue
			}
			if err := a.showEvent(e); err != nil {
				return err
			}
		}
		return nil
	})
	if stopped.Err() != nil {
		return nil // ended by the person who started it
	}
	return err
}

func (a *app) showEvent(e api.Event) error {
	if a.json {
		return a.line(e)
	}
	if m := e.Message; m != nil && e.Event == "message" {
		_, err := fmt.Fprintf(a.out, "%s  %s", api.InertLine(e.Chat), a.messageLines(*m, nil))
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s  · %s\n", a.faint(e.Time.Local().Format("2006-01-02 15:04")), api.InertLine(e.Text))
	return err
}

// chatOf is the name under which events speak of a target.
func chatOf(ctx context.Context, c *api.Client, target string) (string, error) {
	if name, ok := strings.CutPrefix(target, "#"); ok {
		l, err := c.Groups(ctx)
		for _, g := range l.Groups {
			if g.Name == name || g.ID == name {
				return "#" + g.Name, nil
			}
		}
		return "", orNotFound(err, target)
	}
	name := strings.TrimPrefix(target, "@")
	l, err := c.Contacts(ctx)
	for _, x := range l.Contacts {
		if x.Name == name || x.UID == name {
			return "@" + x.Name, nil
		}
	}
	return "", orNotFound(err, target)
}

func orNotFound(err error, target string) error {
	if err != nil {
		return err
	}
	return api.Errorf(api.KindNotFound, "there is no %q here: `peer contacts` and `peer group list` show who is", target)
}
