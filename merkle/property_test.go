package merkle

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
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
	rapid.Check(t, func(rt *rapid.T) { anyOrder(rt, rapidTB{t, rt}) })
}

func anyOrder(rt *rapid.T, tb testing.TB) {
	w := drawWorld(rt, tb)
	p := w.feed(rt)
	w.checkStates(rt, p)
	w.checkOrder(rt, p)
	w.checkPast(rt, p)
	w.checkTips(rt, p)
	w.checkMissing(rt, p)
	w.checkEmpty(rt, p)
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

// FuzzIngestOrder is TestAnyOrderAnyBatches with the fuzzer's choices.
func FuzzIngestOrder(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(rapid.MakeFuzz(func(rt *rapid.T) { anyOrder(rt, rapidTB{f, rt}) }))
}
