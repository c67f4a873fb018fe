package merkle

import (
	"bytes"
	"slices"

	"causeway/store"
)

// Freeze tells the DAG that a fault of this log is known. From now on an entry
// of it is delivered only if an entry of a log outside kin, and not frozen, has
// it in its past; up to MaxHeld others are kept. kin: the logs of the same user,
// which cannot vouch. What is delivered already stays. A second call replaces
// kin. See docs/spec/01-log.md, section 7.
func (d *DAG) Freeze(tx *store.Tx, log LogKey, kin []LogKey) error {
	b := bytes.Clone(log[:])
	for _, k := range kin {
		b = append(b, k[:]...)
	}
	v := d.view(tx)
	v.set(d.keyID(tFrozen, log), b)
	if v.hot != nil {
		if v.hot.frozen == nil {
			v.hot.frozen = map[LogKey][]LogKey{}
		}
		v.hot.frozen[log] = append([]LogKey{log}, kin...)
	}
	return v.err
}

// Frozen says whether Freeze was called for this log.
func (d *DAG) Frozen(tx *store.Tx, log LogKey) (bool, error) {
	v := d.view(tx)
	if v.hot != nil {
		return v.hot.frozen[log] != nil, v.err
	}
	return v.get(d.keyID(tFrozen, log)) != nil, v.err
}

// readFrozen returns the frozen logs, each with itself and its kin.
func (v *view) readFrozen() map[LogKey][]LogKey {
	var out map[LogKey][]LogKey
	prefix := v.d.key(tFrozen)
	for k, kin := range v.scan(prefix, prefix) {
		if out == nil {
			out = map[LogKey][]LogKey{}
		}
		for c := range slices.Chunk(kin, len(LogKey{})) {
			out[LogKey(k)] = append(out[LogKey(k)], LogKey(c))
		}
	}
	return out
}

// releaseHeld delivers the held entries that somebody vouches for by now.
func (w *work) releaseHeld() {
	for again := len(w.hot.frozen) > 0; again && w.err == nil; {
		again = false
		prefix := w.d.key(tHeld)
		for k := range w.scan(prefix, prefix) {
			it := w.items[ID(k)]
			if !w.vouched(ID(k)) {
				continue
			}
			if it == nil {
				it = w.load(ID(k))
				it.covered = true
			}
			w.queue = append(w.queue, it)
			again = true
		}
		w.drain()
		w.keepRest()
	}
}

// vouched says whether a covered entry of another user, on a log that is not
// frozen, has the held entry in its past. Such entries wait for it, perhaps by
// way of others, so the search goes up from it and ends at what is kept.
func (w *work) vouched(held ID) bool {
	it := w.kept(held)
	if it == nil {
		return false
	}
	kin := w.hot.frozen[it.h.Log]
	seen := map[ID]bool{held: true}
	for todo := []ID{held}; len(todo) > 0; todo = todo[1:] {
		for id := range w.waiters(todo[0]) {
			above := w.kept(id)
			if above == nil || seen[id] {
				continue
			}
			if w.hot.frozen[above.h.Log] == nil && !slices.Contains(kin, above.h.Log) {
				return true
			}
			seen[id] = true
			todo = append(todo, id)
		}
	}
	return false
}
