package chat

import (
	"testing"

	"causeway/group"
	"causeway/merkle"
)

// Who left a group and was added again wrote with two logs: both are its own, and
// a receipt for the first that comes after the return counts, too.
func TestWhatWasSaidBeforeAReturnIsOwn(t *testing.T) {
	alice, bob, carol := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Carol")
	offer(alice, bob)
	offer(alice, carol)
	c := foundGroup(alice, Shared)
	add := func(u *user) {
		alice.do(c, func(w *Writer) error {
			wc, err := w.Add(u.uid, group.HistoryAll)
			if err == nil {
				join(u, alice.uid, wc)
			}
			return err
		})
		u.pull(alice, c)
	}
	add(carol)
	add(bob)
	first := bob.state(c).Log
	own := map[merkle.ID]bool{bob.say(c, "before"): true}
	alice.pull(bob, c)
	alice.do(c, func(w *Writer) error { return w.Remove(bob.uid, "") })
	bob.pull(alice, c)
	add(bob)
	own[bob.say(c, "after")] = true
	if now := bob.state(c).Log; now == first {
		t.Fatal("the return is on the old log: this test shows nothing")
	}
	alice.pull(bob, c)
	carol.pull(alice, c)
	carol.say(c, "I have both")
	bob.pull(carol, c)
	for _, when := range []string{"now", "after a restart"} {
		for _, m := range bob.timeline(c) {
			if m.Kind == KindText && m.Own != own[m.ID] {
				t.Errorf("%s: %q is own: %v", when, m.Text, m.Own)
			}
			if !own[m.ID] {
				continue
			}
			bob.do(c, func(w *Writer) error {
				d, err := w.c.Delivered(w.tx, m)
				if _, ok := d[carol.uid]; !ok {
					t.Errorf("%s: %q is delivered to %v, and not to Carol", when, m.Text, d)
				}
				return err
			})
		}
		bob.reopen()
	}
	for _, m := range alice.timeline(c) {
		if m.Own && m.Kind == KindText {
			t.Errorf("Alice: %q is own", m.Text)
		}
	}
}
