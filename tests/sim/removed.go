package sim

import (
	"slices"

	"causeway/merkle"
	"causeway/store"
)

// checkRemoved: who was removed holds nothing that has the removal in its past,
// and cannot read it if it is put into its hand.
func (w *world) checkRemoved(label string, in []*device) {
	if len(in) == 0 {
		return
	}
	ref := in[0]
	for _, n := range w.nodes {
		by, gone := ref.conv(label).State().Fold.Removed(n.me.UID)
		if _, back := ref.conv(label).State().Fold.Member(n.me.UID); back || !gone || n.conv(label) == nil || !n.up {
			continue
		}
		later := ref.after(label, by)
		for _, e := range later {
			if w.unread(by) {
				break // who cannot read a removal yet serves on
			}
			if _, own := ref.own(label, e, n); !own && n.has(label, e.ID) && !n.rival && !ref.byRival(label, e) {
				w.violate("nothing after removal", "%s was removed from %s and holds %s", n.name, label, e.ID)
			}
		}
		w.handOver(label, n, ref, later)
	}
}

// unread reports whether an honest node could not read an entry when it came.
func (w *world) unread(id merkle.ID) bool {
	return slices.ContainsFunc(w.nodes, func(n *device) bool { return n.blind[id] })
}

func (n *device) own(label string, e merkle.Entry, of *device) (merkle.LogKey, bool) {
	uid, _ := n.conv(label).State().Fold.UserOf(e.Log)
	return e.Log, uid == of.me.UID
}

// byRival reports whether a hostile member wrote an entry: it may hand what it
// writes to anybody.
func (n *device) byRival(label string, e merkle.Entry) bool {
	uid, _ := n.conv(label).State().Fold.UserOf(e.Log)
	of := n.w.person(uid)
	return of != nil && of.rival
}

// after returns what has an entry in its past.
func (n *device) after(label string, by merkle.ID) (out []merkle.Entry) {
	c := n.conv(label)
	n.look(func(tx *store.Tx) error {
		past := c.DAG().Past(tx)
		for _, e := range n.held(label) {
			if past.Before(by, e.ID) {
				out = append(out, e)
			}
		}
		return past.Err()
	})
	return out
}

func (w *world) handOver(label string, n, from *device, later []merkle.Entry) {
	var blocks []merkle.Block
	for _, e := range from.held(label) {
		blocks = append(blocks, e.Block())
	}
	if _, err := n.receive(n.conv(label), blocks); err != nil {
		return
	}
	for _, e := range later {
		if _, own := from.own(label, e, n); !own && n.reads(label, e.ID) {
			w.violate("nothing after removal", "%s was removed from %s and can read %s", n.name, label, e.ID)
		}
	}
}
