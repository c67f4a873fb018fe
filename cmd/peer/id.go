package main

import (
	"context"
	"fmt"
	"io"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) idVerb() *cobra.Command {
	return verb("id", "Who I am, and how this node is reached", nothing, func(ctx context.Context, _ []string) error {
		return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			s, err := c.Self(ctx)
			if err != nil {
				return err
			}
			return a.show(s, func(w io.Writer) {
				fmt.Fprintf(w, "name       %s\nuid        %s\ndevice     %s\nsafety id  %s\npeer id    %s\n",
					api.InertLine(s.Name), s.UID, s.Device, s.SafetyID, s.PeerID)
				for _, addr := range s.Addrs {
					fmt.Fprintf(w, "address    %s\n", addr)
				}
				a.qr(w, s.UID)
			})
		})
	})
}
