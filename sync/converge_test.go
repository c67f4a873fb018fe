package dagsync

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"causeway/merkle"
)

// tryWrite appends an entry of a user who may have forked her log, which no
// honest store goes on with.
func (n *node) tryWrite(u user, text string) {
	n.t.Helper()
	if _, err := n.append(u, text, nil); err != nil && !errors.Is(err, merkle.ErrForked) {
		n.t.Fatal(err)
	}
}

// Four honest nodes and a member who shows each of them another branch of her
// log, over streams that break at any frame: all end with the same entries.
func TestAllConverge(t *testing.T) {
	seeds := 24
	if testing.Short() {
		seeds = 6
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { converge(t, seed) })
	}
}

func converge(t *testing.T, seed uint64) {
	us := users("ann", "bob", "cleo", "dan", "mallory")
	var nodes []*node
	for _, u := range us[:4] {
		nodes = append(nodes, newNode(t, u.name, us...))
	}
	w := newWorld(t, seed, nodes...)
	for i := range 150 {
		n := nodes[w.rng.IntN(len(nodes))]
		switch p := w.rng.IntN(100); {
		case p < 40:
			n.write(n.user, text(i))
			w.announce(n)
		case p < 50:
			for j := range 1 + w.rng.IntN(12) {
				n.tryWrite(us[4], text(1000*i+j))
			}
			w.announce(n)
		case p < 60:
			if o := nodes[w.rng.IntN(len(nodes))]; o != n && !w.linked(n, o) {
				w.dial(n, o)
			}
		case p < 65 && len(w.links) > 0:
			w.cut(w.links[w.rng.IntN(len(w.links))])
		case p < 70:
			w.now = w.now.Add(time.Duration(w.rng.IntN(2000)) * time.Millisecond)
		default:
			for range w.rng.IntN(8) {
				w.round()
			}
		}
	}
	for i := range nodes[1:] {
		if !w.linked(nodes[i], nodes[i+1]) {
			w.dial(nodes[i], nodes[i+1])
		}
	}
	w.settle(time.Minute)
	w.same(nodes...)
	for _, l := range w.links {
		if l.err != nil {
			t.Fatal(l.err)
		}
	}
}

func (w *world) linked(a, b *node) bool {
	for _, l := range w.links {
		if l.nodes[0] == a && l.nodes[1] == b || l.nodes[0] == b && l.nodes[1] == a {
			return true
		}
	}
	return false
}

// A stream that breaks after any number of frames costs nothing that the next
// one does not bring.
func TestStreamBreaksAtEveryFrame(t *testing.T) {
	history := logOf(newUser("ann"), 1100)
	for cutAt := 0; cutAt < 26; cutAt += 2 {
		us := users("ann", "bob")
		ann, bob := newNode(t, "ann", us...), newNode(t, "bob", us...)
		w := newWorld(t, uint64(cutAt), ann, bob)
		ann.keep(history)
		bob.write(bob.user, "one")
		l := w.dial(bob, ann)
		arrived := 0
		w.spy = func(_, _ *node, _ []byte) { arrived++ }
		for arrived < cutAt && w.round() {
		}
		w.cut(l)
		w.dial(bob, ann)
		w.settle(time.Second)
		w.same(ann, bob)
		if again := bob.added - len(history); again > maxBatch {
			t.Errorf("cut after %d frames: %d entries came twice", cutAt, again)
		}
	}
}
