package tests

import (
	"context"

	"causeway/mailbox"
	"causeway/merkle"
	"causeway/node"
	"causeway/store"
)

// check holds what a node shows of an own message against what is on the disks
// of the others, at the moment it is shown: "delivered to k" needs k others who
// have it, and whoever is named must be among them; "handed over to k" needs k
// who hold it, if only to wait for its past; "parked" a custodian that
// keeps parcels or somebody who has collected them, and the same of each that is
// named. A node may know less than is true, never more.
func (p *Peer) check(n *node.Node, e node.Event) {
	m := e.Message
	if m == nil || !m.Own {
		return
	}
	if m.State != node.StateQueued && m.State != node.StateParked && m.State != node.StateSent && m.State != node.StateDelivered {
		p.net.tb.Errorf("%s shows %q as %q", p.Name, m.Text, m.State)
	}
	claimed := claim{text: m.Text, id: m.ID, got: m.Got.Have, taken: m.Sent.Have, parked: m.Parked.Have}
	if m.State == node.StateDelivered {
		claimed.got = max(1, claimed.got)
	}
	if m.State == node.StateSent {
		claimed.taken = max(1, claimed.taken)
	}
	if m.State == node.StateParked {
		claimed.parked = max(1, claimed.parked)
	}
	if s, err := n.Message(context.Background(), m.ID); err == nil {
		claimed.got, claimed.parked = max(claimed.got, len(s.Delivered)), max(claimed.parked, len(s.Parked))
		for _, d := range s.Delivered {
			claimed.people = append(claimed.people, d.Name)
		}
		for _, k := range s.Parked {
			claimed.custodians = append(claimed.custodians, k.Custodian.Name)
		}
	} // else the node has ended
	p.verify(claimed)
}

// claim is what a node shows of an own message.
type claim struct {
	text               string
	id                 merkle.ID
	got, taken, parked int      // how many have it, hold it, and keep a parcel of it
	people, custodians []string // and who
}

// verify fails unless a claim is backed by what is on the disks now.
func (p *Peer) verify(c claim) {
	if c.got+c.taken+c.parked == 0 {
		return
	}
	have := p.holders(c.id, c.got)
	if len(have) < c.got {
		p.net.tb.Errorf("%s shows %q as delivered to %d; %d have it", p.Name, c.text, c.got, len(have))
	}
	if c.taken > len(have) && c.taken > p.takers(c.id) {
		p.net.tb.Errorf("%s shows %q as handed over to %d; %d hold it", p.Name, c.text, c.taken, p.takers(c.id))
	}
	for _, name := range c.people {
		if p.net.named(name) != nil && !have[name] {
			p.net.tb.Errorf("%s shows %q as delivered to %s, who does not have it", p.Name, c.text, name)
		}
	}
	for _, name := range c.custodians {
		k := p.net.named(name)
		if k != nil && len(have) == 0 && k.parcels() == 0 {
			p.net.tb.Errorf("%s shows %q as parked with %s, who keeps no parcel", p.Name, c.text, name)
		}
	}
	if c.parked > 0 && len(have) == 0 && !p.anybodyKeeps() {
		p.net.tb.Errorf("%s shows %q as parked; nobody keeps a parcel", p.Name, c.text)
	}
}

// holders names the others who have delivered an entry. It looks at those who
// were seen in the conversation, and at all if that is fewer than claimed.
func (p *Peer) holders(id merkle.ID, claimed int) map[string]bool {
	have := map[string]bool{}
	for _, conv := range p.net.conversations(p) {
		if !p.holds(conv, id) {
			continue
		}
		for name, other := range p.net.seenIn(conv) {
			if other != p && other.holds(conv, id) {
				have[name] = true
			}
		}
	}
	if len(have) >= claimed {
		return have
	}
	for _, conv := range p.net.conversations(nil) {
		for _, other := range p.net.all() {
			if other != p && other.holds(conv, id) {
				have[other.Name] = true
			}
		}
	}
	return have
}

// takers counts the others on whose disk an entry is, delivered or not.
func (p *Peer) takers(id merkle.ID) (n int) {
	for _, conv := range p.net.conversations(nil) {
		for _, other := range p.net.all() {
			state := merkle.Unknown
			err := other.disk(func(db *store.DB) error {
				return db.View(func(tx *store.Tx) (err error) {
					state, err = merkle.Open(conv).State(tx, id)
					return err
				})
			})
			if err != nil {
				p.net.tb.Errorf("look at the disk of %s: %v", other.Name, err)
			}
			if other != p && state != merkle.Unknown {
				n++
			}
		}
	}
	return n
}

// holds reports whether a peer has delivered an entry.
func (p *Peer) holds(conv, id merkle.ID) (held bool) {
	err := p.disk(func(db *store.DB) error {
		return db.View(func(tx *store.Tx) (err error) {
			held, err = merkle.Open(conv).Has(tx, id)
			return err
		})
	})
	if err != nil {
		p.net.tb.Errorf("look at the disk of %s: %v", p.Name, err)
	}
	return held
}

func (p *Peer) anybodyKeeps() bool {
	for _, other := range p.net.all() {
		if other != p && other.parcels() > 0 {
			return true
		}
	}
	return false
}

// parcels counts what a peer keeps for others.
func (p *Peer) parcels() (n int) {
	err := p.disk(func(db *store.DB) error {
		keeper, err := mailbox.NewCustodian(db)
		if err != nil {
			return err
		}
		all, err := keeper.Holdings()
		for _, h := range all {
			n += int(h.Parcels)
		}
		return err
	})
	if err != nil {
		p.net.tb.Errorf("look at the disk of %s: %v", p.Name, err)
	}
	return n
}

// entries lists what a peer has stored of a conversation, in delivery order.
func (p *Peer) entries(conv merkle.ID) []merkle.Entry {
	p.net.tb.Helper()
	var out []merkle.Entry
	err := p.disk(func(db *store.DB) error {
		return db.View(func(tx *store.Tx) (err error) {
			out, err = merkle.Open(conv).ByOffset(tx, 0, everything)
			return err
		})
	})
	p.fail(err, "reads its own disk")
	return out
}

// until returns an entry and its whole past.
func until(all []merkle.Entry, last merkle.ID) map[merkle.ID]bool {
	byID := map[merkle.ID]merkle.Entry{}
	for _, e := range all {
		byID[e.ID] = e
	}
	past := map[merkle.ID]bool{}
	for next := []merkle.ID{last}; len(next) > 0; {
		e, known := byID[next[0]]
		next = next[1:]
		if known && !past[e.ID] {
			past[e.ID] = true
			next = append(append(next, e.Prev), e.Parents...)
		}
	}
	return past
}
