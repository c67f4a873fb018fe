package chat

import (
	"testing"

	"causeway/group"
	"causeway/store"
)

// A removal is taken by UpdateLater; the welcome that undoes it comes in the next
// transaction, before the disk has the first.
func TestWelcomeRightAfterRemoval(t *testing.T) {
	for _, durable := range []bool{true, false} {
		alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
		offer(alice, bob)
		id := foundGroup(alice, Shared)
		var wc Welcome
		alice.do(id, func(w *Writer) (err error) { wc, err = w.Add(bob.uid, group.HistoryAll); return err })
		join(bob, alice.uid, wc)
		bob.pull(alice, id)
		bob.say(id, "here")
		alice.pull(bob, id)
		alice.do(id, func(w *Writer) error { return w.Remove(bob.uid, "") })
		removal := alice.blocks(id)
		alice.do(id, func(w *Writer) (err error) { wc, err = w.Add(bob.uid, group.HistoryAll); return err })
		slow := make(chan struct{})
		if durable {
			close(slow)
		}
		err := bob.db.UpdateLater(func(tx *store.Tx) error {
			tx.OnCommit(func() { <-slow }) // the disk takes its time
			_, err := bob.set.Get(id).Write(tx, begin).Receive(removal)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if durable {
			if err := bob.db.Update(func(*store.Tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		err = bob.db.UpdateLater(func(tx *store.Tx) error { _, err := bob.set.Join(tx, begin, alice.uid, wc); return err })
		if err != nil {
			t.Fatal(err)
		}
		if !durable {
			close(slow)
		}
		if err := bob.db.Update(func(*store.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if s := bob.state(id); s.Log != wc.Log {
			t.Errorf("durable first %v: the welcome is not taken; still writes on the log that was removed", durable)
		}
	}
}
