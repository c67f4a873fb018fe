package main

import (
	"context"
	"fmt"

	"causeway/api"
)

// noVerb is `peer` alone: set up on the first run, later start, or show the status if a node runs.
func (a *app) noVerb(ctx context.Context) error {
	p, err := a.paths()
	if err != nil {
		return err
	}
	s := serving{secrets: secrets{fd: -1}}
	taken, err := isSetUp(p)
	if err != nil {
		return err
	}
	if !taken {
		if terminal(a.in) {
			a.say("Nobody is set up here yet. Two questions, then your node runs.\n")
		}
		b, unlock, err := a.create("", &s.secrets)
		if err != nil {
			return err
		}
		showBorn(a.out, b)
		s.opens = &unlock
		s.onReady = a.welcome
		return a.serve(ctx, s, nil)
	}
	if _, err := api.Dial(p.Socket).Self(ctx); err == nil {
		return a.status(ctx)
	}
	return a.serve(ctx, s, nil)
}

// welcome prints what a new user needs next: an invite to give away.
func (a *app) welcome(ctx context.Context, _ ready) {
	err := a.ask(ctx, func(ctx context.Context, c *api.Client) error {
		inv, err := c.CreateInvite(ctx, 0, 0)
		if err != nil {
			return err
		}
		a.say("\nYour node runs as long as this window is open. Give this link to one friend, who types `peer accept LINK`:\n")
		return a.showInvite(ctx, c, inv)
	})
	if err != nil {
		fmt.Fprintln(a.err, a.sentence(err))
	}
}
