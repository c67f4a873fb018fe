package dagsync

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A world holds nodes and the streams between them, and runs them one event at a
// time in an order that its seed decides.
type world struct {
	t       testing.TB
	seed    uint64
	rng     *rand.Rand
	now     time.Time
	nodes   []*node
	ledgers map[*node]*ledger
	leases  map[*node]*leases
	links   []*link
	dirty   map[*engine]bool
	events  []Event
	spy     func(from, to *node, frame []byte) // sees each frame that arrives
}

// A link is a stream: the dialer's end is 0.
type link struct {
	nodes   [2]*node
	engines [2]*engine
	queues  [2][][]byte // frames on the way from each end
	err     error       // why it ended
	blame   *node       // whose end broke the protocol, as the other sees it
}

func newWorld(t testing.TB, seed uint64, nodes ...*node) *world {
	w := &world{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 6)), now: time.Unix(1_800_000_000, 0),
		nodes: nodes, ledgers: map[*node]*ledger{}, leases: map[*node]*leases{}, dirty: map[*engine]bool{},
	}
	for _, n := range nodes {
		w.ledgers[n], w.leases[n] = newLedger(), newLeases()
		n.onAdd = func() { w.announce(n) }
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return w
}

// dial opens a stream; the dialer offers the conversations, none: all.
func (w *world) dial(a, b *node, convs ...Conv) *link {
	l := &link{nodes: [2]*node{a, b}}
	for i, n := range l.nodes {
		c := config{logs: n, self: n.id, peer: l.nodes[1-i].id, role: role(i), ledger: w.ledgers[n], leases: w.leases[n]}
		for j := range c.nonce {
			c.nonce[j] = byte(w.rng.Uint32())
		}
		l.engines[i] = newEngine(c, w.now)
	}
	w.links = append(w.links, l)
	w.check(l, 0, l.engines[0].offer(w.now, convs))
	return l
}

// check ends a link whose engine found an error.
func (w *world) check(l *link, end int, err error) {
	if err == nil || l.err != nil {
		return
	}
	l.err = err
	if errors.Is(err, errProtocol) {
		l.blame = l.nodes[1-end]
		w.ledgers[l.nodes[end]].banish(l.nodes[1-end].id, w.now)
	}
	w.cut(l)
}

// cut ends a stream; frames on the way are lost.
func (w *world) cut(l *link) {
	for _, e := range l.engines {
		e.end()
		w.events = append(w.events, e.takeEvents()...)
		delete(w.dirty, e)
	}
	w.links = slices.DeleteFunc(w.links, func(o *link) bool { return o == l })
}

// announce tells a node's engines that the group has changed there.
func (w *world) announce(n *node) {
	for _, l := range w.links {
		for i, e := range l.engines {
			if l.nodes[i] == n {
				w.dirty[e] = true
			}
		}
	}
}

// step lets one end of one link do something; it says whether anything was done.
func (w *world) step(l *link, end int) bool {
	e, did := l.engines[end], false
	if w.dirty[e] {
		delete(w.dirty, e)
		did = true
		w.check(l, end, e.announce(w.now, group))
	}
	if q := l.queues[1-end]; l.err == nil && len(q) > 0 && !e.full() {
		l.queues[1-end] = q[1:]
		did = true
		if w.spy != nil {
			w.spy(l.nodes[1-end], l.nodes[end], q[0])
		}
		w.check(l, end, e.handle(w.now, q[0]))
	}
	if l.err == nil {
		w.check(l, end, e.tick(w.now))
	}
	if l.err == nil && len(l.queues[end]) < 4 {
		frame, err := e.next(w.now)
		w.check(l, end, err)
		if frame != nil {
			did = true
			l.queues[end] = append(l.queues[end], frame)
		}
	}
	w.events = append(w.events, e.takeEvents()...)
	return did
}

// round lets random ends act; it says whether anything was done.
func (w *world) round() bool {
	did := false
	links := slices.Clone(w.links)
	w.rng.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
	for _, l := range links {
		end := w.rng.IntN(2)
		for _, i := range []int{end, 1 - end} {
			if l.err == nil && slices.Contains(w.links, l) {
				did = w.step(l, i) || did
			}
		}
	}
	return did
}

// settle runs until nothing happens for d of virtual time.
func (w *world) settle(d time.Duration) {
	w.t.Helper()
	rest := w.now.Add(d)
	for range 200_000 {
		if w.round() {
			rest = w.now.Add(d)
			continue
		}
		if !w.now.Before(rest) {
			return
		}
		w.now = w.nextDeadline(rest)
	}
	w.t.Fatalf("seed %d: the streams never come to rest", w.seed)
}

// nextDeadline is when the first engine has something to do, or t.
func (w *world) nextDeadline(t time.Time) time.Time {
	for _, l := range w.links {
		for _, e := range l.engines {
			if d := e.deadline(); d.Before(t) {
				t = latest(d, w.now.Add(time.Millisecond))
			}
		}
	}
	return t
}

// same fails the test unless all nodes have the same entries.
func (w *world) same(nodes ...*node) {
	w.t.Helper()
	want := nodes[0].ids()
	for _, n := range nodes[1:] {
		got := n.ids()
		for id := range want {
			if !got[id] {
				w.t.Fatalf("seed %d: %s has %d entries, %s %d; %s is missing", w.seed, nodes[0].name, len(want), n.name, len(got), id)
			}
		}
		if len(got) != len(want) {
			w.t.Fatalf("seed %d: %s has %d entries, %s %d", w.seed, nodes[0].name, len(want), n.name, len(got))
		}
	}
}

func (w *world) hasEvent(k EventKind, at, with *node) bool {
	return slices.ContainsFunc(w.events, func(ev Event) bool { return ev.Kind == k && ev.Peer == with.id && ev.Log == with.log() })
}
