package chat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"causeway/group"
	"causeway/identity"
	"causeway/merkle"
)

// world is a group of a few people who act in a random order and hear of each
// other only now and then.
type world struct {
	t       testing.TB
	r       *rand.Rand
	users   []*user
	c       merkle.ID
	history group.History
	said    map[string]map[identity.UID]bool // text → who was a member as its author saw it
	barred  map[string]map[identity.UID]bool // text → whose removal its author knew of
	out     map[identity.UID]bool            // was removed once: is not added again
}

func newWorld(t testing.TB, seed uint64, h History) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 7)), said: map[string]map[identity.UID]bool{}, barred: map[string]map[identity.UID]bool{}, out: map[identity.UID]bool{}}
	for _, name := range []string{"Alice", "Bob", "Carol", "Dave", "Erin"} {
		w.users = append(w.users, newUser(t, name))
	}
	for _, a := range w.users[:2] {
		for _, b := range w.users {
			if a != b {
				offer(a, b)
			}
		}
	}
	w.history = group.HistoryAll
	if h == Forward {
		w.history = group.HistoryNone
	}
	w.c = foundGroup(w.users[0], h)
	w.add(w.users[0], w.users[1])
	w.users[1].pull(w.users[0], w.c)
	w.users[0].do(w.c, func(x *Writer) error { return x.Promote(w.users[1].uid) })
	return w
}

// in reports whether a user has joined and knows itself to be a member.
func (w *world) in(u *user) bool {
	c := u.set.Get(w.c)
	if c == nil {
		return false
	}
	_, in := c.State().Fold.Member(u.uid)
	return in
}

func (w *world) add(a, b *user) {
	a.do(w.c, func(x *Writer) error {
		wc, err := x.Add(b.uid, w.history)
		if err == nil {
			join(b, a.uid, wc)
		}
		return err
	})
}

func (w *world) say(u *user, n int) {
	text := fmt.Sprintf("%s %d", u.name, n)
	u.say(w.c, text)
	w.said[text], w.barred[text] = map[identity.UID]bool{}, map[identity.UID]bool{}
	for _, v := range w.users {
		if _, gone := u.state(w.c).Fold.Removed(v.uid); gone {
			w.barred[text][v.uid] = true
		}
	}
	for _, m := range u.state(w.c).Fold.Members() {
		w.said[text][m.User] = true
	}
}

func (w *world) step(n int) {
	u, v := w.users[w.r.IntN(len(w.users))], w.users[w.r.IntN(len(w.users))]
	if u == v || !w.in(u) {
		return
	}
	switch x := w.r.IntN(10); {
	case x < 4:
		if v.set.Get(w.c) != nil {
			v.pull(u, w.c)
		}
	case x < 5 && u.state(w.c).Fold.MayAdmit(u.uid) && !w.out[v.uid] && v.set.Get(w.c) == nil:
		w.add(u, v)
	case x < 6 && n > 20 && v != w.users[1] && u.state(w.c).Fold.MayRemove(u.uid, v.uid):
		u.do(w.c, func(x *Writer) error { return x.Remove(v.uid, "") })
		w.out[v.uid] = true
	default:
		w.say(u, n)
	}
}

// heal gives everybody every byte, also those who may read no more.
func (w *world) heal() {
	for range 2 {
		for _, u := range w.users {
			for _, v := range w.users {
				if u != v && u.set.Get(w.c) != nil && v.set.Get(w.c) != nil {
					u.pull(v, w.c)
				}
			}
		}
	}
}

func TestNobodyReadsWhoMayNotAndEveryMemberReads(t *testing.T) {
	for _, h := range []History{Shared, Forward} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprintf("%s/%d", h, seed), func(t *testing.T) {
				w := newWorld(t, seed, h)
				for n := range 60 {
					w.step(n)
				}
				w.heal()
				for _, u := range w.users { // who speaks next repairs what concurrency left
					if w.in(u) {
						w.say(u, 1000)
						break
					}
				}
				w.heal()
				w.check(h)
			})
		}
	}
}

func (w *world) check(h History) {
	var all []string
	for _, u := range w.users {
		if u.set.Get(w.c) == nil {
			continue
		}
		texts := u.texts(w.c)
		for text, members := range w.said {
			// Policy shared lets a newcomer read what was said before, also by
			// people who had not heard of it.
			if slices.Contains(texts, text) && (w.barred[text][u.uid] || h == Forward && !members[u.uid]) {
				w.t.Errorf("%s reads %q, whose author did not count %s as a member", u.name, text, u.name)
			}
			if members[u.uid] && w.in(u) && w.stands(text) && !slices.Contains(texts, text) {
				w.t.Errorf("%s, a member, cannot read %q", u.name, text)
			}
		}
		if w.in(u) && h == Shared {
			if all == nil {
				all = texts
			}
			if !slices.Equal(texts, all) {
				w.t.Errorf("%s reads\n%q, others\n%q", u.name, texts, all)
			}
		}
	}
}

// stands reports whether the founder counts a message.
func (w *world) stands(text string) bool { return slices.Contains(w.users[0].texts(w.c), text) }
