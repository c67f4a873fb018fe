package tests

import (
	"context"
	"maps"

	"causeway/api"
)

// lately bounds how many messages of each conversation a look at all claims
// takes in; wider is how far back the others are asked for them.
const (
	lately = 60
	wider  = 600
)

// shown is what a node shows of one of its own texts.
type shown struct {
	author       *process
	target, text string
	took, parked int
}

// truth holds what each node shows of its own texts against what the others
// have, from outside: whoever took a text or signed for it has it, whatever was
// done to his process since; a text that is parked is kept, or has arrived.
func (m *massacre) truth() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), processTime)
	defer cancel()
	var claims []shown
	for _, p := range m.nodes {
		for _, target := range m.targets(p) {
			claims = append(claims, p.claims(ctx, target)...)
		}
	}
	m.truths += len(claims)
	have := m.everything(ctx)
	for _, c := range claims {
		if n := m.others(have, c); n < c.took {
			m.t.Fatalf("%s shows %q in %s as taken by %d; %d have it", c.author.name, c.text, c.target, c.took, n)
		}
		if c.parked > 0 && m.others(have, c) == 0 && !m.kept(ctx) && m.others(m.everything(ctx), c) == 0 {
			m.t.Fatalf("%s shows %q in %s as parked; nobody has it and no parcel is kept", c.author.name, c.text, c.target)
		}
	}
}

// targets are the conversations of a node, by the names that it has for them.
func (m *massacre) targets(p *process) (out []string) {
	for _, q := range m.nodes {
		if q != p {
			out = append(out, "@"+q.name)
		}
	}
	return append(out, "#team")
}

// claims are the latest own texts of a conversation that somebody took or keeps.
func (p *process) claims(ctx context.Context, target string) (out []shown) {
	p.t.Helper()
	page, err := p.Log(ctx, target, api.Page{Limit: lately})
	if err != nil {
		p.t.Fatalf("%s reads %s: %v\n%s", p.name, target, err, p.words)
	}
	for _, msg := range page.Messages {
		if !msg.Own || msg.Kind != "text" {
			continue
		}
		c := shown{p, target, msg.Text, max(msg.Handed.Have, msg.Receipts.Have), msg.Copies.Have}
		if msg.State == api.StateDelivered || msg.State == api.StateSent {
			c.took = max(c.took, 1)
		}
		if msg.State == api.StateParked {
			c.parked = max(c.parked, 1)
		}
		if c.took+c.parked > 0 {
			out = append(out, c)
		}
	}
	return out
}

// everything is which texts each node shows; all texts of a run differ.
func (m *massacre) everything(ctx context.Context) map[*process]map[string]bool {
	m.t.Helper()
	have := map[*process]map[string]bool{}
	for _, p := range m.nodes {
		have[p] = map[string]bool{}
		for _, target := range m.targets(p) {
			page, err := p.Log(ctx, target, api.Page{Limit: wider})
			if err != nil {
				m.t.Fatalf("%s reads %s: %v\n%s", p.name, target, err, p.words)
			}
			for _, msg := range page.Messages {
				have[p][msg.Text] = true
			}
		}
	}
	return have
}

// others counts who has a text besides its author.
func (m *massacre) others(have map[*process]map[string]bool, c shown) (n int) {
	for p := range maps.Keys(have) {
		if p != c.author && have[p][c.text] {
			n++
		}
	}
	return n
}

// kept reports whether anybody keeps a parcel for anybody.
func (m *massacre) kept(ctx context.Context) bool {
	m.t.Helper()
	for _, p := range m.nodes {
		c, err := p.Custody(ctx)
		if err != nil {
			m.t.Fatalf("%s: %v", p.name, err)
		}
		for _, h := range c.Holding {
			if h.Parcels > 0 {
				return true
			}
		}
	}
	return false
}
