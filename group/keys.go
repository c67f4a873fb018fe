package group

import (
	"causeway/internal/planted"
	"causeway/merkle"
)

// Usable applies rule K1 to a key, named by its rekey entry or found: it may
// encrypt only if that entry stands and has every live removal in its past.
// (It was sealed to the members of its author's view. If a removal that is live
// here was void there, some live removal unknown there made the difference, and
// that one is not in its past.)
func (s *State) Usable(key merkle.ID) bool {
	if !s.live[key] {
		return false
	}
	for _, r := range s.latest {
		if planted.Is(planted.NoK1) {
			break
		}
		if !s.past.Before(r, key) {
			return false
		}
	}
	return true
}

// Best applies rule K2: of the usable keys the one with the greatest height,
// then ID.
func (s *State) Best(keys []Ref) (best Ref, ok bool) {
	for _, k := range keys {
		if ok && (k.Height < best.Height || k.Height == best.Height && k.ID.Compare(best.ID) <= 0) {
			continue
		}
		if s.Usable(k.ID) {
			best, ok = k, true
		}
	}
	return best, ok
}

// Settled applies rule A6: whether an entry stands and every log that is senior
// to its own has it in its past. heads gives the newest delivered entry of each
// log; a log that is not among them has acknowledged nothing. Then nothing can
// void the entry but a fork, a recovery by root, or a leaf that names its log
// anew. A log that is ended by a settled removal or cut, or is known to have
// forked, need not have acknowledged it.
func (s *State) Settled(r Ref, heads map[merkle.LogKey]merkle.ID) bool {
	q := quorum{s: s, heads: heads, memo: map[merkle.ID]bool{}}
	return q.settled(r)
}

// quorum is one question of Settled.
type quorum struct {
	s     *State
	heads map[merkle.LogKey]merkle.ID
	memo  map[merkle.ID]bool
}

func (q *quorum) settled(r Ref) bool {
	if known, ok := q.memo[r.ID]; ok {
		return known
	}
	if o := q.s.ops[r.ID]; o != nil && (o.Kind == Found || o.Kind == Fault) {
		return q.s.live[r.ID]
	}
	d := q.s.standing(r)
	known := d != nil && q.acknowledged(d, r.ID)
	q.memo[r.ID] = known
	return known
}

// acknowledged reports whether every log that could void an entry of d knows it.
func (q *quorum) acknowledged(d *device, id merkle.ID) bool {
	for _, t := range q.s.tenures[:d.tenure.rank+1] {
		if !t.admin && t != d.tenure {
			continue
		}
		for _, o := range t.devices {
			if t == d.tenure && o.rank >= d.rank {
				break
			}
			head, ok := q.heads[o.log]
			if (!ok || head != id && !q.s.past.Before(id, head)) && !q.silenced(o) {
				return false
			}
		}
	}
	return true
}

// silenced reports whether nothing new on a log can count.
func (q *quorum) silenced(d *device) bool {
	for _, r := range d.tenure.strong {
		if q.settled(r.op.Ref()) {
			return true
		}
	}
	for _, c := range d.cuts {
		if q.settled(c.Ref()) {
			return true
		}
	}
	return len(q.s.faults[d.log]) > 0
}

// standing returns the log under which an entry stands, or nil.
func (s *State) standing(r Ref) *device {
	if _, v := s.Counts(r); !v.Live() {
		return nil
	}
	for _, d := range s.devices[r.Log] {
		if s.judge(d, r).Live() {
			return d
		}
	}
	return nil
}
