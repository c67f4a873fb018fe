package merkle

import (
	"cmp"
	"slices"

	"causeway/internal/wire"
)

// A clock says, for every branch of which something is in an entry's past, the
// greatest seq of that branch there. As a branch is one line, that is the whole
// past: exact, also when logs fork. Ascending by branch.
type clock []tick

type tick struct{ branch, seq uint64 }

func (c clock) find(branch uint64) (i int, ok bool) {
	return slices.BinarySearchFunc(c, branch, func(t tick, b uint64) int { return cmp.Compare(t.branch, b) })
}

// at returns the greatest seq of a branch in c, and whether there is any.
func (c clock) at(branch uint64) (seq uint64, ok bool) {
	i, ok := c.find(branch)
	if !ok {
		return 0, false
	}
	return c[i].seq, true
}

func (c clock) covers(t tick) bool {
	seq, ok := c.at(t.branch)
	return ok && seq >= t.seq
}

// with returns c and t together, as a new clock.
func (c clock) with(t tick) clock {
	i, ok := c.find(t.branch)
	if !ok {
		return slices.Insert(slices.Grow(slices.Clone(c), 1), i, t)
	}
	c = slices.Clone(c)
	c[i].seq = max(c[i].seq, t.seq)
	return c
}

// union returns the greater of both at every branch, as a new clock.
func union(a, b clock) clock {
	out := make(clock, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].branch < b[0].branch:
			out, a = append(out, a[0]), a[1:]
		case a[0].branch > b[0].branch:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, tick{a[0].branch, max(a[0].seq, b[0].seq)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// beyond returns the ticks of c that base does not cover.
func (c clock) beyond(base clock) clock {
	var out clock
	for _, t := range c {
		for len(base) > 0 && base[0].branch < t.branch {
			base = base[1:]
		}
		if len(base) == 0 || base[0].branch != t.branch || base[0].seq < t.seq {
			out = append(out, t)
		}
	}
	return out
}

// A node is the place of a delivered entry. Its clock is kept as what it has
// beyond that of a base, one of prev and parents, so that an entry costs little
// also among a thousand logs; after maxSteps, or when the differences would cost
// as much, it is kept whole.
type node struct {
	offset, logNo, branch, seq, height uint64

	base  uint64 // offset of the base; its own offset: the clock is whole
	steps uint64 // from here to a whole clock
	cost  uint64 // of all differences on that way
	clock clock  // beyond the base and the base's past
}

func (n *node) whole() bool { return n.base == n.offset }
func (n *node) tick() tick  { return tick{n.branch, n.seq} }

func (v *view) setNode(n *node) {
	b := appendUints(make([]byte, 0, 64), n.logNo, n.branch, n.seq, n.height, n.base, n.steps, n.cost)
	b = wire.AppendArray(b, len(n.clock))
	for _, t := range n.clock {
		b = appendUints(b, t.branch, t.seq)
	}
	v.set(v.d.keyN(tNode, n.offset), b)
}

func (v *view) decodeNode(offset uint64, b []byte) *node {
	n := node{offset: offset}
	v.record(b, "node", func(d *wire.Decoder) {
		uints(d, &n.logNo, &n.branch, &n.seq, &n.height, &n.base, &n.steps, &n.cost)
		n.clock = make(clock, d.Array(len(b)))
		for i := range n.clock {
			uints(d, &n.clock[i].branch, &n.clock[i].seq)
		}
	})
	return &n
}
