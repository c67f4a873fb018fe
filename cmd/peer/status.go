package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) statusVerb() *cobra.Command {
	return verb("status", "Health, and what to do about it", nothing, func(ctx context.Context, _ []string) error { return a.status(ctx) })
}

func (a *app) status(ctx context.Context) error {
	return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		s, err := c.Status(ctx)
		if err != nil {
			return err
		}
		return a.show(s, func(w io.Writer) {
			fmt.Fprintf(w, "%s since %s on %s\n", s.State, s.Started.Local().Format("2 Jan 15:04"), strings.Join(s.Network, ", "))
			fmt.Fprintf(w, "network    %s, %d in the DHT\n", several(s.Peers, "node", "nodes"), s.DHT)
			fmt.Fprintf(w, "people     %s, %s\n", several(s.Contacts, "contact", "contacts"), several(s.Groups, "group", "groups"))
			fmt.Fprintf(w, "my mail    %d queued on this device, %d parked with friends\n", s.Queued, s.Parked)
			fmt.Fprintf(w, "I hold     %s for others\n", several(s.Custody, "parcel", "parcels"))
			for _, h := range s.Health {
				fmt.Fprintf(w, "! %s\n", api.InertLine(h.Text))
			}
		})
	})
}

func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// day is a date as people say it.
func day(t time.Time) string { return t.Local().Format("2 Jan") }
