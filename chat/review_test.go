package chat

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"causeway/group"
	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// admit adds b to a's group and hands it the welcome.
func admit(a, b *user, c merkle.ID) Welcome {
	a.t.Helper()
	var wc Welcome
	a.do(c, func(w *Writer) (err error) { wc, err = w.Add(b.uid, group.HistoryAll); return err })
	return wc
}

// A contact welcomes a user to a group with a log that is in use elsewhere: had
// it its way, the log would have two entries with one seq, and be reported.
func TestWelcomeTakesOnlyALogThatWasOfferedToItsSender(t *testing.T) {
	alice, bob, mallory := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Mallory")
	c := befriend(alice, bob)
	offer(mallory, bob)
	hers := foundGroup(mallory, Shared)
	wc := admit(mallory, bob, hers)
	try := func(from identity.UID, wc Welcome) error {
		return bob.db.Update(func(tx *store.Tx) error { _, err := bob.set.Join(tx, begin, from, wc); return err })
	}
	used := wc
	used.Log = bob.state(c).Log
	if err := try(mallory.uid, used); err == nil {
		t.Error("a welcome with the log of another conversation is taken")
	}
	if err := try(alice.uid, wc); err == nil {
		t.Error("a welcome with a log that was offered to somebody else is taken")
	}
	if err := try(mallory.uid, wc); err != nil {
		t.Fatal(err)
	}
	again := wc
	again.Group = merkle.ID{7}
	if err := try(mallory.uid, again); err == nil {
		t.Error("one log is taken into two conversations")
	}
}

func TestWelcomeDoesNotTouchAConversationOneIsIn(t *testing.T) {
	alice, bob, mallory := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Mallory")
	c := befriend(alice, bob)
	offer(mallory, bob)
	wc := admit(mallory, bob, foundGroup(mallory, Shared))
	wc.Group = c
	wc.Keys[0].Rank = 1 << 63
	_ = bob.db.Update(func(tx *store.Tx) error { _, err := bob.set.Join(tx, begin, mallory.uid, wc); return err })
	bob.say(c, "still mine")
	err := bob.db.View(func(tx *store.Tx) error {
		if n := len(bob.set.Get(c).Secrets(tx)); n != 1 {
			t.Errorf("%d secrets", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	bob.reopen()
}

func TestRemovedAndAddedAgain(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	offer(alice, bob)
	c := foundGroup(alice, Shared)
	join(bob, alice.uid, admit(alice, bob, c))
	bob.pull(alice, c)
	bob.say(c, "one")
	alice.pull(bob, c)
	alice.do(c, func(w *Writer) error { return w.Remove(bob.uid, "") })
	bob.pull(alice, c)
	join(bob, alice.uid, admit(alice, bob, c))
	bob.reopen() // before it wrote on its new log
	bob.pull(alice, c)
	bob.reopen()
	bob.say(c, "two")
	alice.pull(bob, c)
	if got := alice.texts(c); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("Alice reads %q", got)
	}
}

func TestWelcomeOfAGroupWithManyKeys(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	offer(alice, bob)
	c := foundGroup(alice, Shared)
	for range 30 {
		alice.do(c, func(w *Writer) error { return w.Rekey() })
	}
	wc := admit(alice, bob, c)
	join(bob, alice.uid, wc)
	best := alice.state(c).epochs
	var newest Secrets
	for _, k := range wc.Keys {
		if k.Rank > newest.Rank {
			newest = k
		}
	}
	if newest.Mbx == [32]byte{} || len(best) != 31 {
		t.Errorf("the newest key is not among the %d of the welcome", len(wc.Keys))
	}
	bob.pull(alice, c)
	bob.say(c, "in")
}

// Two messages from the far future in a row: the second has the first as parent.
func TestAttack27_FarFutureIsShownInOurTime(t *testing.T) {
	for _, wall := range []uint64{1 << 50, 1 << 62, 1<<64 - 1} {
		alice, mallory := newUser(t, "Alice"), newUser(t, "Mallory")
		c := befriend(alice, mallory)
		for i := range 3 {
			mallory.do(c, func(w *Writer) error { return rawAt(w, wall, "m"+strconv.Itoa(i)) })
		}
		alice.pull(mallory, c)
		alice.say(c, "after")
		page := alice.timeline(c)
		for _, m := range page {
			if m.Time.After(begin.Add(aheadMillis*time.Millisecond)) || m.Time.Year() < 1970 {
				t.Errorf("%q is shown at %v", m.Text, m.Time)
			}
		}
		if got := alice.texts(c); !slices.Equal(got, []string{"m0", "m1", "m2", "after"}) {
			t.Errorf("wall %d: Alice reads %q", wall, got)
		}
	}
}

func rawAt(w *Writer, wall uint64, text string) error {
	b, err := wire.Marshal(&textBody{Text: text})
	if err != nil {
		return err
	}
	return rawWall(w, KindText, wall, b)
}

// A member says of an epoch that thousands can read it, again and again.
func TestLongListsOfReadersDoNotStopTheConversation(t *testing.T) {
	alice, mallory := newUser(t, "Alice"), newUser(t, "Mallory")
	c := befriend(alice, mallory)
	mallory.say(c, "hello")
	for i := range 60 {
		share := shareBody{Epoch: c}
		for j := range 2500 {
			share.To = append(share.To, identity.UID{1, byte(i), byte(j), byte(j >> 8)})
		}
		sortUIDs(share.To)
		mallory.do(c, func(w *Writer) error {
			e := w.best()
			key, _ := e.keys.Key()
			_, kems, contents := w.recipients(key, nil)
			_, err := w.appendSlots(KindShare, &share, e.keys.Ctl(), kems, contents)
			return err
		})
	}
	mallory.say(c, "still there?")
	for _, b := range mallory.blocks(c) {
		alice.do(c, func(w *Writer) error { _, err := w.Receive([]merkle.Block{b}); return err })
	}
	if n := len(alice.state(c).epochs[c].to); n > 2 {
		t.Errorf("%d readers of the first epoch are remembered", n)
	}
	if got := alice.texts(c); !slices.Equal(got, []string{"hello", "still there?"}) {
		t.Errorf("Alice reads %q", got)
	}
}

// A device whose own log is stopped goes on receiving.
func TestStoppedLogStillReceivesForksAndLeaves(t *testing.T) {
	alice, bob, carol := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Carol")
	c := foundGroup(alice, Shared)
	for _, u := range []*user{bob, carol} {
		offer(alice, u)
		join(u, alice.uid, admit(alice, u, c))
	}
	bob.pull(alice, c)
	carol.pull(alice, c)
	forkOf(alice, func(twin *user) { alice.say(c, "1"); twin.say(c, "2"); alice.pull(twin, c) })
	if !alice.state(c).stopped {
		t.Fatal("Alice's log goes on")
	}
	alice.reopen() // the other branch is no damage (found by tests/sim, seed 94)
	forkOf(bob, func(twin *user) {
		bob.say(c, "3")
		twin.say(c, "4")
		alice.pull(bob, c)
		alice.pull(twin, c)
	})
	carol.do(c, func(w *Writer) error { return w.Leave() })
	alice.pull(carol, c)
}

func forkOf(u *user, f func(twin *user)) { f(u.copyOf()) }

// A store that is behind its own log must not write on it, a rekey included.
func TestRekeyOfARestoredStoreForksNothing(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	lost := alice.copyOf()
	alice.say(c, "two")
	bob.pull(alice, c)
	lost.pull(bob, c)
	old := lost.state(c).Log
	lost.do(c, func(w *Writer) error { return w.Rekey() })
	if lost.state(c).Log == old {
		t.Error("a restored store went on with its old log")
	}
}

// Who says that it has more of our log than there is has not read what we write next.
func TestReceiptsForWhatIsNotWrittenCountForNothing(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	alice.do(c, func(w *Writer) error { return w.Seen(w.State().Log, bob.state(c).Log, 1<<40) })
	id := alice.say(c, "next")
	alice.do(c, func(w *Writer) error {
		m, err := w.c.Message(w.tx, w.s, id)
		if err != nil {
			return err
		}
		d, err := w.c.Delivered(w.tx, m)
		if len(d) != 0 {
			t.Error("delivered, before it was written")
		}
		return err
	})
}

// A member announces another's KEM key as its own: nobody's rekey may fail.
func TestTwoUsersWithOneKEMKeyDoNotStopARekey(t *testing.T) {
	alice, bob, bill := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Bill") // of one key in the lab
	bill.me.KEMs, bill.me.Own = bob.me.KEMs, bob.me.Own
	bill.reopen()
	c := foundGroup(alice, Shared)
	for _, u := range []*user{bob, bill} {
		offer(alice, u)
		join(u, alice.uid, admit(alice, u, c))
	}
	alice.do(c, func(w *Writer) error { return w.Rekey() })
	alice.say(c, "both")
	for _, u := range []*user{bob, bill} {
		u.pull(alice, c)
		if got := u.texts(c); !slices.Equal(got, []string{"both"}) {
			t.Errorf("%s reads %q", u.name, got)
		}
	}
}

// A member without history changes the key; a newcomer with history reads all.
func TestAKeyFromAMemberWithoutHistoryDoesNotCutIt(t *testing.T) {
	alice, bob, carol := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Carol")
	c := foundGroup(alice, Shared)
	alice.say(c, "old days")
	offer(alice, bob)
	offer(alice, carol)
	var wc Welcome
	alice.do(c, func(w *Writer) (err error) { wc, err = w.Add(bob.uid, group.HistoryNone); return err })
	join(bob, alice.uid, wc)
	bob.pull(alice, c)
	bob.do(c, func(w *Writer) error { return w.Rekey() })
	bob.do(c, func(w *Writer) error { return w.Rekey() })
	alice.pull(bob, c)
	alice.do(c, func(w *Writer) error { return w.Rekey() })
	join(carol, alice.uid, admit(alice, carol, c))
	carol.pull(alice, c)
	if got := carol.texts(c); !slices.Equal(got, []string{"old days"}) {
		t.Errorf("Carol reads %q", got)
	}
	bob.pull(alice, c)
	if got := bob.texts(c); len(got) != 0 {
		t.Errorf("Bob reads %q", got)
	}
}

// A newcomer is given the keys that were made since a time, and none before.
func TestHistorySinceATime(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := foundGroup(alice, Shared)
	offer(alice, bob)
	for day, text := range []string{"old", "recent"} {
		now := begin.AddDate(0, 0, day)
		_, err := alice.at(now, c, func(w *Writer) error {
			if err := w.Rekey(); err != nil {
				return err
			}
			_, err := w.Say(Text{Text: text})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add := func(since time.Time) (wc Welcome, err error) {
		_, err = alice.at(begin.AddDate(0, 0, 2), c, func(w *Writer) (err error) { wc, err = w.AddSince(bob.uid, since); return err })
		return wc, err
	}
	if _, err := add(begin.AddDate(0, 0, 2)); !errors.Is(err, ErrNoChange) {
		t.Errorf("no key is that young: %v", err)
	}
	wc, err := add(begin.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	alice.say(c, "now")
	join(bob, alice.uid, wc)
	bob.pull(alice, c)
	if got := bob.texts(c); !slices.Equal(got, []string{"now", "recent"}) && !slices.Equal(got, []string{"recent", "now"}) {
		t.Errorf("Bob reads %q", got)
	}
}

// A rekey links to an epoch that is none.
func TestLinkToNothingIsAbsent(t *testing.T) {
	for _, h := range []History{Shared, Forward} {
		alice, mallory := newUser(t, "Alice"), newUser(t, "Mallory")
		offer(alice, mallory)
		c := foundGroup(alice, h)
		join(mallory, alice.uid, admit(alice, mallory, c))
		mallory.pull(alice, c)
		hello := mallory.say(c, "hello")
		for _, id := range []merkle.ID{{9}, hello, c} {
			mallory.do(c, func(w *Writer) error {
				key, other := seal.NewKey(), seal.NewKey()
				k := seal.Derive([32]byte(c), key)
				wrap, err := seal.Link(k, seal.Derive([32]byte(c), other), [32]byte(id), true)
				if err != nil {
					return err
				}
				to, kems, contents := w.recipients(key, nil)
				_, err = w.appendSlots(KindRekey, &rekeyBody{To: to, Links: []link{{Parent: id, Wrap: wrap}}}, k.Ctl(), kems, contents)
				return err
			})
		}
		alice.pull(mallory, c)
		alice.say(c, "fine")
	}
}

func TestWhatIsNotForANewcomerIsNotMissing(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	offer(alice, bob)
	c := foundGroup(alice, Forward)
	for i := range 100 {
		alice.say(c, strconv.Itoa(i))
	}
	var wc Welcome
	alice.do(c, func(w *Writer) (err error) { wc, err = w.Add(bob.uid, group.HistoryNone); return err })
	join(bob, alice.uid, wc)
	bob.pull(alice, c)
	err := bob.db.View(func(tx *store.Tx) error {
		if n := bob.set.Get(c).Unread(tx); n != 0 {
			t.Errorf("%d entries wait for keys that never come", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
