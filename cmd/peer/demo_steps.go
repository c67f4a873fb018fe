package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"causeway/api"
)

// talkTexts is how many sentences Alice and Bob exchange, burst how many each says at a time.
const talkTexts, burst = 320, 20

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
		return "", errors.New("Carol's node has no address")
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
			return "", fmt.Errorf("Carol's node does not give up the spent link: %w", err)
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
		return "", fmt.Errorf("Carol does not become Bob's custodian: %w", err)
	}
	return "She will see for whom she keeps how much, and never what it says.", nil
}

// say writes texts to a target and returns the last one's id.
func say(ctx context.Context, p *person, target string, texts ...string) (id string, err error) {
	for _, text := range texts {
		sent, err := p.Send(ctx, target, text, "")
		if err != nil {
			return "", fmt.Errorf("%s to %s: %w", p.name, target, err)
		}
		id = sent.ID
	}
	return id, nil
}

// read is what stands in a conversation, oldest first.
func read(ctx context.Context, c *api.Client, target string) ([]string, error) {
	t, err := c.Log(ctx, target, api.Page{Limit: 1000})
	var texts []string
	for _, m := range t.Messages {
		if m.Kind == "text" {
			texts = append(texts, m.Text)
		}
	}
	return texts, err
}

// sees waits until a person has a text in a conversation.
func sees(ctx context.Context, p *person, target, text string) error {
	err := until(ctx, p.Client, func(ctx context.Context, c *api.Client) (bool, error) {
		t, err := c.Log(ctx, target, api.Page{Limit: 50})
		if api.KindOf(err) == api.KindNotFound {
			return false, nil
		}
		return slices.ContainsFunc(t.Messages, func(m api.Message) bool { return m.Text == text }), err
	})
	if err != nil {
		return fmt.Errorf("%s does not see %q: %w", p.name, brief(text), err)
	}
	return nil
}

// reaches waits until a message of p has come as far as state.
func reaches(ctx context.Context, p *person, id string, state api.State) (api.MessageStatus, error) {
	var m api.MessageStatus
	err := until(ctx, p.Client, func(ctx context.Context, c *api.Client) (ok bool, err error) {
		m, err = c.Message(ctx, id)
		return progress[m.State] >= progress[state], err
	})
	if err != nil {
		err = fmt.Errorf("%s's message is %s, not %s: %w", p.name, m.State, state, err)
	}
	return m, err
}

func (d *demo) talk(ctx context.Context) (string, error) {
	began := time.Now()
	var last [2]string
	pair := [2]*person{d.alice, d.bob}
	for i := 0; i+burst <= min(talkTexts, len(d.texts)); i += burst {
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
	before, after := api.LookOf(sent.State, api.Share{}, api.Share{}), api.LookOf(m.State, api.Share{Have: len(m.Parked)}, api.Share{})
	return fmt.Sprintf("Bob's node was off after %.1f s.\n%s %s %s\n%s %s %s", took.Seconds(), before.Stones, before.Mark, before.Words,
		after.Stones, after.Mark, parkedWords(m, after.Words)), nil
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
		return "", fmt.Errorf("Bob has %d texts and should have %d, in order", len(texts), len(d.said))
	}
	if !d.alice.away(ctx) {
		return "", errors.New("Alice's node answers, though it is off")
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
	l := api.LookOf(m.State, api.Share{}, api.Share{})
	return fmt.Sprintf("%s %s %s to Bob, by his own signature. His answer came with it.", l.Stones, l.Mark, l.Words), nil
}

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
		return "", fmt.Errorf("Carol does not learn of her removal: %w", err)
	}
	if _, err := d.carol.Send(ctx, d.group, "Let me in.", ""); err == nil {
		return "", errors.New("Carol still writes into the group")
	}
	file, given, err := hand(ctx, d.alice, d.group)
	if err != nil {
		return "", err
	}
	if got, err := d.carol.Import(ctx, file); err != nil && api.KindOf(err) != api.KindRefused {
		return "", fmt.Errorf("Carol's import: %w", err)
	} else if got.New > 0 {
		return "", fmt.Errorf("Carol took %d new entries from a file", got.New)
	}
	texts, err := read(ctx, d.carol.Client, d.group)
	if err != nil && api.KindOf(err) != api.KindNotFound {
		return "", err
	}
	for _, s := range secrets {
		if slices.Contains(texts, s) {
			return "", fmt.Errorf("Carol reads %q", s)
		}
	}
	if len(texts) > 4 {
		return "", fmt.Errorf("Carol holds %d texts, and had 4", len(texts))
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
	for _, p := range []*person{d.alice, d.bob} {
		if _, err := p.stop(); err != nil {
			return "", err
		}
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
		return "", fmt.Errorf("Alice has %d texts of %d", len(texts), len(want))
	}
	m, err := reaches(ctx, d.alice, id, api.StateSent)
	if err != nil {
		return "", err
	}
	l := api.LookOf(m.State, api.Share{}, api.Share{})
	return fmt.Sprintf("%d new on the way there; the same stick again brings nothing twice; the answer came back.\n%s %s %s", t.New, l.Stones, l.Mark, l.Words), nil
}
