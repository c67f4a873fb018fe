package sim

import (
	"encoding/binary"

	"causeway/chat"
	"causeway/store"
)

// showKey is a row of what was shown to the person, in order.
func showKey(i uint64) []byte { return store.Key(store.SpaceTest, byte('s'), i) }

// showAll keeps, in the same transaction, what a person would be shown.
func (n *device) showAll(tx *store.Tx, got chat.Received) error {
	next := uint64(0)
	for k := range tx.ScanBack(store.Key(store.SpaceTest, byte('s')), nil) {
		next = binary.BigEndian.Uint64(k[len(k)-8:]) + 1
		break
	}
	for _, m := range got.Texts {
		if err := tx.Set(showKey(next), m.ID[:]); err != nil {
			return err
		}
		next++
	}
	return tx.Err()
}

// heard follows a commit: the streams must learn of it, and no receipt may be
// ahead of its fact.
func (n *device) heard(c *chat.Conversation, got chat.Received) {
	n.dirty = append(n.dirty, c.ID)
	n.rekeyed = n.rekeyed || got.Changed
	for _, e := range got.Delivered {
		n.ever[e.ID] = true
		if !n.reads(n.w.label(c.ID), e.ID) {
			n.blind[e.ID] = true
		}
	}
	n.tellTexts(c, got.Texts)
	for _, e := range got.Events {
		n.w.log("group", n.name, "sees a change (%d) in %s", e.Kind, n.w.label(c.ID))
	}
	for _, a := range got.Acked {
		n.checkReceipt(c, a)
	}
}

// tellTexts writes down what a person sees.
func (n *device) tellTexts(c *chat.Conversation, texts []chat.Arrival) {
	err := n.db.View(func(tx *store.Tx) error {
		for _, a := range texts {
			n.w.stats.Messages++
			if a.Own {
				continue
			}
			m, err := c.Message(tx, c.State(), a.ID)
			if err != nil {
				return err
			}
			n.w.log("show", n.name, "sees %q in %s", m.Text, n.w.label(c.ID))
		}
		return nil
	})
	if err != nil {
		n.w.violate("errors", "%s: %v", n.name, err)
	}
}

// checkReceipt: who is said to have an entry has it on disk, or had.
func (n *device) checkReceipt(c *chat.Conversation, a chat.Acked) {
	s := c.State()
	uid, _ := s.Fold.UserOf(a.By)
	of := n.w.person(uid)
	if of == nil || of.rival || of == n || n.rival {
		return
	}
	err := n.db.View(func(tx *store.Tx) error {
		for e, err := range c.DAG().Range(tx, a.Own, a.From, a.To) {
			if err != nil {
				return err
			}
			if !of.ever[e.ID] {
				n.w.violate("no mark ahead of its fact", "%s takes %s for having entry %d of a log of its in %s", n.name, of.name, e.Seq, n.w.label(c.ID))
			}
		}
		return nil
	})
	if err != nil {
		n.w.violate("errors", "%s: %v", n.name, err)
	}
}
