package chat

import (
	"testing"
	"time"

	"causeway/identity"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// user is one person with one device and a store of its own.
type user struct {
	t    testing.TB
	name string
	db   *store.DB
	set  *Set
	uid  identity.UID
	me   Me
}

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newUser(t testing.TB, name string) *user {
	t.Helper()
	root, device := identity.NewRoot(), identity.NewDevice()
	kem := seal.KEMFromSeed([32]byte{1, byte(len(name)), name[0]})
	u := &user{t: t, name: name, db: store.OpenMemory(), uid: root.Card().UID()}
	u.me = Me{
		UID: u.uid, Device: device, Chain: []identity.DeviceCert{root.Certify(device.Public())},
		Card: root.Card(), Name: name, KEMs: []*seal.KEM{kem}, Own: []*seal.KEM{kem},
	}
	t.Cleanup(func() { u.db.Close() })
	u.reopen()
	return u
}

// reopen loads everything from the store again, as after a restart.
func (u *user) reopen() {
	u.t.Helper()
	set, err := Open(u.db, u.me)
	if err != nil {
		u.t.Fatal(err)
	}
	u.set = set
}

func (u *user) do(c merkle.ID, f func(w *Writer) error) Received {
	u.t.Helper()
	got, err := u.try(c, f)
	if err != nil {
		u.t.Fatalf("%s: %v", u.name, err)
	}
	return got
}

func (u *user) try(c merkle.ID, f func(w *Writer) error) (got Received, err error) {
	return u.at(begin, c, f)
}

func (u *user) at(now time.Time, c merkle.ID, f func(w *Writer) error) (got Received, err error) {
	err = u.db.Update(func(tx *store.Tx) error {
		w := u.set.Get(c).Write(tx, now)
		if err := f(w); err != nil {
			return err
		}
		got = w.Got()
		return nil
	})
	return got, err
}

func (u *user) say(c merkle.ID, text string) merkle.ID {
	u.t.Helper()
	var id merkle.ID
	u.do(c, func(w *Writer) error {
		m, err := w.Say(Text{Text: text})
		id = m.ID
		return err
	})
	return id
}

func (u *user) newLog() *identity.Leaf {
	u.t.Helper()
	var leaf *identity.Leaf
	if err := u.db.Update(func(tx *store.Tx) (err error) { leaf, err = u.set.NewLog(tx); return err }); err != nil {
		u.t.Fatal(err)
	}
	return leaf
}

// blocks returns everything of a conversation in delivery order.
func (u *user) blocks(c merkle.ID) (out []merkle.Block) {
	u.t.Helper()
	err := u.db.View(func(tx *store.Tx) error {
		es, err := u.set.Get(c).dag.Missing(tx, nil)
		for _, e := range es {
			out = append(out, e.Block())
		}
		return err
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return out
}

// pull gives u all that v has of a conversation.
func (u *user) pull(v *user, c merkle.ID) Received {
	u.t.Helper()
	blocks := v.blocks(c)
	return u.do(c, func(w *Writer) error {
		res, err := w.Receive(blocks)
		for _, r := range res.Refused {
			u.t.Errorf("%s refuses %v: %v", u.name, r.ID, r.Err)
		}
		return err
	})
}

// texts returns what a conversation says, in display order.
func (u *user) texts(c merkle.ID) (out []string) {
	u.t.Helper()
	err := u.db.View(func(tx *store.Tx) error {
		page, err := u.set.Get(c).Timeline(tx, Page{Limit: 1000})
		for _, m := range page {
			if m.Kind == KindText && m.Verdict.Live() {
				out = append(out, m.Text)
			}
		}
		return err
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return out
}

func (u *user) state(c merkle.ID) *State { return u.set.Get(c).State() }

// befriend makes the 1:1 conversation of two users, which a founds.
func befriend(a, b *user) merkle.ID {
	a.t.Helper()
	theirs := b.newLog()
	mine := a.newLog()
	var c *Conversation
	var found merkle.Entry
	err := a.db.Update(func(tx *store.Tx) (err error) {
		c, found, err = a.set.Found(tx, begin, Founding{Shape: Direct, History: Forward, Mine: mine, Founders: []*identity.Leaf{theirs}})
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	err = b.db.Update(func(tx *store.Tx) error {
		_, _, err := b.set.Adopt(tx, begin, found.Block(), merkle.LogKey(theirs.Log), a.uid)
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	a.pull(b, c.ID)
	return c.ID
}

// offer gives a some log keys by which it may add b to groups.
func offer(a, b *user) {
	a.t.Helper()
	var o Offers
	err := b.db.Update(func(tx *store.Tx) (err error) { o, err = b.set.MakeOffers(tx, a.uid, 3); return err })
	if err != nil {
		a.t.Fatal(err)
	}
	p, err := newPlain(KindOffers, 0, &o)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.db.Update(func(tx *store.Tx) error { return a.set.KeepOffers(tx, b.uid, p.Payload) }); err != nil {
		a.t.Fatal(err)
	}
}

func foundGroup(a *user, h History) merkle.ID {
	a.t.Helper()
	mine := a.newLog()
	var c *Conversation
	err := a.db.Update(func(tx *store.Tx) (err error) {
		c, _, err = a.set.Found(tx, begin, Founding{Shape: Group, History: h, Name: "team", Mine: mine})
		return err
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return c.ID
}

// join brings the newcomer b its welcome.
func join(b *user, from identity.UID, wc Welcome) {
	b.t.Helper()
	if err := b.db.Update(func(tx *store.Tx) error { _, err := b.set.Join(tx, begin, from, wc); return err }); err != nil {
		b.t.Fatal(err)
	}
}

// copyStore copies every key that rooms below chat, and chat, own.
func copyStore(t testing.TB, from *store.DB) *store.DB {
	t.Helper()
	to := store.OpenMemory()
	t.Cleanup(func() { to.Close() })
	err := from.View(func(in *store.Tx) error {
		return to.Update(func(out *store.Tx) error {
			for _, s := range []store.Space{store.SpaceMerkle, store.SpaceChat} {
				for k, v := range in.Scan(store.Key(s)) {
					if err := out.Set(k, v); err != nil {
						return err
					}
				}
			}
			return in.Err()
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
