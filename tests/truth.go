package tests

import (
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/node"
	"causeway/store"
)

// check holds what a node shows of an own message against what is on the disks
// of the others, at the moment it is shown: "delivered to k" needs k others who
// have it, "parked" a custodian that keeps parcels or somebody who has
// collected them. A node may know less than is true, never more.
func (p *Peer) check(e node.Event) {
	m := e.Message
	if m == nil || !m.Own {
		return
	}
	have, parcels := 0, 0
	for _, other := range p.net.all() {
		if other == p {
			continue
		}
		err := other.disk(func(db *store.DB) error {
			held, err := p.net.holds(db, m.ID)
			if err != nil {
				return err
			}
			if held {
				have++
			}
			n, err := parcelsIn(db)
			parcels += n
			return err
		})
		if err != nil {
			p.net.tb.Errorf("look at the disk of %s: %v", other.Name, err)
		}
	}
	switch {
	case m.Got.Have > have, m.State == node.StateDelivered && have == 0:
		p.net.tb.Errorf("%s shows %q as %s to %d of %d; %d have it", p.Name, m.Text, m.State, m.Got.Have, m.Got.Want, have)
	case m.State == node.StateParked && have+parcels == 0:
		p.net.tb.Errorf("%s shows %q as parked; nobody keeps a parcel", p.Name, m.Text)
	case m.State != node.StateQueued && m.State != node.StateParked && m.State != node.StateDelivered:
		p.net.tb.Errorf("%s shows %q as %q", p.Name, m.Text, m.State)
	}
}

// parcelsIn counts what is kept for others in a store.
func parcelsIn(db *store.DB) (n int, err error) {
	keeper, err := mailbox.NewCustodian(db)
	if err != nil {
		return 0, err
	}
	all, err := keeper.Holdings()
	for _, h := range all {
		n += int(h.Parcels)
	}
	return n, err
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
