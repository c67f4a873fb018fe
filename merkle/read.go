package merkle

import (
	"encoding/binary"
	"iter"
	"slices"

	"causeway/store"
)

// Get returns a delivered entry; ErrUnknown if id is not delivered.
func (d *DAG) Get(tx *store.Tx, id ID) (Entry, error) {
	offset, err := d.Offset(tx, id)
	if err != nil {
		return Entry{}, err
	}
	v := d.view(tx)
	return v.entry(offset), v.err
}

// Has says whether an entry is delivered.
func (d *DAG) Has(tx *store.Tx, id ID) (bool, error) {
	s, err := d.State(tx, id)
	return s == Delivered, err
}

// Offset returns the place of an entry in the order of delivery, from 0;
// ErrUnknown if it is not delivered.
func (d *DAG) Offset(tx *store.Tx, id ID) (uint64, error) {
	v := d.view(tx)
	s, offset := v.state(id)
	if s != Delivered {
		return 0, known(v.err, id)
	}
	return offset, v.err
}

// Length returns how many entries are delivered.
func (d *DAG) Length(tx *store.Tx) (uint64, error) {
	v := d.view(tx)
	return v.readCounts().length, v.err
}

// headRows yields the entries that are in nobody's past, with their offsets,
// oldest first.
func (v *view) headRows() iter.Seq2[uint64, ID] {
	return func(yield func(uint64, ID) bool) {
		prefix := v.d.key(tHead)
		for k, id := range v.scan(prefix, prefix) {
			if !yield(binary.BigEndian.Uint64(k), ID(id)) {
				return
			}
		}
	}
}

// Heads returns the delivered entries that are in no other's past, in the order
// of their delivery.
func (d *DAG) Heads(tx *store.Tx) ([]ID, error) {
	v := d.view(tx)
	return slices.Collect(v.heads()), v.err
}

// Frontier returns the tip of every branch of every log, by log number, then
// age of the branch.
func (d *DAG) Frontier(tx *store.Tx) ([]Tip, error) {
	v := d.view(tx)
	return tips(v.branchRows(d.key(tBranch))), v.err
}

// Tips returns the tips of all branches of one log, oldest branch first.
func (d *DAG) Tips(tx *store.Tx, log LogKey) ([]Tip, error) {
	v := d.view(tx)
	l := v.readLog(log)
	if l == nil {
		return nil, v.err
	}
	return tips(slices.Values(v.lines(l))), v.err
}

// tips are the ends of branches; those of one log are neighbours.
func tips(rows iter.Seq[*branchRow]) []Tip {
	var out []Tip
	for r := range rows {
		t := Tip{Log: r.log, Head: r.head, Seq: r.seq, Height: r.height, Index: r.logNo}
		if last := len(out) - 1; last >= 0 && out[last].Index == t.Index {
			out[last].Forked, t.Forked = true, true
		}
		out = append(out, t)
	}
	return out
}

// Tip returns the tip of the oldest branch of a log, and whether there is any.
// A node compares it with what it has published before it writes.
func (d *DAG) Tip(tx *store.Tx, log LogKey) (Tip, bool, error) {
	tips, err := d.Tips(tx, log)
	if err != nil || len(tips) == 0 {
		return Tip{}, false, err
	}
	return tips[0], true, nil
}

// Proof returns the proof of a log's fork that was found first, if any was.
func (d *DAG) Proof(tx *store.Tx, log LogKey) (Fork, bool, error) {
	v := d.view(tx)
	l := v.readLog(log)
	if l == nil {
		return Fork{}, false, v.err
	}
	f, found := v.proof(l.number)
	return f, found, v.err
}

// ByOffset returns up to n entries in the order of delivery, from an offset on.
func (d *DAG) ByOffset(tx *store.Tx, from uint64, n int) ([]Entry, error) {
	v := d.view(tx)
	var out []Entry
	for _, b := range v.scan(d.key(tEntry), d.keyN(tEntry, from)) {
		if len(out) >= n {
			break
		}
		out = append(out, v.decodeEntry(b))
	}
	return out, v.err
}

// At returns the entries at these offsets, which must be less than Length, in
// their order; neighbours are read together.
func (d *DAG) At(tx *store.Tx, offsets []uint64) ([]Entry, error) {
	v := d.view(tx)
	out := make([]Entry, 0, len(offsets))
	for len(offsets) > 0 && v.err == nil {
		run := 1
		for run < len(offsets) && offsets[run] == offsets[0]+uint64(run) {
			run++
		}
		if run == 1 {
			out = append(out, v.entry(offsets[0]))
		} else {
			some, err := d.ByOffset(tx, offsets[0], run)
			v.fail(err)
			out = append(out, some...)
		}
		offsets = offsets[run:]
	}
	return out, v.err
}

// DropBody deletes the body of a delivered entry for good: it is not taken
// again. The header stays, so the log still verifies.
func (d *DAG) DropBody(tx *store.Tx, id ID) error {
	offset, err := d.Offset(tx, id)
	if err != nil {
		return err
	}
	v := d.view(tx)
	e := v.entry(offset)
	v.set(d.keyN(tEntry, offset), packEntry(bodyGone, e.Encode(), nil))
	return v.err
}
