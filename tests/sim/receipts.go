package sim

import (
	"fmt"
	"slices"
	"time"

	"causeway/chat"
	"causeway/store"
)

// checkReceipts: within the time in which all must agree, which began at a time,
// each text is shown as delivered to all who can read it.
func (w *world) checkReceipts(began time.Time) {
	why := w.unreceipted()
	for ; why != "" && w.now.Before(began.Add(settleTime)); why = w.unreceipted() {
		w.until(w.now.Add(time.Second))
	}
	if why != "" {
		w.violate("receipts arrive", "a minute after the faults: %s", why)
	}
}

// unreceipted says which text that a member can read is not shown as delivered to
// it by its author, or nothing. Everybody has a session with everybody by then,
// and in a session what the peer says that it has is a receipt
// (docs/spec/09-conversations.md, section 6).
func (w *world) unreceipted() string {
	for _, m := range w.said {
		in := w.insiders(m.conv)
		if !slices.Contains(in, m.by) {
			continue
		}
		for _, of := range in {
			if of == m.by {
				continue
			}
			if why := m.by.owed(m, of); why != "" {
				return why
			}
		}
	}
	return ""
}

// owed says that a member who has a text of this node, and may read it, is not
// shown as having got it. Of a log that has forked a receipt does not say which
// entry is meant.
func (n *device) owed(m *said, of *device) (why string) {
	c, there := n.conv(m.conv), of.conv(m.conv)
	if c == nil || !n.has(m.conv, m.id) || !of.has(m.conv, m.id) || !of.reads(m.conv, m.id) {
		return ""
	}
	n.look(func(tx *store.Tx) error {
		own, err := c.DAG().Get(tx, m.id)
		if err != nil {
			return err
		}
		tip, _, err := c.DAG().Tip(tx, own.Log)
		if err != nil || tip.Forked || !c.MeantFor(tx, m.id)(there.State().Log) {
			return err
		}
		got, err := c.Delivered(tx, chat.Message{ID: m.id, Log: own.Log, Seq: own.Seq})
		if _, ok := got[of.me.UID]; err == nil && !ok {
			why = fmt.Sprintf("%s is not told that %s has %q in %s", n.name, of.name, m.text, m.conv)
		}
		return err
	})
	return why
}
