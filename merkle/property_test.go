package merkle

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"causeway/store"
)

// A world is a random DAG of a few logs, with forks, second first entries, bad
// signatures, wrong heights, links into other logs and lost entries, and what
// must become of each entry, found by the plainest means.
type world struct {
	*drawing
	given map[string]bool
	rough int // percent by which flaws are more likely
	want  map[string]State
	past  map[string]map[string]bool // of delivered entries
}

func drawWorld(t *rapid.T, tb testing.TB) *world {
	w := &world{drawing: &drawing{t: tb, entries: map[string]*drawn{}}, given: map[string]bool{}}
	w.rough = rapid.SampledFrom([]int{0, 1, 4}).Draw(t, "rough")
	logs := rapid.IntRange(1, 4).Draw(t, "logs")
	for i := range rapid.IntRange(1, 40).Draw(t, "entries") {
		w.grow(t, byte('a'+rapid.IntRange(0, logs-1).Draw(t, "log")), i)
	}
	w.judge()
	return w
}

// grow adds one entry.
func (w *world) grow(t *rapid.T, log byte, i int) {
	chance := func(what string, percent int) bool { return rapid.IntRange(0, 99).Draw(t, what) < percent }
	e := &drawn{log: log}
	var own []*drawn
	for _, n := range w.order {
		if d := w.entries[n]; d.log == log {
			own = append(own, d)
		}
	}
	if len(own) > 0 && !chance("first again", 3) {
		prev := own[len(own)-1]
		if chance("fork", 12) {
			prev = rapid.SampledFrom(own).Draw(t, "prev")
		}
		e.seq = prev.seq + 1
		e.deps = append(e.deps, prev.name)
	}
	for range rapid.IntRange(0, 3).Draw(t, "parents") {
		if len(w.order) == 0 {
			break
		}
		p := rapid.SampledFrom(w.order).Draw(t, "parent")
		if d := w.entries[p]; !slices.Contains(e.deps, p) && (d.log != log || d.seq+1 != e.seq) {
			e.deps = append(e.deps, p)
		}
	}
	for flaw, percent := range []int{3 * w.rough, w.rough} {
		if chance("flaw", percent) {
			e.flaws += []string{"!sig", "!high"}[flaw]
		}
	}
	e.name = fmt.Sprintf("%c%d_%d", log, e.seq, i)
	w.entries[e.name] = e
	w.order = append(w.order, e.name)
	w.entry(e.name)
	if chance("stolen", w.rough) && e.Prev != (ID{}) {
		e.Prev = w.id(rapid.SampledFrom(w.order[:len(w.order)-1]).Draw(t, "from"))
		e.Parents = slices.DeleteFunc(e.Parents, func(p ID) bool { return p == e.Prev })
		e.seal(keyOf(log), e.flaws)
	}
	w.given[e.name] = !chance("lost", w.rough)
}

// judge says what must become of each entry when all that are given have come,
// straight from the words of docs/spec/01-log.md, section 3.
func (w *world) judge() {
	w.want, w.past = map[string]State{}, map[string]map[string]bool{}
	byID := map[ID]*drawn{}
	covered := map[string]bool{}
	for _, n := range w.order {
		if e := w.entries[n]; w.given[n] {
			byID[e.id] = e
			covered[n] = e.Verify() == nil
		}
	}
	for _, n := range slices.Backward(w.order) { // later entries first
		e := w.entries[n]
		if prev := byID[e.Prev]; covered[n] && prev != nil && prev.log == e.log && prev.seq+1 == e.seq {
			covered[prev.name] = true
		}
	}
	for _, n := range w.order {
		if e := w.entries[n]; w.given[n] {
			w.want[n] = w.fate(e, byID, covered[n])
		}
	}
}

func (w *world) fate(e *drawn, byID map[ID]*drawn, covered bool) State {
	if !covered {
		return Pending
	}
	fate, past, height := Delivered, map[string]bool{}, uint64(0)
	for dep := range e.Header.deps {
		of := byID[dep]
		if of == nil || w.want[of.name] == Pending || w.want[of.name] == Waiting {
			return Waiting
		}
		if w.want[of.name] == Refused {
			fate = Refused
		}
		past[of.name] = true
		maps.Copy(past, w.past[of.name])
		height = max(height, of.Height)
	}
	prev := byID[e.Prev]
	if e.Height != height+1 || prev != nil && (prev.log != e.log || prev.seq+1 != e.seq) {
		fate = Refused
	}
	if fate == Delivered {
		w.past[e.name] = past
	}
	return fate
}

// feed gives the entries in a random order and in batches of random sizes, some
// twice, and returns the peer.
func (w *world) feed(t *rapid.T) *peer {
	p := newPeer(w.t)
	var names []string
	for _, n := range w.order {
		if w.given[n] {
			names = append(names, n)
		}
	}
	names = append(names, names[:len(names)/4]...)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
	if rapid.Bool().Draw(t, "shuffle") {
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	}
	for len(names) > 0 {
		n := min(len(names), 1+r.IntN(rapid.SampledFrom([]int{1, 3, 50}).Draw(t, "batch")))
		p.checkResult(p.add(w.drawing, names[:n]...), n)
		names = names[n:]
	}
	return p
}

func (p *peer) checkResult(r Result, blocks int) {
	p.t.Helper()
	refused := 0
	for _, f := range r.Refused {
		if f.Index >= 0 {
			refused++
		}
	}
	if r.New+r.Duplicates+refused != blocks {
		p.t.Errorf("%d blocks given, %d new, %d known, %d refused", blocks, r.New, r.Duplicates, refused)
	}
	for _, f := range r.Forks {
		if err := f.Verify(); err != nil {
			p.t.Error(err)
		}
	}
}

// Whatever order and batches entries come in, and however flawed some are, every
// node ends with the same states, frontier, heads, proofs and ancestry, and they
// are those of the plainest reading of the rules.
func TestAnyOrderAnyBatches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt, rapidTB{t, rt})
		p := w.feed(rt)
		w.checkStates(rt, p)
		w.checkOrder(rt, p)
		w.checkPast(rt, p)
		w.checkTips(rt, p)
		w.checkMissing(rt, p)
		w.checkEmpty(rt, p)
	})
}

// rapidTB hands failures of helpers, and clean-up, to rapid.
type rapidTB struct {
	testing.TB
	rt *rapid.T
}

func (t rapidTB) Helper()                           { t.rt.Helper() }
func (t rapidTB) Cleanup(f func())                  { t.rt.Cleanup(f) }
func (t rapidTB) Errorf(format string, args ...any) { t.rt.Errorf(format, args...) }
func (t rapidTB) Error(args ...any)                 { t.rt.Error(args...) }
func (t rapidTB) Fatal(args ...any)                 { t.rt.Fatal(args...) }
func (t rapidTB) Fatalf(format string, args ...any) { t.rt.Fatalf(format, args...) }

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
