package sim

import (
	"bytes"
	"cmp"
	"slices"

	"causeway/chat"
	"causeway/merkle"
	"causeway/store"
)

// checkClocks: a node shows its lines in the order that the entries themselves
// give (docs/spec/09-conversations.md, section 5), whenever each became readable.
func (w *world) checkClocks(label string, n *device) {
	clocks, certain := n.clocks(label)
	if !certain {
		return
	}
	var lines []merkle.Entry
	byID := map[merkle.ID]merkle.Entry{}
	for _, e := range n.held(label) {
		byID[e.ID] = e
	}
	for _, l := range n.view(label) {
		lines = append(lines, byID[l.id])
	}
	if !slices.IsSortedFunc(lines, func(a, b merkle.Entry) int {
		return cmp.Or(cmp.Compare(clocks[a.ID], clocks[b.ID]), cmp.Compare(a.Height, b.Height),
			bytes.Compare(a.Log[:], b.Log[:]), a.ID.Compare(b.ID))
	}) {
		w.violate("same order and verdicts", "%s shows %s in another order than its entries give", n.name, label)
	}
}

// clocks computes the clock of every entry from the walls that the node can read.
// It is not certain if one was too far ahead: then the wall is not shown.
func (n *device) clocks(label string) (clocks map[merkle.ID]int64, certain bool) {
	clocks, certain = map[merkle.ID]int64{}, true
	c := n.conv(label)
	n.look(func(tx *store.Tx) error {
		for _, e := range n.held(label) {
			for _, p := range append(slices.Clone(e.Parents), e.Prev) {
				if at, ok := clocks[p]; ok {
					clocks[e.ID] = max(clocks[e.ID], at+1)
				}
			}
			var m chat.Message
			var err error
			if m, err = c.Message(tx, c.State(), e.ID); err == nil {
				certain = certain && !m.Ahead
				clocks[e.ID] = max(clocks[e.ID], m.Time.UnixMilli())
			}
		}
		return nil
	})
	return clocks, certain
}
