package dagsync

import (
	"container/heap"
	"errors"
	"iter"
	"slices"
	"sort"

	"causeway/internal/planted"
	"causeway/merkle"
	"causeway/store"
)

// Select does the work of Logs.Read over a DAG: it returns the next entries of
// a want in causal order, as many as fit its Bytes, and what is left of it. It
// leaves out an entry that the reader may not see and what follows it in its
// log; may is nil for a reader who may see all. What is not there is passed over.
func Select(tx *store.Tx, d *merkle.DAG, w Want, may func(merkle.Entry) bool) (entries []merkle.Entry, rest Want, err error) {
	m := &merge{tx: tx, d: d, may: may}
	defer m.close()
	m.begin(w)
	size := 0
	seen := map[merkle.ID]bool{}
	for m.err == nil && len(m.chains) > 0 && len(entries) < maxBatch {
		c := m.chains[0]
		if !c.loaded {
			m.step(c) // its height was a guess, or it is not open yet
			continue
		}
		if size += c.next.Size(); size > w.Bytes && len(entries) > 0 {
			break
		}
		if !seen[c.next.ID] {
			seen[c.next.ID] = true
			entries = append(entries, c.next)
		}
		m.step(c)
	}
	for _, c := range m.chains {
		rest.Ranges = append(rest.Ranges, c.Range)
	}
	return entries, rest, m.err
}

// A merge yields the entries of several chains by height, which is an order
// that causes come first in.
type merge struct {
	tx     *store.Tx
	d      *merkle.DAG
	may    func(merkle.Entry) bool
	chains chains
	err    error
}

// A chain is a range and its next entry: From is the seq of next, height its
// height, as far as they are known.
type chain struct {
	Range
	pull   func() (merkle.Entry, error, bool)
	stop   func()
	next   merkle.Entry
	loaded bool
}

func (m *merge) begin(w Want) {
	for _, a := range w.IDs {
		e, err := m.d.Get(m.tx, a.ID)
		if errors.Is(err, merkle.ErrUnknown) {
			continue
		}
		m.fail(err)
		w.Ranges = append(slices.Clip(w.Ranges), Range{
			Log: e.Log, Tip: e.ID, From: e.Seq - min(e.Seq, a.Depth), To: e.Seq,
		})
	}
	for _, r := range w.Ranges {
		m.chains = append(m.chains, &chain{Range: r})
	}
	heap.Init(&m.chains)
}

func (m *merge) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// step moves the chain at the top to its next entry, or ends it.
func (m *merge) step(c *chain) {
	if c.pull == nil {
		c.pull, c.stop = iter.Pull2(m.d.Chain(m.tx, c.Tip, c.From, c.To))
	}
	e, err, more := c.pull()
	if err != nil && !errors.Is(err, merkle.ErrUnknown) {
		m.fail(err)
	}
	if !more || err != nil || m.may != nil && !m.may(e) {
		c.stop()
		heap.Pop(&m.chains)
		return
	}
	c.next, c.loaded, c.From, c.height = e, true, e.Seq, e.Height
	heap.Fix(&m.chains, 0)
}

func (m *merge) close() {
	for _, c := range m.chains {
		if c.stop != nil {
			c.stop()
		}
	}
}

// chains is a heap: the least height first.
type chains []*chain

func (cs chains) Len() int { return len(cs) }

func (cs chains) Less(i, j int) bool {
	if cs[i].height != cs[j].height {
		return cs[i].height < cs[j].height
	}
	return slices.Compare(cs[i].Log[:], cs[j].Log[:]) < 0
}

func (cs chains) Swap(i, j int) { cs[i], cs[j] = cs[j], cs[i] }

// Push implements heap.Interface.
func (cs *chains) Push(c any) { *cs = append(*cs, c.(*chain)) }

// Pop implements heap.Interface.
func (cs *chains) Pop() any {
	last := len(*cs) - 1
	c := (*cs)[last]
	*cs = (*cs)[:last]
	return c
}

// EntriesAt does the work of Logs.At over a DAG.
func EntriesAt(tx *store.Tx, d *merkle.DAG, log merkle.LogKey, seq uint64) ([]merkle.ID, error) {
	tips, err := d.Tips(tx, log)
	if err != nil {
		return nil, err
	}
	var ids []merkle.ID
	for _, t := range tips {
		if t.Seq < seq {
			continue
		}
		for e, err := range d.Chain(tx, t.Head, seq, seq) {
			if err != nil {
				return nil, err
			}
			if !slices.Contains(ids, e.ID) {
				ids = append(ids, e.ID)
			}
		}
	}
	return ids, nil
}

// Within says of entries whether they are one of ids or in the past of one: what
// a removed reader may see, ids being its removals. The error of its look-ups,
// if any, is in past.Err.
func Within(past *merkle.Past, ids ...merkle.ID) func(merkle.Entry) bool {
	if planted.Is(planted.RemovedServed) {
		return func(merkle.Entry) bool { return true }
	}
	return func(e merkle.Entry) bool {
		return slices.ContainsFunc(ids, func(id merkle.ID) bool { return e.ID == id || past.Before(e.ID, id) })
	}
}

// FrontierAt returns the frontier of ids and their past: what a removed reader
// may know of, ids being its removals.
func FrontierAt(tx *store.Tx, d *merkle.DAG, ids ...merkle.ID) ([]merkle.Tip, error) {
	tips, err := d.Frontier(tx)
	if err != nil {
		return nil, err
	}
	past := d.Past(tx)
	in := Within(past, ids...)
	var out []merkle.Tip
	for _, t := range tips {
		at, ok, err := lastIn(tx, d, t, in)
		if err != nil {
			return nil, err
		}
		if ok && !slices.ContainsFunc(out, func(o merkle.Tip) bool { return o.Head == at.Head }) {
			out = append(out, at)
		}
	}
	return out, past.Err()
}

// lastIn returns the last entry on the way to a tip that in holds of. Whatever
// holds of an entry here holds of its past, so it can be bisected.
func lastIn(tx *store.Tx, d *merkle.DAG, t merkle.Tip, in func(merkle.Entry) bool) (last merkle.Tip, ok bool, err error) {
	n := sort.Search(int(t.Seq)+1, func(i int) bool {
		for e, fault := range d.Chain(tx, t.Head, uint64(i), uint64(i)) {
			if fault != nil {
				err = fault
				return true
			}
			if !in(e) {
				return true
			}
			last, ok = merkle.Tip{Log: e.Log, Head: e.ID, Seq: e.Seq, Height: e.Height, Index: t.Index, Forked: t.Forked}, true
		}
		return false
	})
	return last, ok && n > 0, err
}
