package chat

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"causeway/group"
	"causeway/identity"
	"causeway/seal"
)

// Two admins add Bob at once, and he keeps the second welcome; later one of them
// removes him and adds him again.
func TestAStaleWelcomeIsNotTaken(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	carol := newUser(t, "Carol")
	for bytes.Compare(carol.uid[:], alice.uid[:]) < 0 {
		carol = newUser(t, "Carol")
	}
	offer(alice, bob)
	offer(carol, bob)
	offer(alice, carol)
	c := foundGroup(alice, Shared)
	var wc Welcome
	alice.do(c, func(w *Writer) (err error) { wc, err = w.Add(carol.uid, group.HistoryAll); return err })
	join(carol, alice.uid, wc)
	carol.pull(alice, c)
	alice.pull(carol, c)
	alice.do(c, func(w *Writer) error { return w.Promote(carol.uid) })
	carol.pull(alice, c)
	var w1, w2, w3 Welcome
	carol.do(c, func(w *Writer) (err error) { w2, err = w.Add(bob.uid, group.HistoryAll); return err })
	alice.do(c, func(w *Writer) (err error) { w1, err = w.Add(bob.uid, group.HistoryAll); return err })
	alice.pull(carol, c)
	carol.pull(alice, c)
	join(bob, alice.uid, w1)
	bob.pull(alice, c)
	join(bob, carol.uid, w2)
	alice.pull(bob, c)
	alice.do(c, func(w *Writer) error { return w.Remove(bob.uid, "") })
	upTo := alice.blocks(c)
	alice.do(c, func(w *Writer) (err error) { w3, err = w.Add(bob.uid, group.HistoryAll); return err })
	join(bob, alice.uid, w3)
	bob.do(c, func(w *Writer) error { _, err := w.Receive(upTo); return err })
	got := bob.state(c).Log
	if got != w3.Log {
		t.Errorf("Bob writes %x; he was added with %x, %x, and at last %x", got[:3], w1.Log[:3], w2.Log[:3], w3.Log[:3])
	}
}

// A hostile admin adds more people than a key can be sealed to: the others can
// still speak, and remove it.
func TestACrowdStopsNobody(t *testing.T) {
	alice, mallory := newUser(t, "Alice"), newUser(t, "Mallory")
	offer(alice, mallory)
	c := foundGroup(alice, Shared)
	var wc Welcome
	alice.do(c, func(w *Writer) (err error) { wc, err = w.Add(mallory.uid, group.HistoryAll); return err })
	join(mallory, alice.uid, wc)
	mallory.pull(alice, c)
	alice.pull(mallory, c)
	alice.do(c, func(w *Writer) error { return w.Promote(mallory.uid) })
	mallory.pull(alice, c)
	pat := newUser(t, "Patricia")
	offer(alice, pat)
	alice.do(c, func(w *Writer) (err error) { wc, err = w.Add(pat.uid, group.HistoryAll); return err })
	join(pat, alice.uid, wc)
	pat.pull(alice, c)
	alice.pull(pat, c)
	mallory.pull(alice, c)
	for i := range 66 {
		l := newUser(t, fmt.Sprintf("%c%s", 'a'+i%26, strings.Repeat("x", i/26+8))).newLog()
		mallory.do(c, func(w *Writer) error {
			_, err := w.control(KindGrant, &grantBody{Leaf: l.Encode(), History: uint8(group.HistoryAll)})
			return err
		})
	}
	alice.pull(mallory, c)
	if n := len(alice.state(c).Fold.Members()); n <= MaxMembers {
		t.Fatalf("%d members", n)
	}
	if _, err := alice.try(c, func(w *Writer) error { return w.Remove(mallory.uid, "") }); err != nil {
		t.Errorf("Alice removes Mallory: %v", err)
	}
	if _, err := alice.try(c, func(w *Writer) error { _, err := w.Say(Text{Text: "hello"}); return err }); err != nil {
		t.Errorf("Alice speaks: %v", err)
	}
	pat.do(c, func(w *Writer) error {
		_, err := w.append(KindRevoke, &targetBody{Target: alice.uid}, w.best().keys.Ctl())
		return err
	})
	blocks := pat.blocks(c)
	alice.do(c, func(w *Writer) error {
		if _, err := w.Receive(blocks); err != nil {
			return err
		}
		return w.KeepOrder()
	})
}

// A removal by somebody who may not remove has no effect, also not on what others
// write.
func TestAPowerlessRemovalMakesNobodyWrite(t *testing.T) {
	alice, bob, mallory := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Mallory")
	c := foundGroup(alice, Forward)
	for _, u := range []*user{bob, mallory} {
		offer(alice, u)
		var wc Welcome
		alice.do(c, func(w *Writer) (err error) { wc, err = w.Add(u.uid, group.HistoryNone); return err })
		join(u, alice.uid, wc)
		u.pull(alice, c)
		alice.pull(u, c)
	}
	bob.pull(alice, c)
	mallory.pull(alice, c)
	mallory.do(c, func(w *Writer) error {
		_, err := w.append(KindRevoke, &targetBody{Target: bob.uid}, w.best().keys.Ctl())
		return err
	})
	for range 5 {
		mallory.do(c, func(w *Writer) error {
			key := seal.NewKey()
			k := seal.Derive([32]byte(w.c.ID), key)
			to, kems, contents := w.recipients(key, []identity.UID{mallory.uid, alice.uid})
			e, err := w.appendSlots(KindRekey, &rekeyBody{To: to}, k.Ctl(), kems, contents)
			if err != nil {
				return err
			}
			return w.adopt(e.ID, k, uint64(w.now.UnixMilli()), to)
		})
		blocks := mallory.blocks(c)
		got := alice.do(c, func(w *Writer) error {
			if _, err := w.Receive(blocks); err != nil {
				return err
			}
			return w.KeepOrder()
		})
		if n := len(alice.blocks(c)) - len(blocks); n > 0 || got.Undone {
			t.Errorf("Alice writes %d entries unasked", n)
		}
		mallory.pull(alice, c)
	}
}
