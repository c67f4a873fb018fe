package merkle

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"causeway/store"
)

// After a fault is known the forker's further entries come in only on the word
// of another user; the rest is kept up to a bound and then refused.
func TestAttack03_ForksAfterTheProof(t *testing.T) {
	d := draw(t, forked+`
		a2' -> a3' -> a4'
		a4' -> k0
		a4' -> z0
		b1, k0, z0 -> b2
	`)
	p := newPeer(t)
	p.add(d, "a0", "a1", "a2", "a2'", "b0")
	p.update(func(tx *store.Tx) error {
		if err := p.Freeze(tx, logOf('z'), nil); err != nil {
			return err
		}
		return p.Freeze(tx, logOf('a'), []LogKey{logOf('k')})
	})
	r := p.add(d, "a3'", "a4'")
	want(t, "held", d.names(r.Held), "a3'")
	want(t, "waiting", d.names(r.Waiting), "a4'")
	p.add(d, "k0", "z0") // the same user's other log, and another frozen log: no vouchers
	want(t, "states", p.states(d), "unknown: a3 b1 b2 c0; waiting: a4' k0 z0; held: a3'; delivered: a0 a1 a2 a2' b0")
	p.add(d, "c0")
	want(t, "heads", d.names(see(p, p.Heads)), "a2 c0")
	r = p.add(d, "b2", "b1", "a3")
	want(t, "vouched for", p.states(d), "delivered: a0 a1 a2 a2' a3 a3' a4' b0 b1 b2 c0 k0 z0")
	if len(r.Held)+len(r.Waiting) != 0 {
		t.Errorf("%+v", r)
	}

	var flood strings.Builder
	for i := range MaxHeld + 5 {
		fmt.Fprintf(&flood, "a0 -> a1%s\n", strings.Repeat("'", i+1))
	}
	d = draw(t, flood.String())
	q := newPeer(t)
	q.add(d, "a0")
	q.update(func(tx *store.Tx) error { return q.Freeze(tx, logOf('a'), nil) })
	r = q.add(d, d.order[1:]...)
	if len(r.Held) != MaxHeld || len(r.Refused) != 5 || !errors.Is(r.Refused[0].Err, ErrNoRoom) {
		t.Errorf("%d held, %d refused", len(r.Held), len(r.Refused))
	}
}

// An entry over a hash that is nobody's stays where it is, with what its author
// wrote after it; nobody else is held up and nobody links to it.
func TestAttack09_ParentOfNobody(t *testing.T) {
	d := draw(t, "a0 -> a1 -> a2\n x0 -> a1\n a0 -> b0 -> b1")
	p := newPeer(t)
	r := p.add(d, "a0", "a1", "a2", "b0", "b1")
	want(t, "delivered", d.names(ids(r.Delivered)), "a0 b0 b1")
	want(t, "waiting", d.names(r.Waiting), "a1 a2")
	want(t, "wanted", d.names(r.Wanted), "x0")
	p.db.View(func(tx *store.Tx) error {
		dr, err := p.Draft(tx, logOf('c'))
		want(t, "parents of what others write", d.names(dr.Parents), "b1")
		return err
	})
	want(t, "still wanted", d.names(see(p, p.Wanted)), "x0")

	big := make([]byte, MaxBody)
	full := 0
	for i := 0; full == 0 && i < 100; i++ {
		e := &drawn{log: 'm', seq: 1, body: big}
		e.Header = Header{Log: logOf('m'), Seq: 1, Prev: ID{byte(i + 1)}, Height: 2, Body: sum(big), BodySize: MaxBody}
		e.seal(keyOf('m'), "")
		r := p.give(e.block())
		if len(r.Refused) == 1 && errors.Is(r.Refused[0].Err, ErrNoRoom) {
			full = i
		}
	}
	if full == 0 || full*MaxBody > MaxWaiting {
		t.Errorf("%d entries of 128 KiB wait", full)
	}
	want(t, "the others", d.names(ids(p.add(draw(t, "a0 -> b0 -> b1 -> b2"), "b2").Delivered)), draw(t, "a0 -> b0 -> b1 -> b2").id("b2").String())
}

func TestPendingIsBounded(t *testing.T) {
	p := newPeer(t)
	body := make([]byte, MaxBody)
	kept := 0
	for i := range 12 {
		e := &drawn{log: 'm', seq: 1, body: body}
		e.Header = Header{Log: logOf('m'), Seq: 1, Prev: ID{byte(i + 1)}, Height: 2, Body: sum(body), BodySize: MaxBody}
		e.seal(keyOf('m'), "!sig")
		kept += len(p.give(e.block()).Pending)
	}
	if kept != MaxPending/MaxBody-1 {
		t.Errorf("%d pending entries of 128 KiB", kept)
	}
	d := draw(t, talk)
	if r := p.add(d); len(r.Delivered) != 7 {
		t.Errorf("%+v", r)
	}
}

// With more heads than an entry may have parents, the oldest are taken, and the
// rest by the next entry.
func TestAttack11_ManyHeads(t *testing.T) {
	var text strings.Builder
	for c := 'b'; c <= 'y'; c++ {
		fmt.Fprintf(&text, "a0 -> %c0\n", c)
	}
	d := draw(t, text.String())
	p := newPeer(t)
	p.add(d)
	for _, n := range []int{MaxParents, 24 - MaxParents, 0} {
		p.update(func(tx *store.Tx) error {
			dr, err := p.Draft(tx, logOf('z'))
			if err != nil {
				return err
			}
			if len(dr.Parents) != n {
				t.Errorf("%d parents, want %d", len(dr.Parents), n)
			}
			_, err = p.Append(tx, signAs('z'), dr, []byte("merge"))
			return err
		})
	}
	if n := len(see(p, p.Heads)); n != 1 {
		t.Errorf("%d heads", n)
	}
	p.db.View(func(tx *store.Tx) error {
		var all []ID
		for _, n := range d.order[:17] {
			all = append(all, d.id(n))
		}
		if _, err := p.Draft(tx, logOf('z'), all...); !errors.Is(err, ErrParents) {
			t.Error(err)
		}
		return nil
	})
}

func TestAttack13_EndOfALog(t *testing.T) {
	d := draw(t, "a0")
	p := newPeer(t)
	p.add(d)
	p.update(func(tx *store.Tx) error {
		v := p.view(tx)
		r := v.readBranch(0, 0)
		r.seq = MaxCount
		v.setBranch(r)
		if _, err := p.Draft(tx, logOf('a')); !errors.Is(err, ErrAtEnd) {
			t.Error(err)
		}
		return errors.Join(v.err)
	})
}
