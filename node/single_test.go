package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"causeway/contact"
)

// Seed 1 of the swarm: the loop that goes through the links came by while one was
// being accepted, and told the user that it was used.
func TestOneIntroductionOfAnInviteAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &Node{}
		id, other := contact.InviteID{1}, contact.InviteID{2}
		for _, free := range []contact.InviteID{id, other} {
			if err := n.intros.enter(t.Context(), free); err != nil {
				t.Fatal(err)
			}
		}
		waited := make(chan error)
		ended, end := context.WithCancel(t.Context())
		go func() {
			_, err := n.introduceOne(ended, id) // which would fail without a store
			waited <- err
		}()
		synctest.Wait()
		select {
		case err := <-waited:
			t.Fatalf("two at a time: %v", err)
		default:
		}
		end()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("entered with %v", err)
		}
		n.intros.leave(id)
		if err := n.intros.enter(t.Context(), id); err != nil {
			t.Error(err)
		}
	})
}
