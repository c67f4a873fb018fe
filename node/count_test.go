package node

import (
	"context"
	"testing"
)

// Status counts every message that waits, however many pages they fill, and none
// of those that arrived before.
func TestStatusCountsAllThatWaits(t *testing.T) {
	ctx := context.Background()
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	m := bob.say("@Alice", "hello")
	bob.until("receipt", func() bool { return bob.stateOf(m) == StateDelivered })
	alice.stop()
	const waiting = 2*waitingPart + 7
	for range waiting {
		bob.say("@Alice", "are you there?")
	}
	s, err := bob.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if s.Queued != waiting || s.Parked != 0 {
		t.Errorf("%d queued, %d parked, want %d queued", s.Queued, s.Parked, waiting)
	}
}
