package dagsync

import (
	"testing"
	"time"

	"causeway/merkle"
	"causeway/store"
)

// pair returns two nodes of one group and a world around them.
func pair(t *testing.T) (ann, bob *node, w *world) {
	us := users("ann", "bob")
	ann, bob = newNode(t, "ann", us...), newNode(t, "bob", us...)
	return ann, bob, newWorld(t, 1, ann, bob)
}

func TestTwoNodesPullFromEachOther(t *testing.T) {
	ann, bob, w := pair(t)
	for i := range 5 {
		ann.write(ann.user, text(i))
		bob.write(bob.user, text(i))
	}
	last := ann.write(ann.user, "last")
	l := w.dial(ann, bob)
	w.settle(time.Second)
	if l.err != nil {
		t.Fatal(l.err)
	}
	w.same(ann, bob)
	if !w.hasEvent(Up, ann, bob) || !w.hasEvent(Synced, ann, bob) || !w.hasEvent(Synced, bob, ann) {
		t.Fatalf("events %v", w.events)
	}
	if !ann.hasSeen(bob.log(), last) {
		t.Error("ann does not know that bob has her last message")
	}
}

func TestCatchUpInBatches(t *testing.T) {
	ann, bob, w := pair(t)
	ann.keep(logOf(ann.user, 3000))
	l := w.dial(bob, ann)
	w.settle(time.Second)
	if l.err != nil {
		t.Fatal(l.err)
	}
	w.same(ann, bob)
	if bob.added != 3000 {
		t.Errorf("3000 entries came as %d", bob.added)
	}
}

func TestLiveMessageNeedsNoRequest(t *testing.T) {
	ann, bob, w := pair(t)
	w.dial(ann, bob)
	w.settle(time.Second)
	var types []frameType
	w.spy = func(_, _ *node, f []byte) { types = append(types, frameType(f[0])) }
	e := ann.write(ann.user, "hello")
	w.announce(ann)
	w.settle(time.Second)
	w.same(ann, bob)
	for _, ft := range types {
		if ft == typeWant {
			t.Fatalf("a live message cost a WANT: %v", types)
		}
	}
	if !ann.hasSeen(bob.log(), e) {
		t.Error("ann does not know that bob has it")
	}
}

func TestReconnectOfEqualsSendsNoRows(t *testing.T) {
	ann, bob, w := pair(t)
	ann.keep(logOf(ann.user, 50))
	w.cut(w.synced(ann, bob))
	w.spy = func(_, _ *node, p []byte) {
		f, _ := decode(p)
		if st, ok := f.(*state); ok && (st.Flags != flagEqual || len(st.Rows) > 0) {
			t.Errorf("a STATE with flags %d and %d rows", st.Flags, len(st.Rows))
		}
		if frameType(p[0]) >= typeHeads && frameType(p[0]) != typeNack {
			t.Errorf("a frame of type %d", p[0])
		}
	}
	w.events = nil
	w.synced(ann, bob)
	last := ann.ids()
	for id := range bob.ids() {
		delete(last, id)
	}
	if len(last) != 0 || len(bob.seen[ann.log()]) == 0 {
		t.Error("equal nodes do not know it")
	}
}

// synced dials and runs until both ends have all.
func (w *world) synced(a, b *node) *link {
	w.t.Helper()
	l := w.dial(a, b)
	w.settle(time.Second)
	if l.err != nil || !w.hasEvent(Synced, a, b) || !w.hasEvent(Synced, b, a) {
		w.t.Fatalf("error %v, events %v", l.err, w.events)
	}
	return l
}

// What is little comes with STATE: the listener makes no request.
func TestLittleComesWithState(t *testing.T) {
	ann, bob, w := pair(t)
	ann.keep(logOf(ann.user, 20))
	w.spy = func(from, _ *node, p []byte) {
		if from == bob && frameType(p[0]) == typeWant {
			t.Error("bob asks for what ann sends anyway")
		}
	}
	w.synced(ann, bob)
	w.same(ann, bob)
}

func TestBothOfferTheSameConversation(t *testing.T) {
	for seed := range uint64(20) {
		us := users("ann", "bob")
		ann, bob := newNode(t, "ann", us...), newNode(t, "bob", us...)
		w := newWorld(t, seed, ann, bob)
		ann.write(ann.user, "a")
		bob.write(bob.user, "b")
		l := w.dial(ann, bob)
		w.check(l, 1, l.engines[1].offer(w.now, nil))
		w.settle(time.Second)
		w.same(ann, bob)
		for i, e := range l.engines {
			if l.err != nil || len(e.sessions) != 1 || len(e.opening) != 0 {
				t.Fatalf("seed %d: end %d has %d sessions, %d under way, error %v", seed, i, len(e.sessions), len(e.opening), l.err)
			}
		}
	}
}

// One who missed some rekeys is found by the newest epoch that both keep.
func TestLeftBehindByRekeys(t *testing.T) {
	for _, dialerIsBehind := range []bool{true, false} {
		ann, bob, w := pair(t)
		ann.keys = []Key{synKey(group, 4), synKey(group, 3), synKey(group, 2), synKey(group, 1)}
		ann.write(ann.user, "rekey")
		l := w.dial(ann, bob)
		if dialerIsBehind {
			w.cut(l)
			l = w.dial(bob, ann)
		}
		w.settle(time.Second)
		w.same(ann, bob)
		if l.err != nil || len(l.engines[0].sessions) != 1 {
			t.Fatalf("error %v", l.err)
		}
	}
}

// Many conversations that the peer does not share cost an OPEN for each epoch,
// not for each of them.
func TestStrangersConversationsCostLittle(t *testing.T) {
	ann, bob, w := pair(t)
	ann.keys = nil
	for c := range byte(60) {
		for epoch := byte(3); epoch > 0; epoch-- {
			ann.keys = append(ann.keys, synKey(Conv{200 - c}, epoch))
		}
	}
	ann.keys = append(ann.keys, synKey(group, 3), synKey(group, 2), synKey(group, 1), synKey(Conv{2}, 1))
	bob.keys = append(bob.keys, synKey(Conv{2}, 1))
	opens := 0
	w.spy = func(from, _ *node, p []byte) {
		if from == ann && frameType(p[0]) == typeOpen {
			opens++
		}
	}
	l := w.dial(ann, bob)
	w.settle(time.Second)
	if l.err != nil || len(l.engines[0].sessions) != 2 || opens > keysTried {
		t.Errorf("error %v, %d sessions after %d OPEN", l.err, len(l.engines[0].sessions), opens)
	}
}

// Conversations that the proven peer may share are offered once it is known, and
// those that come up later when the keys change.
func TestSharedConversationsFollow(t *testing.T) {
	ann, bob, w := pair(t)
	second, third := Conv{2}, Conv{3}
	for _, n := range w.nodes {
		n.keys = append(n.keys, synKey(second, 1))
		n.shared = []Conv{group, second, third}
	}
	l := w.dial(ann, bob, group)
	w.settle(time.Second)
	if n := len(l.engines[0].sessions); n != 2 {
		t.Fatalf("%d sessions, want 2", n)
	}
	for i, n := range w.nodes {
		n.keys = append(n.keys, synKey(third, 1))
		w.check(l, i, l.engines[i].refresh(w.now))
		w.settle(time.Second)
	}
	if n := len(l.engines[0].sessions); n != 3 || l.err != nil {
		t.Fatalf("%d sessions, want 3; error %v", n, l.err)
	}
}

// A newcomer brings the news of its own admission: it is pulled from at once and
// served when the fold lists it.
func TestNewcomerBringsItsAdmission(t *testing.T) {
	us := users("ann", "bob", "cleo")
	ann, bob, cleo := newNode(t, "ann", us...), newNode(t, "bob", us[:2]...), newNode(t, "cleo", us...)
	for i := range 10 {
		ann.write(ann.user, text(i))
	}
	w := newWorld(t, 3, ann, bob, cleo)
	w.cut(w.synced(ann, bob))
	admission := ann.write(ann.user, "cleo is admitted")
	w.cut(w.synced(ann, cleo))
	secret := bob.write(bob.user, "not for strangers")
	bob.onAdd = func() {
		bob.mu.Lock()
		if bob.members[cleo.log()] = bob.db != nil && bob.holds(admission.ID); bob.members[cleo.log()] {
			bob.onAdd = func() { w.announce(bob) }
		} else if cleo.holds(secret.ID) {
			t.Error("bob serves one whom he does not know")
		}
		bob.mu.Unlock()
		w.announce(bob)
	}
	l := w.dial(cleo, bob)
	w.settle(time.Second)
	if l.err != nil {
		t.Fatal(l.err)
	}
	w.same(bob, cleo)
	if len(cleo.ids()) != 12 {
		t.Errorf("%d entries", len(cleo.ids()))
	}
}

// A bulk pull is made from one peer, not from each.
func TestPeersDoNotServeTheSameTwice(t *testing.T) {
	us := users("ann", "bob", "cleo", "dan")
	var nodes []*node
	for _, u := range us {
		nodes = append(nodes, newNode(t, u.name, us...))
	}
	w := newWorld(t, 4, nodes...)
	history := logOf(us[0], 1500)
	for _, n := range nodes[1:] {
		n.keep(history)
	}
	for _, n := range nodes[1:] {
		w.dial(nodes[0], n)
	}
	w.settle(10 * time.Second)
	w.same(nodes...)
	if n := nodes[0].added; n > len(history)*105/100 {
		t.Errorf("%d entries came for %d", n, len(history))
	}
}

func TestBodiesThatAreGone(t *testing.T) {
	ann, bob, w := pair(t)
	var first merkle.Entry
	for i := range 3 {
		if e := ann.write(ann.user, text(i)); i == 0 {
			first = e
		}
	}
	if err := ann.update(func(tx *store.Tx) error { return ann.dag(group).DropBody(tx, first.ID) }); err != nil {
		t.Fatal(err)
	}
	w.synced(ann, bob)
	w.same(ann, bob)
}

// A crowd has more logs than fit one STATE frame.
type crowd struct{ *node }

func (c crowd) Frontier(Conv, merkle.LogKey) (tips []merkle.Tip, err error) {
	for i := range maxRows + 100 {
		id := [32]byte{byte(i), byte(i >> 8), 1}
		tips = append(tips, merkle.Tip{Log: id, Head: id, Seq: uint64(i)})
	}
	return tips, nil
}

func TestManyLogs(t *testing.T) {
	ann := newNode(t, "ann", users("ann", "bob")...)
	r := newRaw(t, ann, newUser("bob"))
	r.e.logs = crowd{ann}
	got := 0
	for _, f := range r.open() {
		st, ok := f.(*state)
		if !ok {
			t.Fatalf("a frame of type %d", f.kind())
		}
		got += len(st.Rows)
		if more := st.Flags&flagMore != 0; more != (got < maxRows+100) {
			t.Errorf("%d rows came, more to come: %t", got, more)
		}
		for i := range st.Rows { // the same heads, so nothing is missing here
			st.Rows[i].Seq++
		}
		r.send(st)
	}
	s := r.e.byConv[group]
	if s == nil || got != maxRows+100 || s.claimed != got {
		t.Errorf("%d rows sent, %+v", got, s)
	}
}
