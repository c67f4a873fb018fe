package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/api"
)

// burst is how many sentences each says before the other answers.
const burst = 20

func (d *demo) talk(ctx context.Context) (string, error) {
	began := time.Now()
	var last [2]string
	pair := [2]*person{d.alice, d.bob}
	for i := 0; i+burst <= len(d.texts); i += burst {
		turn := (i / burst) % 2
		from, to := pair[turn], pair[1-turn]
		texts := d.texts[i : i+burst]
		id, err := say(ctx, from, "@"+to.name, texts...)
		if err != nil {
			return "", err
		}
		if err := sees(ctx, to, "@"+from.name, texts[burst-1]); err != nil {
			return "", err
		}
		d.said, last[turn] = append(d.said, texts...), id
	}
	rate := float64(len(d.said)) / time.Since(began).Seconds()
	for i, p := range pair {
		other := pair[1-i]
		texts, err := read(ctx, p.Client, "@"+other.name)
		if err != nil {
			return "", err
		}
		if !slices.Equal(texts, d.said) {
			return "", fmt.Errorf("%s does not have the %d sentences in the order of the conversation, but %d", p.name, len(d.said), len(texts))
		}
		if _, err := reaches(ctx, p, last[i], api.StateDelivered); err != nil {
			return "", err
		}
	}
	l := api.LookOf(api.StateDelivered, api.Share{}, api.Share{})
	return fmt.Sprintf("%d sentences of %s, both ways, %.0f a second; both have all of them in the same causal order.\n%s %s %s", len(d.said), d.source, rate, l.Stones, l.Mark, l.Words), nil
}

// parkedTexts is what Alice writes while Bob is away.
var parkedTexts = []string{
	"Bob, your node is off. This waits for you.",
	"I shall be off too when you come back.",
	"Carol keeps it, and cannot read it.",
}

func (d *demo) park(ctx context.Context) (string, error) {
	took, err := d.bob.stop()
	if err != nil {
		return "", err
	}
	sent, err := d.alice.Send(ctx, "@Bob", parkedTexts[0], "")
	if err != nil {
		return "", err
	}
	id, err := say(ctx, d.alice, "@Bob", parkedTexts[1:]...)
	if err != nil {
		return "", err
	}
	m, err := reaches(ctx, d.alice, id, api.StateParked)
	if err != nil {
		return "", err
	}
	if m.State != api.StateParked || len(m.Parked) == 0 {
		return "", fmt.Errorf("the message is %s at %v, though Bob is off", m.State, m.Parked)
	}
	held, err := d.carol.Custody(ctx)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(held.Holding, func(h api.Holding) bool { return h.Name == "Bob" && h.Parcels > 0 }) {
		return "", errors.New("the message is parked, but Carol holds nothing for Bob")
	}
	d.waiting, d.said = id, append(d.said, parkedTexts...)
	before, after := api.LookOf(sent.State, api.Share{}, api.Share{}), m.Look()
	return fmt.Sprintf("Bob's node was off after %.1f s.\n%s %s %s\n%s %s %s", took.Seconds(), before.Stones, before.Mark, before.Words,
		after.Stones, after.Mark, after.Words), nil
}

func (d *demo) senderOff(ctx context.Context) (string, error) {
	if _, err := d.alice.stop(); err != nil {
		return "", err
	}
	if !d.alice.away(ctx) || !d.bob.away(ctx) {
		return "", errors.New("a node that was stopped still answers")
	}
	return "Neither of the two is on now. Only Carol is.", nil
}

func (d *demo) readParked(ctx context.Context) (string, error) {
	if err := d.bob.start(ctx, true); err != nil {
		return "", err
	}
	began := time.Now()
	if err := sees(ctx, d.bob, "@Alice", parkedTexts[len(parkedTexts)-1]); err != nil {
		return "", err
	}
	took := time.Since(began)
	texts, err := read(ctx, d.bob.Client, "@Alice")
	if err != nil {
		return "", err
	}
	if !slices.Equal(texts, d.said) {
		return "", fmt.Errorf("at Bob there are %d texts, and should be %d, in order", len(texts), len(d.said))
	}
	if !d.alice.away(ctx) {
		return "", errors.New("the node of Alice answers, though it is off")
	}
	return fmt.Sprintf("“%s”\nAll of it, %.1f s after his start, while Alice is off.", parkedTexts[0], took.Seconds()), nil
}

func (d *demo) receipt(ctx context.Context) (string, error) {
	const answer = "I read it while you were away."
	if _, err := say(ctx, d.bob, "@Alice", answer); err != nil {
		return "", err
	}
	if err := d.alice.start(ctx, true); err != nil {
		return "", err
	}
	m, err := reaches(ctx, d.alice, d.waiting, api.StateDelivered)
	if err != nil {
		return "", err
	}
	if err := sees(ctx, d.alice, "@Bob", answer); err != nil {
		return "", err
	}
	d.said = append(d.said, answer)
	l := m.Look()
	return fmt.Sprintf("%s %s %s to Bob, by his own signature. His answer came with it.", l.Stones, l.Mark, l.Words), nil
}
