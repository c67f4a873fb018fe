package sim

import (
	"slices"

	"causeway/chat"
	"causeway/group"
	"causeway/merkle"
	"causeway/store"
)

// checkLaws looks at what stands in a conversation, and at how it is sealed and
// shown, by means that share no code with the rooms that decide it.
func (w *world) checkLaws(label string, in []*device) {
	for _, n := range in {
		w.checkSalts(label, n)
		w.checkOwnLog(label, n)
	}
	if len(in) > 0 {
		w.checkFounder(label, in[0])
		w.checkVoid(label, in[0])
		w.checkReading(label, in[0])
	}
}

// checkSalts: no two bodies have one salt, so no key serves twice.
func (w *world) checkSalts(label string, n *device) {
	seen := map[[16]byte]bool{}
	for _, e := range n.held(label) {
		if len(e.Body) < 16 {
			continue
		}
		salt := [16]byte(e.Body)
		if seen[salt] {
			w.violate("no key twice", "%s holds two bodies of one salt in %s", n.name, label)
		}
		seen[salt] = true
	}
}

// checkFounder: nobody can remove who founded a group, or take their rank.
func (w *world) checkFounder(label string, n *device) {
	for _, f := range w.plan.Groups {
		of := w.node(f.By)
		if f.Name != label || of == nil || w.left[label+" "+f.By] {
			continue
		}
		if m, in := n.conv(label).State().Fold.Member(of.me.UID); !in || m.Role != group.Admin {
			w.violate("seniors stay", "%s was removed from %s, or demoted, which nobody may", of.name, label)
		}
	}
}

// checkVoid: what somebody wrote without its removal knowing it does not stand.
func (w *world) checkVoid(label string, n *device) {
	fold := n.conv(label).State().Fold
	for _, of := range w.nodes {
		by, gone := fold.Removed(of.me.UID)
		if !gone || !w.byOther(label, n, by, of) {
			continue
		}
		n.look(func(tx *store.Tx) error {
			past := n.conv(label).DAG().Past(tx)
			for _, e := range n.held(label) {
				uid, v := fold.Counts(group.Ref{ID: e.ID, Log: e.Log, Seq: e.Seq, Height: e.Height, Parents: e.Parents})
				if uid == of.me.UID && v.Live() && e.ID != by && !past.Before(e.ID, by) && n.says(tx, label, e.ID) {
					w.violate("nothing stands after removal", "%s was removed from %s, and %s stands", of.name, label, e.ID)
				}
			}
			return past.Err()
		})
	}
}

// byOther reports whether an entry is of somebody else's log: a removal, not a leave.
func (w *world) byOther(label string, n *device, id merkle.ID, of *device) (other bool) {
	n.look(func(tx *store.Tx) error {
		e, err := n.conv(label).DAG().Get(tx, id)
		uid, _ := n.conv(label).State().Fold.UserOf(e.Log)
		other = uid != of.me.UID
		return err
	})
	return other
}

// says reports whether an entry is a message for people.
func (n *device) says(tx *store.Tx, label string, id merkle.ID) bool {
	m, err := n.conv(label).Message(tx, n.conv(label).State(), id)
	return err == nil && m.Kind == chat.KindText
}

// checkReading: nothing is shown above what it may answer.
func (w *world) checkReading(label string, n *device) {
	view := n.view(label)
	n.look(func(tx *store.Tx) error {
		past := n.conv(label).DAG().Past(tx)
		for i, late := range view {
			for _, early := range view[:i] {
				if past.Before(late.id, early.id) {
					w.violate("display follows causality", "%s shows %s in %s below what knows it", n.name, late.id, label)
				}
			}
		}
		return past.Err()
	})
}

// noteBack remembers entries of the node's own logs that came from others.
func (n *device) noteBack(c *chat.Conversation, delivered []merkle.Entry) {
	for _, e := range delivered {
		if uid, _ := c.State().Fold.UserOf(e.Log); uid == n.me.UID {
			n.back[e.ID] = true
		}
	}
}

// checkOwnLog: a log of which entries came back is ended by one more, which
// admits another log (docs/spec/01-log.md, section 4).
func (w *world) checkOwnLog(label string, n *device) {
	after := map[merkle.LogKey]int{}
	back := map[merkle.LogKey]bool{}
	for _, e := range n.held(label) {
		uid, _ := n.conv(label).State().Fold.UserOf(e.Log)
		switch {
		case uid != n.me.UID:
		case n.back[e.ID]:
			back[e.Log] = true
		case back[e.Log]:
			after[e.Log]++
		}
	}
	for log, count := range after {
		if count > 1 {
			w.violate("no log goes on", "%s wrote %d entries in %s on log %s, of which some had come back from others", n.name, count, label, log)
		}
	}
}

// checkRekeyed: who removes somebody changes the key.
func (w *world) checkRekeyed(label string, n *device) {
	changed := false
	c := n.conv(label)
	n.look(func(tx *store.Tx) error {
		changed = slices.ContainsFunc(c.Secrets(tx), func(s chat.Secrets) bool { return c.State().Fold.Usable(s.Epoch) })
		return nil
	})
	if !changed {
		w.violate("removal changes the key", "%s removed somebody from %s and kept the key", n.name, label)
	}
}
