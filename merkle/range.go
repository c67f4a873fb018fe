package merkle

import (
	"iter"
	"math"
	"slices"

	"causeway/store"
)

// Range yields the entries of a log with from ≤ seq ≤ to, ascending, on the line
// that ends at Tip. An unknown log has none.
func (d *DAG) Range(tx *store.Tx, log LogKey, from, to uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		t, found, err := d.Tip(tx, log)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		if found {
			d.Chain(tx, t.Head, from, to)(yield)
		}
	}
}

// Chain yields the entries with from ≤ seq ≤ to that lead to head by prev links,
// head itself among them, ascending.
func (d *DAG) Chain(tx *store.Tx, head ID, from, to uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		p := d.Past(tx)
		n := p.find(head)
		if n == nil {
			yield(Entry{}, known(p.err, head))
			return
		}
		for _, s := range p.line(n, from, to) {
			for offset := range p.segment(s) {
				e := p.entry(offset)
				if p.err == nil && !yield(e, nil) {
					return
				}
			}
		}
		if p.err != nil {
			yield(Entry{}, p.err)
		}
	}
}

// A span is a part of one branch: seqs from ≤ seq ≤ to.
type span struct{ branch, from, to uint64 }

// line returns the spans that lead to n, oldest first.
func (p *Past) line(n *node, from, to uint64) []span {
	var out []span
	at, to := n.branch, min(to, n.seq)
	for p.err == nil && from <= to {
		r := p.readBranch(n.logNo, at)
		if to >= r.start {
			out = append(out, span{at, max(from, r.start), to})
		}
		if r.parent == 0 || r.start <= from {
			break
		}
		at, to = r.parent-1, min(to, r.start-1)
	}
	slices.Reverse(out)
	return out
}

// segment yields the offsets of a span, in order of seq.
func (v *view) segment(s span) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		if s.from > s.to {
			return
		}
		left := s.to - s.from
		for _, b := range v.scan(v.d.keyN(tChain, s.branch), v.d.keyN(tChain, s.branch, s.from)) {
			if !yield(v.offset(b)) || left == 0 {
				return
			}
			left--
		}
	}
}

// Missing returns all delivered entries that are neither in have nor in the past
// of one of them, in delivery order. Ids that are not delivered here are passed
// over.
func (d *DAG) Missing(tx *store.Tx, have []ID) ([]Entry, error) {
	offsets, err := d.MissingOffsets(tx, have)
	if err != nil {
		return nil, err
	}
	return d.At(tx, offsets)
}

// MissingOffsets is Missing without the entries, for who reads them in parts
// with At.
func (d *DAG) MissingOffsets(tx *store.Tx, have []ID) ([]uint64, error) {
	p := d.Past(tx)
	var theirs clock
	for _, id := range have {
		if n := p.find(id); n != nil && !theirs.covers(n.tick()) {
			theirs = union(theirs, p.whole(n).with(n.tick()))
		}
	}
	var out []uint64
	for r := range p.branchRows(d.key(tBranch)) {
		from := r.start
		if seq, ok := theirs.at(r.number); ok {
			from = seq + 1
		}
		out = slices.AppendSeq(out, p.segment(span{r.number, from, math.MaxUint64}))
	}
	slices.Sort(out)
	return out, p.err
}
