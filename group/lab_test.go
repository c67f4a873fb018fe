package group

import (
	"math/rand"
	"slices"
	"testing"
)

// A lab grows a random history: devices that see parts of it and follow the
// rules, and a thief with an accomplice who do not.
type lab struct {
	*dag
	r     *rand.Rand
	next  int
	views map[dev]bits // what an honest device has seen
	head  map[dev]int  // its newest entry
	devs  []dev
	fresh int

	stolen dev
	mine   []dev       // the thief's logs
	thief  map[dev]int // its heads

	plain  bool // honest devices only admit, remove, write and rekey
	fork   bool // the thief may write beneath the head of the stolen log
	rename bool // leaves may name logs that others have named
	roots  bool // recovery by root
}

type dev struct{ user, log int }

const labUsers = 7

func newLab(seed int64, plain bool) *lab {
	w := &lab{dag: newDAG(), r: rand.New(rand.NewSource(seed)), views: map[dev]bits{}, head: map[dev]int{}, fresh: 100}
	w.plain, w.fork, w.rename, w.roots = plain, seed%2 == 0, seed%3 == 0 && !plain, seed%5 != 0
	w.stolen = dev{1 + w.r.Intn(2), w.r.Intn(2)}
	founders := []int{0, 5}[:1+w.r.Intn(2)]
	if plain {
		w.stolen, founders = dev{1, w.r.Intn(2)}, founders[:1]
	}
	f := dev{0, 0}
	w.join(f)
	w.say(f, &entry{kind: Found, founders: founders})
	for u := 1; u < 5; u++ {
		w.say(f, &entry{kind: Grant, target: u, admin: u < 4})
	}
	for _, u := range []int{1, 2, 3, 4, 5}[:3+len(founders)] {
		w.join(dev{u, 0})
		w.pull(dev{u, 0}, f)
	}
	for u := range 4 { // a second, junior device
		w.say(dev{u, 0}, &entry{kind: Leaf, add: true, named: 1})
		w.join(dev{u, 1})
		w.pull(dev{u, 1}, dev{u, 0})
	}
	return w
}

func (w *lab) join(k dev) {
	if !slices.Contains(w.devs, k) {
		w.devs = append(w.devs, k)
	}
}

func (w *lab) pull(a, b dev) {
	v := w.views[a]
	v.join(w.views[b])
	w.views[a] = v
}

func (w *lab) id() int {
	w.next++
	return w.next + 100000*w.r.Intn(50) // not in the order of creation
}

// say lets an honest device write, knowing all that it has seen.
func (w *lab) say(k dev, e *entry) *entry {
	v := w.views[k]
	var inner bits
	for i := range w.es {
		if v.has(i) {
			inner.join(w.past[i])
		}
	}
	for i, o := range w.es {
		if v.has(i) && !inner.has(i) {
			e.deps = append(e.deps, o.id)
		}
	}
	e.id, e.author, e.log, e.back = w.id(), k.user, k.log, w.head[k]
	if e.back == 0 && e.kind != Found {
		w.root(e, func(i int) bool { return v.has(i) })
	}
	w.put(e)
	v.set(len(w.es) - 1)
	w.views[k], w.head[k] = v, e.id
	return e
}

// root makes an entry that admits e's log a parent of e.
func (w *lab) root(e *entry, known func(i int) bool) {
	for i, o := range slices.Backward(w.es) {
		op := o.op()
		if known(i) && op.names(logOf(e.author, e.log)) {
			if !slices.Contains(e.deps, o.id) {
				e.deps = append(e.deps, o.id)
			}
			return
		}
	}
}

func (w *lab) state(v bits) *State {
	var ops []Op
	for i, e := range w.es {
		if v.has(i) && (e.kind != Other || e.rekey) {
			ops = append(ops, e.op())
		}
	}
	return Fold(ops, w.dag)
}

// live lets honest devices act.
func (w *lab) live(steps int) {
	for range steps {
		k := w.devs[w.r.Intn(len(w.devs))]
		if w.r.Intn(3) > 0 {
			w.pull(k, w.devs[w.r.Intn(len(w.devs))])
		}
		if s := w.state(w.views[k]); s.MayWrite(logOf(k.user, k.log)) {
			w.say(k, w.act(k, s.MayAdmit(userOf(k.user))))
		}
	}
}

func (w *lab) act(k dev, admin bool) *entry {
	target := w.r.Intn(labUsers)
	if w.plain {
		return w.plainAct(2+w.r.Intn(labUsers-2), admin)
	}
	switch x := w.r.Intn(16); {
	case x < 3 && admin:
		e := &entry{kind: Grant, target: target, admin: w.r.Intn(2) == 0}
		if w.r.Intn(4) == 0 {
			e.named = 1 + w.r.Intn(3)
		}
		w.join(dev{target, e.named})
		return e
	case x < 5 && admin:
		return &entry{kind: Revoke, target: target}
	case x < 6 && admin:
		return &entry{kind: Demote, target: target}
	case x == 6 && w.r.Intn(4) == 0:
		return &entry{kind: Leave}
	case x == 7:
		return &entry{kind: Leaf, cut: []int{w.r.Intn(4)}}
	case x == 8 && w.roots && w.r.Intn(3) == 0: // by phrase, on a log of its own
		w.fresh++
		n := dev{k.user, w.fresh}
		w.join(n)
		w.pull(n, k)
		w.say(n, &entry{kind: Leaf, add: true, root: true, named: n.log, cut: []int{w.r.Intn(2)}})
	case x == 9:
		e := &entry{kind: Leaf, add: true, named: w.name()}
		w.join(dev{k.user, e.named})
		return e
	case x == 10:
		return &entry{rekey: true}
	}
	return &entry{}
}

func (w *lab) plainAct(target int, admin bool) *entry {
	switch x := w.r.Intn(12); {
	case x < 2 && admin:
		w.join(dev{target, 0})
		return &entry{kind: Grant, target: target, admin: w.r.Intn(2) == 0}
	case x < 4 && admin:
		return &entry{kind: Revoke, target: target}
	case x == 4:
		return &entry{rekey: true}
	}
	return &entry{}
}

// name chooses a log to be added.
func (w *lab) name() int {
	if w.rename && w.r.Intn(2) == 0 {
		return 1 + w.r.Intn(3)
	}
	w.fresh++
	return w.fresh
}

// strike lets the thief of one log, or the accomplice, user 4, write an entry
// with whatever parents they like.
func (w *lab) strike() *entry {
	if w.thief == nil {
		w.mine, w.thief = []dev{w.stolen}, map[dev]int{w.stolen: w.head[w.stolen]}
	}
	if w.r.Intn(4) == 0 {
		return w.accomplice()
	}
	k := w.mine[w.r.Intn(len(w.mine))]
	e := &entry{kind: []Kind{Grant, Grant, Revoke, Demote, Leave, Leaf, Leaf, Other}[w.r.Intn(8)],
		target: w.r.Intn(labUsers), admin: w.r.Intn(2) == 0, back: w.thief[k]}
	if e.kind == Leaf {
		e.add, e.named, e.cut = w.r.Intn(3) > 0, w.name(), []int{w.r.Intn(3), 100 + w.r.Intn(5)}
	}
	if w.fork && w.r.Intn(2) == 0 {
		e.back = w.any(k)
	}
	w.thief[k] = w.hostile(k, e).id
	if e.kind == Leaf && e.add {
		w.mine = append(w.mine, dev{k.user, e.named})
	}
	return e
}

func (w *lab) accomplice() *entry {
	k := dev{4, 0}
	e := &entry{back: w.head[k]}
	if w.fork && w.r.Intn(2) == 0 {
		e.kind, e.target, e.named = Fault, w.stolen.user, w.stolen.log
	}
	w.head[k] = w.hostile(k, e).id
	return e
}

// any returns one of a log's entries, or none.
func (w *lab) any(k dev) int {
	own := []int{0}
	for _, e := range w.es {
		if e.author == k.user && e.log == k.log {
			own = append(own, e.id)
		}
	}
	return own[w.r.Intn(len(own))]
}

// hostile writes an entry that hides what its author knows.
func (w *lab) hostile(k dev, e *entry) *entry {
	e.id, e.author, e.log = w.id(), k.user, k.log
	for range w.r.Intn(3) {
		if id := w.es[w.r.Intn(len(w.es))].id; id != e.back && !slices.Contains(e.deps, id) {
			e.deps = append(e.deps, id)
		}
	}
	if e.back == 0 && w.r.Intn(4) > 0 {
		w.root(e, func(int) bool { return true })
	}
	return w.put(e)
}

// history is an honest past, an attack and some life after it.
func history(seed int64) *lab {
	w := newLab(seed, false)
	w.live(25)
	for range 15 {
		w.strike()
	}
	for _, k := range w.devs { // the news spreads
		if v := w.views[k]; w.r.Intn(2) == 0 {
			for i := range w.es {
				if w.r.Intn(2) == 0 {
					v.join(w.past[i])
					v.set(i)
				}
			}
			w.views[k] = v
		}
	}
	w.live(15)
	return w
}

// Fold says of every history what the symbolic model says, in any order of ops.
func TestModel(t *testing.T) {
	stood, void := map[Kind]int{}, map[Kind]int{}
	for seed := range int64(2000) {
		w := history(seed)
		want := resolve(w.dag, rules{}).outcome()
		s := w.folded(w.r)
		if d := s.outcome(w.dag).diff(want); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
		for _, e := range w.es {
			if !want.live[e.id] {
				void[e.kind]++
				continue
			}
			stood[e.kind]++
			if u, _ := s.Counts(e.ref()); u != userOf(e.author) && e.kind != Fault {
				t.Fatalf("seed %d: entry %d is of user %d, not %d", seed, e.id, nameOf(u), e.author)
			}
		}
		if d := w.folded(w.r).outcome(w.dag).diff(want); d != "" {
			t.Fatalf("seed %d: in another order: %s", seed, d)
		}
		var part bits
		for range 3 {
			i := w.r.Intn(len(w.es))
			part.join(w.past[i])
			part.set(i)
		}
		v := w.view(part)
		if d := v.folded(w.r).outcome(v).diff(resolve(v, rules{}).outcome()); d != "" {
			t.Fatalf("seed %d: of a part: %s", seed, d)
		}
	}
	t.Logf("stood %v, void %v", stood, void)
}
