package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"causeway/api"
)

func (d *demo) startAll(ctx context.Context) (string, error) {
	for _, p := range []*person{d.carol, d.alice, d.bob} {
		if err := p.setUp(ctx); err != nil {
			return "", err
		}
	}
	if err := d.carol.start(ctx, true); err != nil {
		return "", err
	}
	if len(d.carol.ready.Addrs) == 0 {
		return "", errors.New("the node of Carol has no address")
	}
	d.alice.meet, d.bob.meet = d.carol.ready.Addrs[0], d.carol.ready.Addrs[0]
	for _, p := range []*person{d.alice, d.bob} {
		if err := p.start(ctx, true); err != nil {
			return "", err
		}
	}
	for _, p := range []*person{d.carol, d.alice, d.bob} {
		if err := until(ctx, p.Client, isOnline); err != nil {
			return "", fmt.Errorf("%s does not come online: %w", p.name, err)
		}
	}
	return "Alice, Bob and Carol run as processes of their own and find each other by a DHT.", nil
}

// meet makes two people contacts by an invite of the first and returns the link.
func meet(ctx context.Context, a, b *person) (link string, err error) {
	inv, err := a.CreateInvite(ctx, 0, 1)
	if err != nil {
		return "", err
	}
	if _, err := b.Accept(ctx, inv.Invite, ""); err != nil {
		return "", err
	}
	for _, x := range [][2]*person{{a, b}, {b, a}} {
		is := func(ctx context.Context, c *api.Client) (bool, error) { return isContact(ctx, c, x[1].name) }
		if err := until(ctx, x[0].Client, is); err != nil {
			return "", fmt.Errorf("%s and %s do not become contacts: %w", x[0].name, x[1].name, err)
		}
	}
	return inv.Invite, nil
}

func (d *demo) befriend(ctx context.Context) (string, error) {
	link, err := meet(ctx, d.alice, d.bob)
	if err != nil {
		return "", err
	}
	d.spent = link
	return "Both sides agreed. Nobody can write to anybody before that.", nil
}

// reuse lets Carol try the link that Bob has spent, then makes her a contact of both.
func (d *demo) reuse(ctx context.Context) (string, error) {
	saw := "Carol gets nowhere with it."
	if _, err := d.carol.Accept(ctx, d.spent, ""); err != nil {
		saw = "Carol is refused: " + err.Error() + "."
	} else {
		err := until(ctx, d.carol.Client, func(ctx context.Context, c *api.Client) (bool, error) {
			l, err := c.Contacts(ctx)
			return len(l.Contacts) == 0, err
		})
		if err != nil {
			return "", fmt.Errorf("after a spent link: %w", err)
		}
	}
	l, err := d.alice.Contacts(ctx)
	if err != nil {
		return "", err
	}
	if len(l.Contacts) != 1 {
		return "", fmt.Errorf("a spent link made a contact: Alice has %d", len(l.Contacts))
	}
	for _, p := range []*person{d.alice, d.bob} {
		if _, err := meet(ctx, d.carol, p); err != nil {
			return "", err
		}
	}
	return saw + "\nShe gives links of her own to Alice and Bob, and they work.", nil
}

func (d *demo) askCarol(ctx context.Context) (string, error) {
	if err := d.carol.AllowCustody(ctx, "@Bob", 0, 0); err != nil {
		return "", err
	}
	if err := d.bob.AddCustodian(ctx, "@Carol"); err != nil {
		return "", err
	}
	err := until(ctx, d.bob.Client, func(ctx context.Context, c *api.Client) (bool, error) {
		l, err := c.Custody(ctx)
		return slices.ContainsFunc(l.HeldBy, func(h api.HeldBy) bool { return h.Name == "Carol" && h.State == "ready" }), err
	})
	if err != nil {
		return "", fmt.Errorf("as a custodian of Bob, Carol is not ready: %w", err)
	}
	return "She will see for whom she keeps how much, and never what it says.", nil
}
