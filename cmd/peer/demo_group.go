package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"causeway/api"
)

func (d *demo) everyone() []*person { return []*person{d.alice, d.bob, d.carol} }

func (d *demo) foundGroup(ctx context.Context) (string, error) {
	g, err := d.alice.CreateGroup(ctx, "causeway", "shared")
	if err != nil {
		return "", err
	}
	d.group = "#" + g.Group.ID
	if _, err := say(ctx, d.alice, d.group, "This group had one member when I wrote this."); err != nil {
		return "", err
	}
	for _, name := range []string{"@Bob", "@Carol"} {
		if err := d.alice.AddMember(ctx, d.group, name, ""); err != nil {
			return "", err
		}
	}
	for _, p := range d.everyone() {
		if err := until(ctx, p.Client, func(ctx context.Context, c *api.Client) (bool, error) { return isMember(ctx, c, d.group) }); err != nil {
			return "", fmt.Errorf("%s is not in the group: %w", p.name, err)
		}
		if _, err := say(ctx, p, d.group, "Good evening from "+p.name+"."); err != nil {
			return "", err
		}
	}
	var first []string
	for _, p := range d.everyone() {
		for _, q := range d.everyone() {
			if err := sees(ctx, p, d.group, "Good evening from "+q.name+"."); err != nil {
				return "", err
			}
		}
		texts, err := read(ctx, p.Client, d.group)
		if err != nil {
			return "", err
		}
		if first == nil {
			first = texts
		}
		if len(texts) != 4 || !slices.Equal(texts, first) {
			return "", fmt.Errorf("%s reads %q, Alice %q", p.name, texts, first)
		}
	}
	return "All three read all, newcomers also what was written before them, in the same order.", nil
}

func (d *demo) removal(ctx context.Context) (string, error) {
	if err := d.alice.RemoveMember(ctx, d.group, "@Carol"); err != nil {
		return "", err
	}
	secrets := []string{"Carol cannot read this.", "Nor can she read this answer."}
	if _, err := say(ctx, d.alice, d.group, secrets[0]); err != nil {
		return "", err
	}
	if err := sees(ctx, d.bob, d.group, secrets[0]); err != nil {
		return "", err
	}
	if _, err := say(ctx, d.bob, d.group, secrets[1]); err != nil {
		return "", err
	}
	if err := sees(ctx, d.alice, d.group, secrets[1]); err != nil {
		return "", err
	}
	left := func(ctx context.Context, c *api.Client) (bool, error) {
		in, err := isMember(ctx, c, d.group)
		return !in, err
	}
	if err := until(ctx, d.carol.Client, left); err != nil {
		return "", fmt.Errorf("of her removal Carol learns nothing: %w", err)
	}
	if _, err := d.carol.Send(ctx, d.group, "Let me in.", ""); err == nil {
		return "", errors.New("after her removal Carol still writes")
	}
	file, given, err := hand(ctx, d.alice, d.group)
	if err != nil {
		return "", err
	}
	if got, err := d.carol.Import(ctx, file); err != nil && api.KindOf(err) != api.KindRefused {
		return "", fmt.Errorf("import by Carol: %w", err)
	} else if got.New > 0 {
		return "", fmt.Errorf("from a file Carol took %d new entries", got.New)
	}
	texts, err := read(ctx, d.carol.Client, d.group)
	if err != nil && api.KindOf(err) != api.KindNotFound {
		return "", err
	}
	for _, s := range secrets {
		if slices.Contains(texts, s) {
			return "", fmt.Errorf("after her removal Carol reads %q", s)
		}
	}
	if len(texts) > 4 {
		return "", fmt.Errorf("after her removal Carol holds %d texts, and had 4", len(texts))
	}
	return fmt.Sprintf("Alice and Bob go on under new keys. Carol learns that she is out, and that is all she learns:\neven a file with all %d entries of the group, put into her hand, gives her nothing new.", given.Entries), nil
}

// hand writes a conversation to a file, as for a USB stick.
func hand(ctx context.Context, from *person, target string) (io.Reader, api.Transfer, error) {
	file := new(bytes.Buffer)
	t, err := from.Export(ctx, target, file)
	if err != nil {
		err = fmt.Errorf("%s's export: %w", from.name, err)
	}
	return file, t, err
}

// handOver carries a conversation from one person to another by a file.
func handOver(ctx context.Context, from, to *person, target string) (api.Transfer, error) {
	file, _, err := hand(ctx, from, target)
	if err != nil {
		return api.Transfer{}, err
	}
	t, err := to.Import(ctx, file)
	if err != nil {
		err = fmt.Errorf("%s's import: %w", to.name, err)
	}
	return t, err
}

func (d *demo) stick(ctx context.Context) (string, error) {
	for _, p := range []*person{d.alice, d.bob, d.carol} { // all, before one starts and is met at its new address
		if _, err := p.stop(); err != nil {
			return "", err
		}
	}
	for _, p := range []*person{d.alice, d.bob} {
		if err := p.start(ctx, false); err != nil {
			return "", err
		}
	}
	const there, back = "This goes by foot.", "And this comes back by foot."
	id, err := say(ctx, d.alice, "@Bob", there)
	if err != nil {
		return "", err
	}
	if m, err := d.alice.Message(ctx, id); err != nil || m.State != api.StateQueued {
		return "", errors.Join(err, fmt.Errorf("without a network the message is %s", m.State))
	}
	t, err := handOver(ctx, d.alice, d.bob, "@Bob")
	if err != nil {
		return "", err
	}
	again, err := handOver(ctx, d.alice, d.bob, "@Bob")
	if err != nil {
		return "", err
	}
	if t.New == 0 || again.New != 0 {
		return "", fmt.Errorf("the first import found %d new entries, the second %d", t.New, again.New)
	}
	if err := sees(ctx, d.bob, "@Alice", there); err != nil {
		return "", err
	}
	if _, err := say(ctx, d.bob, "@Alice", back); err != nil {
		return "", err
	}
	if _, err := handOver(ctx, d.bob, d.alice, "@Alice"); err != nil {
		return "", err
	}
	if err := sees(ctx, d.alice, "@Bob", back); err != nil {
		return "", err
	}
	texts, err := read(ctx, d.alice.Client, "@Bob")
	if err != nil {
		return "", err
	}
	if want := append(slices.Clone(d.said), there, back); !slices.Equal(texts, want) {
		return "", fmt.Errorf("at Alice there are %d texts of %d", len(texts), len(want))
	}
	m, err := reaches(ctx, d.alice, id, api.StateSent)
	if err != nil {
		return "", err
	}
	l := m.Look()
	return fmt.Sprintf("%d new on the way there; the same stick again brings nothing twice; the answer came back.\n%s %s %s", t.New, l.Stones, l.Mark, l.Words), nil
}
