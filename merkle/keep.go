package merkle

import (
	"fmt"
	"iter"

	"causeway/internal/wire"
	"causeway/store"
)

// usage counts what is kept of one log.
type usage struct {
	pending, waiting uint64 // bytes
	held             uint64 // entries
}

func (v *view) usage(k LogKey) (u usage) {
	if b := v.get(v.d.keyID(tUsage, k)); b != nil {
		v.record(b, "usage", func(d *wire.Decoder) { uints(d, &u.pending, &u.waiting, &u.held) })
	}
	return u
}

func (v *view) setUsage(k LogKey, u usage) {
	if u == (usage{}) {
		v.del(v.d.keyID(tUsage, k))
		return
	}
	v.set(v.d.keyID(tUsage, k), appendUints(nil, u.pending, u.waiting, u.held))
}

// kept reads an entry that is kept and not delivered, or nil.
func (v *view) kept(id ID) *item {
	b := v.get(v.d.keyID(tKept, id))
	if b == nil {
		return nil
	}
	flag, header, body, ok := splitEntry(b)
	h, err := DecodeHeader(header)
	if !ok || err != nil {
		v.fail(fmt.Errorf("%w: kept entry: %v", store.ErrDamaged, err))
		return nil
	}
	return &item{id: id, h: h, raw: header, body: body, hasBody: flag == bodyHere, index: -1}
}

// load makes a kept entry an item of this work.
func (w *work) load(id ID) *item {
	it := w.kept(id)
	if it == nil {
		w.fail(fmt.Errorf("%w: kept entry %s is missing", store.ErrDamaged, id))
		return &item{id: id, index: -1}
	}
	it.stored, _ = w.state(id)
	w.put(it)
	return it
}

// waiters yields the ids of the kept entries that wait for id.
func (w *work) waiters(id ID) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		if w.n.waiting == 0 {
			return
		}
		prefix := w.d.keyID(tWaits, id)
		for rest := range w.scan(prefix, prefix) {
			if !yield(ID(rest)) {
				return
			}
		}
	}
}

// keepRest keeps the items that cannot be delivered yet, within the limits.
func (w *work) keepRest() {
	for _, it := range w.order {
		if it.outcome != Unknown || it.noRoom || w.err != nil {
			continue
		}
		as := Waiting
		switch {
		case !it.covered:
			as = Pending
		case it.blocked == 0:
			as = Held
		}
		if as != it.stored {
			w.keep(it, as)
		}
	}
}

// keep keeps an item in a state, or not if there is no room. It may come again.
func (w *work) keep(it *item, as State) {
	w.unkeep(it)
	u := w.usage(it.h.Log)
	switch as {
	case Pending:
		u.pending += it.size()
		w.n.pendingBytes += it.size()
	case Waiting, Held:
		u.waiting += it.size()
		w.n.waitingBytes += it.size()
		w.n.waiting++
	}
	if as == Held {
		u.held++
	}
	if u.pending > MaxPending || w.n.pendingBytes > maxPendingAll ||
		u.waiting > MaxWaiting || w.n.waitingBytes > maxWaitingAll || u.held > MaxHeld {
		w.uncount(it, as)
		it.noRoom = true
		return
	}
	w.setUsage(it.h.Log, u)
	w.setState(it.id, as, 0)
	flag := byte(bodyHere)
	if !it.hasBody {
		flag = bodyAbsent
	}
	w.set(w.d.keyID(tKept, it.id), packEntry(flag, it.raw, it.body))
	if as == Held {
		w.set(w.d.keyID(tHeld, it.id), nil)
	}
	for dep := range it.h.deps {
		if as == Waiting && !w.decided(dep) {
			w.set(w.d.keyID(tWaits, dep, it.id), nil)
		}
	}
	it.stored = as
}

func (w *work) decided(id ID) bool {
	s, _ := w.state(id)
	return s == Delivered || s == Refused
}

// unkeep forgets that an item was kept. Its state is left to whoever decides it.
func (w *work) unkeep(it *item) {
	if it.stored == Unknown {
		return
	}
	u := w.usage(it.h.Log)
	switch it.stored {
	case Pending:
		u.pending -= it.size()
	case Waiting, Held:
		u.waiting -= it.size()
	}
	if it.stored == Held {
		u.held--
		w.del(w.d.keyID(tHeld, it.id))
	}
	w.uncount(it, it.stored)
	w.setUsage(it.h.Log, u)
	w.del(w.d.keyID(tKept, it.id))
	w.del(w.d.keyID(tIndex, it.id))
	it.stored = Unknown
}

func (w *work) uncount(it *item, as State) {
	switch as {
	case Pending:
		w.n.pendingBytes -= it.size()
	case Waiting, Held:
		w.n.waitingBytes -= it.size()
		w.n.waiting--
	}
}
