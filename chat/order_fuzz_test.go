package chat

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"causeway/identity"
	"causeway/merkle"
)

// ending is all that a user sees of a conversation, and all that decides what
// comes next, but for what the user wrote itself (a report of a fork, a new key).
type ending struct {
	texts   []string
	members []string
	epochs  []string
}

func (u *user) ending(c merkle.ID) (e ending) { return u.endingBut(c, u.uid) }

// endingBut leaves out what somebody wrote.
func (u *user) endingBut(c merkle.ID, who identity.UID) (e ending) {
	u.t.Helper()
	for _, m := range u.timeline(c) {
		if m.Author != who {
			e.texts = append(e.texts, fmt.Sprint(m.ID, m.Author, m.Kind, m.Text, m.Verdict))
		}
	}
	s := u.state(c)
	for _, m := range s.Fold.Members() {
		e.members = append(e.members, fmt.Sprintf("%+v", m))
	}
	u.do(c, func(w *Writer) error {
		for id := range s.epochs {
			entry, err := w.c.dag.Get(w.tx, id)
			if err != nil {
				return err
			}
			if entry.Log != s.Log {
				e.epochs = append(e.epochs, id.String())
			}
		}
		return nil
	})
	slices.Sort(e.epochs)
	return e
}

func (e ending) differs(o ending) string {
	for i, pair := range [][2][]string{{e.texts, o.texts}, {e.members, o.members}, {e.epochs, o.epochs}} {
		what := []string{"timeline", "members", "epochs"}[i]
		for n := range max(len(pair[0]), len(pair[1])) {
			x, y := at(pair[0], n), at(pair[1], n)
			if x != y {
				return fmt.Sprintf("%s of %d and %d, line %d:\n%s\n%s", what, len(pair[0]), len(pair[1]), n, x, y)
			}
		}
	}
	return ""
}

// within reports whether all lines stand in others, in the same order.
func within(lines, others []string) bool {
	for _, l := range lines {
		i := slices.Index(others, l)
		if i < 0 {
			return false
		}
		others = others[i+1:]
	}
	return true
}

func at(lines []string, n int) string {
	if n < len(lines) {
		return lines[n]
	}
	return "nothing"
}

// A happening is a group in which people have talked, been added and removed,
// changed keys and forked, all at once; and somebody who has heard of none of it
// since it joined.
type happening struct {
	c      merkle.ID
	reader *user // its store is copied for each run
	blocks []merkle.Block
	want   ending
}

func newHappening(t testing.TB, seed uint64, h History, forked bool) happening {
	w := newWorld(t, seed, h)
	alice, bob, erin := w.users[0], w.users[1], w.users[4]
	for _, v := range w.users[2:4] {
		w.add(alice, v)
	}
	for _, u := range w.users[1:4] {
		u.pull(alice, w.c)
	}
	w.add(alice, erin)
	erin.pull(alice, w.c)
	out := happening{c: w.c, reader: erin.copyOf()}
	w.users = w.users[:4] // the reader's log would have gone on elsewhere: a restored store begins a new one
	// What Bob says now opens for the reader only when somebody has shared his key.
	bob.do(w.c, func(x *Writer) error { return x.Rekey() })
	for n := range 45 {
		if u := w.users[w.r.IntN(len(w.users))]; n%3 == 0 && w.in(u) {
			u.sayAt(w.c, begin.Add(time.Duration(w.r.IntN(9000))*time.Second), fmt.Sprintf("late %d", n))
		}
		w.step(n)
	}
	if forked {
		forkOf(w.users[2], func(twin *user) {
			if !w.in(w.users[2]) {
				return
			}
			w.users[2].say(w.c, "one")
			twin.say(w.c, "two")
			w.users[3].pull(twin, w.c)
		})
	}
	w.heal()
	alice.say(w.c, "and that is all")
	w.heal()
	out.blocks = w.users[0].blocks(w.c)
	plain := out.reader.copyFor(t)
	plain.do(w.c, func(x *Writer) error { _, err := x.Receive(out.blocks); return err })
	out.want = plain.ending(w.c)
	// The order is a function of what one can open, too: without history they differ.
	theirs := alice.endingBut(w.c, erin.uid)
	if h == Shared && !within(out.want.texts, theirs.texts) || !slices.Equal(out.want.members, theirs.members) {
		t.Fatalf("seed %d: Erin and Alice differ: %s", seed, out.want.differs(theirs))
	}
	return out
}

// copyFor is copyOf in a run of its own.
func (u *user) copyFor(t testing.TB) *user {
	t.Helper()
	n := *u
	n.t = t
	n.db = copyStore(t, u.db)
	n.reopen()
	return &n
}

// sayAt says something by a clock of its own.
func (u *user) sayAt(c merkle.ID, now time.Time, text string) {
	u.t.Helper()
	_, err := u.at(now, c, func(w *Writer) error { _, err := w.Say(Text{Text: text}); return err })
	if err != nil {
		u.t.Fatal(err)
	}
}

// dice are decisions that the fuzzer makes; when they are used up all are 0.
type dice struct{ rest []byte }

func (d *dice) roll(n int) int {
	if len(d.rest) == 0 || n <= 1 {
		return 0
	}
	v := int(d.rest[0])
	d.rest = d.rest[1:]
	if n > 256 && len(d.rest) > 0 {
		v |= int(d.rest[0]) << 8
		d.rest = d.rest[1:]
	}
	return v % n
}

// FuzzIngestOrder gives the entries of a happening in any order, some twice, in
// batches of any size, with restarts between: everybody ends alike.
func FuzzIngestOrder(f *testing.F) {
	happenings := []happening{newHappening(f, 1, Shared, false), newHappening(f, 2, Forward, false), newHappening(f, 3, Shared, true), newHappening(f, 4, Forward, true)}
	f.Add([]byte{0})
	f.Add([]byte{1, 3, 9, 200, 4, 7, 77, 1, 250, 33})
	f.Add(slices.Repeat([]byte{2, 255, 1, 128, 17}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := dice{b}
		h := happenings[d.roll(len(happenings))]
		u := h.reader.copyFor(t)
		defer u.db.Close()
		most := 1 + d.roll(len(h.blocks))
		left := slices.Clone(h.blocks)
		var given []merkle.Block
		for len(left) > 0 {
			var batch []merkle.Block
			for range min(len(left), 1+d.roll(most)) {
				i := d.roll(len(left))
				batch = append(batch, left[i])
				left = slices.Delete(left, i, i+1)
			}
			if len(given) > 0 && d.roll(3) == 1 {
				batch = append(batch, given[d.roll(len(given))])
			}
			given = append(given, batch...)
			u.do(h.c, func(w *Writer) error { _, err := w.Receive(batch); return err })
			if d.roll(16) == 15 {
				u.reopen()
			}
		}
		if diff := u.ending(h.c).differs(h.want); diff != "" {
			t.Fatalf("another order, another end: %s", diff)
		}
		u.reopen()
		if diff := u.ending(h.c).differs(h.want); diff != "" {
			t.Fatalf("after a restart: %s", diff)
		}
	})
}
