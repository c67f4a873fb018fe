package chat

import (
	"bytes"
	"slices"
	"testing"

	"causeway/merkle"
	"causeway/store"
)

// car is a conversation as a file.
func car(t testing.TB, blocks []merkle.Block) []byte {
	t.Helper()
	var b bytes.Buffer
	err := merkle.WriteCAR(&b, func(yield func(merkle.Entry, error) bool) {
		for _, block := range blocks {
			h, err := merkle.DecodeHeader(block.Header)
			if !yield(merkle.Entry{ID: h.ID(), Header: h, Body: block.Body}, err) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzImport reads a file that comes from anywhere: it never fails but by
// refusing, and nothing in it changes what the true entries make.
func FuzzImport(f *testing.F) {
	h := newHappening(f, 1, Shared, false)
	whole := car(f, h.blocks)
	f.Add(uint16(0), byte(0), uint16(0), uint16(0), []byte{})
	f.Add(uint16(90), byte(1), uint16(0), uint16(0), []byte{})
	f.Add(uint16(len(whole)/2), byte(0), uint16(200), uint16(40), []byte("planted"))
	f.Fuzz(func(t *testing.T, at uint16, flip byte, from, length uint16, plant []byte) {
		b := bytes.Clone(whole)
		b[int(at)*7%len(b)] ^= flip
		i := int(from) * 5 % len(b)
		b = slices.Concat(b[:i], plant, b[min(len(b), i+int(length)):])
		var blocks []merkle.Block
		// What comes before the first flaw is taken.
		_ = merkle.ReadCAR(bytes.NewReader(b), func(block merkle.Block) error {
			blocks = append(blocks, block)
			return nil
		})
		u := h.reader.copyFor(t)
		defer u.db.Close()
		for _, part := range [][]merkle.Block{blocks, h.blocks} {
			u.do(h.c, func(w *Writer) error { _, err := w.Receive(part); return err })
		}
		if diff := u.ending(h.c).differs(h.want); diff != "" {
			t.Fatalf("a file changed what is true: %s", diff)
		}
	})
}

// spoken is what entries say inside, for seeds.
func (u *user) spoken(c merkle.ID) (out []plain) {
	u.t.Helper()
	err := u.db.View(func(tx *store.Tx) error {
		w := u.set.Get(c).Write(tx, begin)
		es, err := w.c.dag.Missing(tx, nil)
		for _, e := range es {
			if p, _, err := w.open(e); err == nil {
				out = append(out, p)
			}
		}
		return err
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return out
}

// FuzzMembership lets a member, or an admin, sign any payload as any kind: those
// who hear it agree about the members and all texts, and go on talking. Nobody
// but an admin ends anybody else's membership.
func FuzzMembership(f *testing.F) {
	w := newWorld(f, 4, Shared)
	alice, bob, carol, mallory := w.users[0], w.users[1], w.users[2], w.users[3]
	for _, v := range []*user{carol, mallory} {
		w.add(alice, v)
	}
	alice.say(w.c, "hello")
	for _, u := range w.users[1:4] {
		u.pull(alice, w.c)
	}
	mallory.say(w.c, "hello")
	alice.pull(mallory, w.c)
	for _, p := range alice.spoken(w.c) {
		f.Add(byte(p.Kind), uint64(1), []byte(p.Payload), false)
		f.Add(byte(p.Kind), uint64(1)<<45, []byte(p.Payload), true)
	}
	f.Fuzz(func(t *testing.T, kind byte, wall uint64, payload []byte, admin bool) {
		liar, a, c := mallory.copyFor(t), alice.copyFor(t), carol.copyFor(t)
		if admin {
			liar = bob.copyFor(t)
		}
		for _, u := range []*user{liar, a, c} {
			defer u.db.Close()
		}
		if len(payload) > merkle.MaxBody/2 {
			return
		}
		before := len(a.state(w.c).Fold.Members())
		liar.do(w.c, func(x *Writer) error { return rawWall(x, Kind(kind), wall, payload) })
		a.pull(liar, w.c)
		if n := len(a.state(w.c).Fold.Members()); !admin && n < before-1 {
			t.Fatalf("a plain member left %d of %d members", n, before)
		}
		if _, in := a.state(w.c).Fold.Member(a.uid); in {
			a.say(w.c, "still here")
		}
		c.pull(a, w.c)
		a.pull(c, w.c)
		c.pull(a, w.c)
		if x, y := members(a, w.c), members(c, w.c); !slices.Equal(x, y) {
			t.Fatalf("members differ:\n%v\n%v", x, y)
		}
		_, in := c.state(w.c).Fold.Member(c.uid)
		if x, y := a.texts(w.c), c.texts(w.c); in && !slices.Equal(x, y) {
			t.Fatalf("texts differ:\n%q\n%q", x, y)
		}
		a.reopen()
		if x, y := members(a, w.c), members(c, w.c); !slices.Equal(x, y) {
			t.Fatalf("members differ after a restart:\n%v\n%v", x, y)
		}
	})
}

func members(u *user, c merkle.ID) []string { return u.ending(c).members }
