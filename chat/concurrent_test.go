package chat

import (
	"fmt"
	"sync"
	"testing"

	"causeway/group"
)

// Changes that wait for the same fsync see each other: none is lost from memory
// until the next start.
func TestChangesOnTheirWayToTheDiskSeeEachOther(t *testing.T) {
	alice := newUser(t, "Alice")
	var friends []*user
	for i := range 6 {
		u := newUser(t, fmt.Sprintf("Friend%d", i))
		offer(alice, u)
		friends = append(friends, u)
	}
	c := foundGroup(alice, Shared)
	var all sync.WaitGroup
	for _, u := range friends {
		all.Go(func() {
			if _, err := alice.try(c, func(w *Writer) error { _, err := w.Add(u.uid, group.HistoryAll); return err }); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := alice.try(c, func(w *Writer) error { return w.Rekey() }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	inMemory := len(alice.state(c).Fold.Members())
	keys := len(alice.state(c).epochs)
	alice.reopen()
	if n := len(alice.state(c).Fold.Members()); n != 7 || inMemory != 7 {
		t.Errorf("%d members in memory, %d in the store, want 7", inMemory, n)
	}
	if n := len(alice.state(c).epochs); n != keys {
		t.Errorf("%d keys in memory, %d in the store", keys, n)
	}
}
