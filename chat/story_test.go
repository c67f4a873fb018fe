package chat

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/group"
	"causeway/merkle"
)

func TestTwoPeopleTalk(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	alice.say(c, "hello")
	bob.pull(alice, c)
	bob.say(c, "hello yourself")
	alice.pull(bob, c)
	alice.say(c, "fine")
	bob.pull(alice, c)
	want := []string{"hello", "hello yourself", "fine"}
	for _, u := range []*user{alice, bob} {
		if got := u.texts(c); !slices.Equal(got, want) {
			t.Errorf("%s reads %q", u.name, got)
		}
		u.reopen()
		if got := u.texts(c); !slices.Equal(got, want) {
			t.Errorf("%s reads %q after a restart", u.name, got)
		}
	}
}

func TestBothTalkAtOnceAndOrderAgrees(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	for _, s := range strings.Fields("a b c d e") {
		alice.say(c, "alice "+s)
		bob.say(c, "bob "+s)
	}
	alice.pull(bob, c)
	bob.pull(alice, c)
	if a, b := alice.texts(c), bob.texts(c); len(a) != 10 || !slices.Equal(a, b) {
		t.Fatalf("Alice %q\nBob %q", a, b)
	}
}

func TestAnEntryIsAReceiptForItsPast(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	alice.say(c, "one")
	bob.pull(alice, c)
	bob.do(c, func(w *Writer) error { return w.Ack() })
	late := alice.say(c, "two")
	got := alice.pull(bob, c)
	if len(got.Acked) != 1 {
		t.Fatalf("acknowledged: %+v", got.Acked)
	}
	_ = alice.set.Get(c)
	delivered := func(id merkle.ID) int {
		var n int
		alice.do(c, func(w *Writer) error {
			m, err := w.c.Message(w.tx, w.s, id)
			if err != nil {
				return err
			}
			d, err := w.c.Delivered(w.tx, m)
			n = len(d)
			return err
		})
		return n
	}
	page := alice.timeline(c)
	if n := delivered(page[len(page)-2].ID); n != 1 {
		t.Errorf("the acknowledged message is delivered to %d", n)
	}
	if n := delivered(late); n != 0 {
		t.Errorf("the later message is delivered to %d", n)
	}
}

func TestGroupOfThreeAndARemoval(t *testing.T) {
	for _, h := range []History{Shared, Forward} {
		t.Run(h.String(), func(t *testing.T) { groupStory(t, h) })
	}
}

func groupStory(t *testing.T, h History) {
	alice, bob, carol := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Carol")
	for _, u := range []*user{bob, carol} {
		offer(alice, u)
	}
	c := foundGroup(alice, h)
	first := alice.state(c).Log
	alice.say(c, "before anybody came")
	if alice.state(c).Log != first {
		t.Error("the founder's log did not last")
	}
	full := group.HistoryAll
	if h == Forward {
		full = group.HistoryNone
	}
	for _, u := range []*user{bob, carol} {
		alice.do(c, func(w *Writer) error {
			wc, err := w.Add(u.uid, full)
			if err == nil {
				join(u, alice.uid, wc)
			}
			return err
		})
	}
	alice.say(c, "welcome")
	bob.pull(alice, c)
	carol.pull(alice, c)
	bob.say(c, "thanks")
	for _, u := range []*user{alice, carol} {
		u.pull(bob, c)
	}
	want := []string{"before anybody came", "welcome", "thanks"}
	if h == Forward {
		want = want[1:]
	}
	for _, u := range []*user{bob, carol} {
		if got := u.texts(c); !slices.Equal(got, want) {
			t.Errorf("%s reads %q", u.name, got)
		}
	}
	alice.do(c, func(w *Writer) error { return w.Remove(carol.uid, "") })
	alice.say(c, "now we are two")
	bob.pull(alice, c)
	carol.pull(alice, c) // even with every byte
	if got := bob.texts(c); got[len(got)-1] != "now we are two" {
		t.Errorf("Bob reads %q", got)
	}
	if got := carol.texts(c); !slices.Equal(got, want) {
		t.Errorf("Carol, removed, reads %q", got)
	}
	if _, in := carol.state(c).Fold.Member(carol.uid); in {
		t.Error("Carol has not learned of her removal")
	}
	if _, err := carol.try(c, func(w *Writer) error { _, err := w.Say(Text{Text: "still here"}); return err }); !errors.Is(err, ErrNotMember) {
		t.Errorf("Carol writes: %v", err)
	}
}

func TestNewcomerWithoutHistoryReadsNothingEarlier(t *testing.T) {
	alice, bob, carol := newUser(t, "Alice"), newUser(t, "Bob"), newUser(t, "Carol")
	offer(alice, bob)
	offer(alice, carol)
	c := foundGroup(alice, Shared)
	alice.say(c, "secret of the old days")
	add := func(u *user, h group.History) {
		alice.do(c, func(w *Writer) error {
			wc, err := w.Add(u.uid, h)
			if err == nil {
				join(u, alice.uid, wc)
			}
			return err
		})
		u.pull(alice, c)
	}
	add(bob, group.HistoryNone)
	alice.say(c, "new days")
	add(carol, group.HistoryAll)
	bob.pull(alice, c)
	alice.do(c, func(w *Writer) error { return w.Rekey() }) // and nothing later opens it either
	alice.say(c, "newer days")
	for _, u := range []*user{bob, carol} {
		u.pull(alice, c)
	}
	if got := bob.texts(c); !slices.Equal(got, []string{"new days", "newer days"}) {
		t.Errorf("Bob reads %q", got)
	}
	if got := carol.texts(c); !slices.Equal(got, []string{"secret of the old days", "new days", "newer days"}) {
		t.Errorf("Carol reads %q", got)
	}
}

func TestRoutineRekey(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	keys := func() int { return len(alice.state(c).epochs) }
	alice.say(c, "one")
	if keys() != 1 {
		t.Fatalf("%d keys at first", keys())
	}
	_, err := alice.at(begin.Add(8*24*time.Hour), c, func(w *Writer) error { _, err := w.Say(Text{Text: "a week later"}); return err })
	if err != nil || keys() != 2 {
		t.Fatalf("after a week: %d keys, %v", keys(), err)
	}
	bob.pull(alice, c)
	if got := bob.texts(c); !slices.Equal(got, []string{"one", "a week later"}) {
		t.Errorf("Bob reads %q", got)
	}
}

func TestRestoredStoreStartsANewLog(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	alice.say(c, "one")
	bob.pull(alice, c)
	lost := alice.copyOf() // a backup of Alice's store
	alice.say(c, "two")
	bob.pull(alice, c)
	lost.pull(bob, c)
	old := lost.state(c).Log
	lost.say(c, "three")
	if lost.state(c).Log == old {
		t.Fatal("a restored store went on with its old log")
	}
	bob.pull(lost, c)
	if got := bob.texts(c); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("Bob reads %q", got)
	}
}

func (u *user) timeline(c merkle.ID) (out []Message) {
	u.t.Helper()
	u.do(c, func(w *Writer) (err error) {
		out, err = w.c.Timeline(w.tx, Page{Limit: 1000})
		return err
	})
	return out
}

// copyOf returns the same user in a copy of the store.
func (u *user) copyOf() *user {
	u.t.Helper()
	n := *u
	n.db = copyStore(u.t, u.db)
	n.reopen()
	return &n
}
