package merkle

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"causeway/store"
)

func (w *world) checkStates(t *rapid.T, p *peer) {
	for _, n := range w.order {
		if got := p.state(w.id(n)); got != w.want[n] {
			t.Errorf("%s is %s, want %s", n, got, w.want[n])
		}
	}
	lacking := map[ID]bool{}
	for _, n := range w.order {
		for dep := range w.entries[n].Header.deps {
			if w.want[n] == Waiting && p.state(dep) == Unknown {
				lacking[dep] = true
			}
		}
	}
	got := see(p, p.Wanted)
	if len(got) != len(lacking) {
		t.Errorf("%d wanted, want %d", len(got), len(lacking))
	}
	for _, id := range got {
		if !lacking[id] {
			t.Errorf("%s is wanted for nothing", w.names([]ID{id}))
		}
	}
}

func (w *world) checkOrder(t *rapid.T, p *peer) {
	place := map[string]int{}
	for i, n := range strings.Fields(p.log(w.drawing)) {
		place[n] = i
	}
	if len(place) != len(w.past) {
		t.Errorf("%d delivered, want %d", len(place), len(w.past))
	}
	for n, past := range w.past {
		for a := range past {
			if place[a] >= place[n] {
				t.Errorf("%s was delivered before %s of its past", n, a)
			}
		}
	}
}

func (w *world) checkPast(t *rapid.T, p *peer) {
	p.db.View(func(tx *store.Tx) error {
		memo := p.Past(tx)
		for _, a := range w.order {
			for _, b := range w.order {
				got := memo.Before(w.id(a), w.id(b))
				if got != w.past[b][a] {
					t.Errorf("%s before %s: %t", a, b, got)
				}
			}
			first, _ := memo.First(w.id(a))
			if at := w.entries[a]; w.want[a] == Delivered && first != w.firstOf(at).id {
				t.Errorf("first of %s", a)
			}
		}
		return memo.Err()
	})
}

func (w *world) firstOf(e *drawn) *drawn {
	for e.Prev != (ID{}) {
		e = w.entries[w.names([]ID{e.Prev})]
	}
	return e
}

func (w *world) checkTips(t *rapid.T, p *peer) {
	inner, next := map[string]bool{}, map[ID]bool{}
	for n, past := range w.past {
		maps.Copy(inner, past)
		next[w.entries[n].Prev] = true
	}
	tips, proofs := map[byte][]string{}, map[byte]bool{}
	var heads []ID
	for n := range w.past {
		e := w.entries[n]
		if !next[e.id] {
			tips[e.log] = append(tips[e.log], n)
		}
		if !inner[n] {
			heads = append(heads, e.id)
		}
		for m := range w.past {
			f := w.entries[m]
			proofs[e.log] = proofs[e.log] || n != m && e.log == f.log && e.seq == f.seq && e.Verify() == nil && f.Verify() == nil
		}
	}
	if got := see(p, p.Heads); !slices.Equal(sorted(got...), sorted(heads...)) {
		t.Errorf("heads %s, want %s", w.names(got), w.names(heads))
	}
	got := map[byte][]string{}
	for _, tip := range see(p, p.Frontier) {
		e := w.entries[w.names([]ID{tip.Head})]
		got[e.log] = append(got[e.log], e.name)
		if tip.Log != e.Log || tip.Seq != e.Seq || tip.Height != e.Height || tip.Forked != (len(tips[e.log]) > 1) {
			t.Errorf("tip %+v of %s", tip, e.name)
		}
	}
	for log, names := range tips {
		if !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(got[log]))) {
			t.Errorf("tips of %c: %v, want %v", log, got[log], names)
		}
		found := see(p, func(tx *store.Tx) (bool, error) {
			_, found, err := p.Proof(tx, logOf(log))
			return found, err
		})
		if found != proofs[log] {
			t.Errorf("fork of %c proven: %t", log, found)
		}
	}
}

func (w *world) checkMissing(t *rapid.T, p *peer) {
	if len(w.past) == 0 {
		return
	}
	all := slices.Sorted(maps.Keys(w.past))
	has := map[string]bool{}
	var have []ID
	for range rapid.IntRange(0, 4).Draw(t, "have") {
		n := rapid.SampledFrom(all).Draw(t, "had")
		have = append(have, w.id(n))
		has[n] = true
		maps.Copy(has, w.past[n])
	}
	es := see(p, func(tx *store.Tx) ([]Entry, error) { return p.Missing(tx, have) })
	for _, n := range strings.Fields(w.names(ids(es))) {
		if has[n] {
			t.Errorf("%s was not missing", n)
		}
		has[n] = true
	}
	if len(has) != len(all) {
		t.Errorf("%d of %d missing entries", len(has), len(all))
	}
}

// checkEmpty finds nothing left behind of what was decided.
func (w *world) checkEmpty(t *rapid.T, p *peer) {
	kept, bytes := 0, uint64(0)
	for n, s := range w.want {
		if s == Pending || s == Waiting {
			kept++
			bytes += uint64(len(w.entries[n].Encode()) + len(w.entries[n].body))
		}
	}
	p.db.View(func(tx *store.Tx) error {
		v := &view{d: p.DAG, tx: tx}
		found := 0
		for range v.scan(p.key(tKept), p.key(tKept)) {
			found++
		}
		c := v.readCounts()
		if found != kept || c.pendingBytes+c.waitingBytes != bytes {
			t.Errorf("%d kept of %d bytes, want %d of %d", found, c.pendingBytes+c.waitingBytes, kept, bytes)
		}
		for rest := range v.scan(p.key(tWaits), p.key(tWaits)) {
			if s, _ := v.state(ID(rest[32:])); s != Waiting {
				t.Errorf("%s is said to wait", w.names([]ID{ID(rest[32:])}))
			}
			if s, _ := v.state(ID(rest[:32])); s == Delivered || s == Refused {
				t.Errorf("something waits for %s", w.names([]ID{ID(rest[:32])}))
			}
		}
		return v.err
	})
}
