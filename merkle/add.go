package merkle

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"causeway/internal/planted"
	"causeway/store"
)

// Add takes entries from outside: the one door in. Whatever they are, the only
// errors are failures of the store; the Result says what became of each. The
// order of the blocks and how they are spread over calls change when an entry is
// delivered, never whether. All of a call is one transaction: keep it within
// the store's limit. The entries returned alias the blocks.
// See docs/spec/01-log.md, section 3.
func (d *DAG) Add(tx *store.Tx, blocks []Block) (Result, error) {
	w := d.work(tx)
	for i, b := range blocks {
		w.take(i, b)
	}
	w.cover()
	for _, it := range w.order {
		if it.covered {
			w.try(it)
			w.drain() // at once, so that what comes in causal order stays in it
		}
	}
	w.keepRest()
	w.releaseHeld()
	w.report()
	return w.res, w.flush()
}

func (w *work) refuseBlock(i int, id ID, err error) {
	w.res.Refused = append(w.res.Refused, Refusal{i, id, err})
}

// take decodes one block and makes it an item if it is new. The cheap checks
// come first.
func (w *work) take(i int, b Block) {
	h, err := DecodeHeader(b.Header)
	if err != nil {
		w.refuseBlock(i, ID{}, err)
		return
	}
	id := ID(sum(b.Header))
	var known State
	var n uint64
	if !w.isNext(&h) {
		known, n = w.state(id)
	}
	switch {
	case known == Refused:
		w.refuseBlock(i, id, finalReasons[n%uint64(len(finalReasons))])
		return
	case known != Unknown && known != Delivered || w.items[id] != nil:
		w.res.Duplicates++
		return
	}
	hasBody := b.Body != nil || h.BodySize == 0
	if hasBody && (uint64(len(b.Body)) != h.BodySize || sum(b.Body) != h.Body) {
		w.refuseBlock(i, id, ErrBody)
		return
	}
	if known == Delivered {
		w.res.Duplicates++
		if hasBody {
			w.fill(n, b)
		}
		if planted.Is(planted.TwiceDelivered) {
			w.res.Delivered = append(w.res.Delivered, w.entry(n))
		}
		return
	}
	w.put(&item{id: id, h: h, raw: b.Header, body: b.Body, hasBody: hasBody, index: i})
}

// isNext reports whether nothing can be known of an entry: nothing is kept or
// refused, and it comes after all that is delivered of its log.
func (w *work) isNext(h *Header) bool {
	if w.n.waiting+w.n.waitingBytes+w.n.pendingBytes+w.n.refused > 0 {
		return false
	}
	if h.Seq == 0 {
		return w.readLog(h.Log) == nil
	}
	if w.items[h.Prev] != nil {
		return true
	}
	prev := w.find(h.Prev)
	return prev != nil && w.readBranch(prev.logNo, prev.branch).at == prev.offset
}

func (w *work) put(it *item) {
	w.items[it.id] = it
	w.order = append(w.order, it)
}

// fill stores the body of an entry that was delivered without it.
func (w *work) fill(offset uint64, b Block) {
	key := w.d.keyN(tEntry, offset)
	flag, _, _, ok := splitEntry(w.get(key))
	if !ok || flag != bodyAbsent {
		return
	}
	w.set(key, packEntry(bodyHere, b.Header, b.Body))
	w.res.Filled = append(w.res.Filled, w.entry(offset))
}

// cover finds out which items a good signature covers, from the last seq down,
// so that of a run only the last signature is checked.
func (w *work) cover() {
	down := slices.Clone(w.order)
	slices.SortStableFunc(down, func(a, b *item) int { return cmp.Compare(b.h.Seq, a.h.Seq) })
	for _, it := range down {
		if !it.covered && (w.coveredByWaiting(it) || w.verify(it)) {
			w.coverRun(it)
		}
	}
}

func (w *work) verify(it *item) bool {
	w.res.Checked++
	return it.h.Verify() == nil
}

// follows says whether it can be the entry after prev.
func (it *item) follows(prev *item) bool {
	return it.h.Prev == prev.id && it.h.Log == prev.h.Log && it.h.Seq == prev.h.Seq+1
}

// coverRun marks it and what it reaches by prev as covered, pending entries
// among them.
func (w *work) coverRun(it *item) {
	for !it.covered {
		it.covered = true
		prev := w.items[it.h.Prev]
		if prev == nil {
			if s, _ := w.state(it.h.Prev); s != Pending {
				return
			}
			prev = w.load(it.h.Prev)
		}
		if prev == nil || !it.follows(prev) {
			return
		}
		it = prev
	}
}

func (w *work) coveredByWaiting(it *item) bool {
	for id := range w.waiters(it.id) {
		if next := w.kept(id); next != nil && next.follows(it) {
			return true
		}
	}
	return false
}

// try finds out what blocks a covered item and queues it if nothing does.
func (w *work) try(it *item) {
	for dep := range it.h.deps {
		if w.find(dep) != nil || planted.Is(planted.NoCausalBuffer) && dep != it.h.Prev {
			continue
		}
		if s, _ := w.state(dep); s == Refused {
			it.tainted = true
			continue
		}
		it.blocked++
		w.wait[dep] = append(w.wait[dep], it)
	}
	w.ready(it)
}

// ready queues an item that nothing blocks; one of a frozen log stays, for
// releaseHeld to judge.
func (w *work) ready(it *item) {
	if it.blocked == 0 && (it.tainted || w.hot.frozen[it.h.Log] == nil) {
		w.queue = append(w.queue, it)
	}
}

// drain decides what is queued, and what that unblocks.
func (w *work) drain() {
	for len(w.queue) > 0 && w.err == nil {
		it := w.queue[0]
		w.queue = w.queue[1:]
		w.unkeep(it)
		err := ErrAncestor
		if !it.tainted {
			err = w.deliver(it)
		}
		if err != nil {
			w.refuse(it, err)
		}
		w.wake(it)
	}
}

func (w *work) refuse(it *item, err error) {
	it.outcome = Refused
	w.n.refused++
	w.setState(it.id, Refused, uint64(slices.Index(finalReasons, err)))
	w.refuseBlock(it.index, it.id, err)
}

// wake tells those who wait for it that it is delivered or refused.
func (w *work) wake(it *item) {
	stored := slices.Collect(w.waiters(it.id))
	for _, next := range w.wait[it.id] {
		next.blocked--
		next.tainted = next.tainted || it.outcome == Refused
		w.ready(next)
	}
	delete(w.wait, it.id)
	for _, id := range stored {
		w.del(w.d.keyID(tWaits, it.id, id))
		if w.items[id] == nil {
			next := w.load(id)
			next.covered = true
			w.try(next)
		}
	}
}

// report lists what came of the items that stayed, and what they lack.
func (w *work) report() {
	wanted := map[ID]bool{}
	for _, it := range w.order {
		if it.index >= 0 && (it.outcome == Delivered || it.stored != Unknown) {
			w.res.New++
		}
		if it.outcome != Unknown {
			continue
		}
		if it.noRoom {
			w.refuseBlock(it.index, it.id, ErrNoRoom)
		}
		switch it.stored {
		case Pending:
			w.res.Pending = append(w.res.Pending, it.id)
		case Held:
			w.res.Held = append(w.res.Held, it.id)
		case Waiting:
			w.res.Waiting = append(w.res.Waiting, it.id)
			for dep := range it.h.deps {
				if s, _ := w.state(dep); s == Unknown && !wanted[dep] {
					wanted[dep] = true
					w.res.Wanted = append(w.res.Wanted, dep)
				}
			}
		}
	}
}

// Wanted returns the ids of all missing entries for which some entry waits.
func (d *DAG) Wanted(tx *store.Tx) ([]ID, error) {
	v := d.view(tx)
	var out []ID
	prefix := d.key(tWaits)
	for k := range v.scan(prefix, prefix) {
		id := ID(k[:len(ID{})])
		if len(out) > 0 && bytes.Equal(out[len(out)-1][:], id[:]) {
			continue
		}
		if s, _ := v.state(id); s == Unknown {
			out = append(out, id)
		}
	}
	return out, v.err
}

// State says what is known of an entry.
func (d *DAG) State(tx *store.Tx, id ID) (State, error) {
	v := d.view(tx)
	s, _ := v.state(id)
	return s, v.err
}

// String names the state.
func (s State) String() string {
	names := [...]string{"unknown", "pending", "waiting", "held", "delivered", "refused"}
	if int(s) >= len(names) {
		return fmt.Sprintf("state %d", byte(s))
	}
	return names[s]
}
