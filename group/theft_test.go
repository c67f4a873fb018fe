package group

import (
	"maps"
	"slices"
	"testing"

	"causeway/merkle"
)

// theft checks what shared/model promises of a stolen log, over random histories
// with an honest past and thirty hostile entries:
// a new fault changes nothing; recovery with the honest heads as parents
// restores every honest verdict; no entry of a senior tenure or a senior log of
// the same user is voided; without a fork, none that was settled.
func theft(t *testing.T, from, n int64, faults bool) {
	t.Helper()
	for seed := from; seed < from+n; seed++ {
		w := newLab(seed, true)
		w.fork = faults
		w.live(50)
		clean := w.folded(w.r).outcome(w.dag)
		honest, heads := slices.Clone(w.es), w.heads()
		settled := w.settled()
		for range 30 {
			if e := w.strike(); e.kind == Fault {
				w.inert(t, seed, e)
			}
		}
		struck := w.folded(w.r).outcome(w.dag)
		for _, e := range honest {
			senior := e.author == 0 || e.author == 1 && e.log < w.stolen.log
			if clean.live[e.id] && !struck.live[e.id] && (senior || !faults && settled[e.id]) {
				t.Fatalf("seed %d: entry %d was voided", seed, e.id)
			}
		}
		w.recover(heads, &clean)
		end := w.folded(w.r).outcome(w.dag)
		for _, e := range honest {
			if clean.live[e.id] != end.live[e.id] {
				t.Fatalf("seed %d: entry %d live %v, after recovery %v", seed, e.id, clean.live[e.id], end.live[e.id])
			}
		}
		if !maps.Equal(clean.member, end.member) || !maps.Equal(clean.admin, end.admin) {
			t.Fatalf("seed %d: members %v, after recovery %v", seed, clean.member, end.member)
		}
	}
}

// inert checks that the newest entry, a fault, changes no other verdict.
func (w *lab) inert(t *testing.T, seed int64, fault *entry) {
	t.Helper()
	var rest bits
	for i := range len(w.es) - 1 {
		rest.set(i)
	}
	v := w.view(rest)
	after := w.folded(w.r).outcome(w.dag)
	delete(after.live, fault.id)
	if d := after.diff(v.folded(w.r).outcome(v)); d != "" {
		t.Fatalf("seed %d: a fault changed a verdict: %s", seed, d)
	}
}

// settled lists the entries that rule A6 says are settled, seen by one who has
// all entries.
func (w *lab) settled() map[int]bool {
	heads := map[merkle.LogKey]merkle.ID{}
	for k, id := range w.head {
		heads[logOf(k.user, k.log)] = idOf(id)
	}
	s := w.folded(w.r)
	settled := map[int]bool{}
	for _, e := range w.es {
		if s.Settled(e.ref(), heads) {
			settled[e.id] = true
		}
	}
	return settled
}

// recover ends the theft: the founder removes user 1, or its senior device or
// its root cuts the stolen log.
func (w *lab) recover(heads []int, want *outcome) {
	e := &entry{id: w.id(), author: 1, back: w.head[dev{1, 0}], kind: Leaf, cut: []int{w.stolen.log}, deps: slices.Clone(heads)}
	switch {
	case w.r.Intn(3) == 0:
		e = &entry{id: e.id, back: w.head[dev{0, 0}], kind: Revoke, target: 1, deps: e.deps}
		delete(want.member, 1)
		delete(want.admin, 1)
	case w.stolen.log == 0:
		e.back, e.log, e.add, e.named, e.root = 0, 50, true, 50, true
	}
	w.put(e)
}
