package dagsync

import (
	"testing"
	"time"
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
