package merkle

import (
	"errors"
	"slices"
	"testing"

	"causeway/store"
)

const talk = `
	a0 -> b0 -> b1
	a0 -> a1
	a1, b1 -> c0 -> c1
	b1, c0 -> b2
`

func TestDeliversInCausalOrder(t *testing.T) {
	d := draw(t, talk)
	p := newPeer(t)
	r := p.add(d, "c1", "b1", "a1", "b2", "c0", "b0", "a0")
	if len(r.Delivered) != 7 || r.New != 7 || len(r.Waiting)+len(r.Wanted)+len(r.Refused) != 0 {
		t.Fatalf("%+v", r)
	}
	want(t, "delivered", d.names(ids(r.Delivered)), "a0 a1 b0 b1 c0 c1 b2")
	want(t, "log", p.log(d), "a0 a1 b0 b1 c0 c1 b2")
	want(t, "heads", d.names(see(p, p.Heads)), "c1 b2")
	want(t, "log of one who got it in order", newPeer(t).addAll(d).log(d), "a0 b0 b1 a1 c0 c1 b2")
	r = p.add(d)
	if r.Duplicates != 7 || r.New != 0 || len(r.Delivered) != 0 {
		t.Fatalf("again: %+v", r)
	}
}

func TestWaitsForWhatIsMissing(t *testing.T) {
	d := draw(t, talk)
	p := newPeer(t)
	r := p.add(d, "c0", "c1", "b1")
	want(t, "waiting", d.names(r.Waiting), "c0 c1 b1")
	wanted := []ID{d.id("a1"), d.id("b0")}
	for _, ids := range [][]ID{r.Wanted, see(p, p.Wanted)} {
		if len(ids) != 2 || !slices.Contains(ids, wanted[0]) || !slices.Contains(ids, wanted[1]) {
			t.Errorf("wanted %s", d.names(ids))
		}
	}
	r = p.add(d, "a0", "b0")
	want(t, "delivered", d.names(ids(r.Delivered)), "a0 b0 b1")
	r = p.add(d, "a1")
	want(t, "delivered", d.names(ids(r.Delivered)), "a1 c0 c1")
	if n := len(see(p, p.Wanted)); n != 0 {
		t.Errorf("%d still wanted", n)
	}
	want(t, "states", p.states(d), "unknown: b2; delivered: a0 a1 b0 b1 c0 c1")
}

func TestNothingHappensIfTheTransactionFails(t *testing.T) {
	d := draw(t, talk)
	p := newPeer(t)
	p.add(d, "a0")
	stop := errors.New("stop")
	err := p.db.Update(func(tx *store.Tx) error {
		r, err := p.Add(tx, d.blocks("a1", "b0", "c1"))
		if err != nil || len(r.Delivered) != 2 {
			t.Errorf("%+v, %v", r, err)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	want(t, "states", p.states(d), "unknown: a1 b0 b1 b2 c0 c1; delivered: a0")
	want(t, "delivered", d.names(ids(p.add(d).Delivered)), "b0 b1 a1 c0 c1 b2")
}

func TestAppend(t *testing.T) {
	d := draw(t, talk)
	p := newPeer(t)
	p.add(d)
	admit := d.id("a1")
	var first, second Entry
	p.update(func(tx *store.Tx) error {
		dr, err := p.Draft(tx, logOf('z'), admit)
		if err != nil {
			return err
		}
		want(t, "parents", d.names(dr.Parents), d.names(sorted(admit, d.id("c1"), d.id("b2"))))
		if first, err = p.Append(tx, signAs('z'), dr, []byte("hello")); err != nil {
			return err
		}
		_, err = p.Append(tx, signAs('z'), dr, []byte("again"))
		if !errors.Is(err, ErrStale) {
			t.Errorf("an old draft: %v", err)
		}
		if dr, err = p.Draft(tx, logOf('z')); err != nil {
			return err
		}
		if dr.Seq != 1 || dr.Prev != first.ID || len(dr.Parents) != 0 || dr.Height != first.Height+1 {
			t.Errorf("second draft %+v", dr)
		}
		second, err = p.Append(tx, signAs('z'), dr, nil)
		return err
	})
	if got := see(p, func(tx *store.Tx) (Entry, error) { return p.Get(tx, second.ID) }); got.Prev != first.ID || got.Body == nil {
		t.Errorf("%+v", got)
	}
	other := newPeer(t)
	other.add(d)
	if r := other.give(first.Block(), second.Block()); len(r.Delivered) != 2 {
		t.Errorf("elsewhere: %+v", r)
	}
	p.update(func(tx *store.Tx) error {
		dr, err := p.Draft(tx, logOf('z'))
		if err != nil {
			return err
		}
		if _, err := p.Append(tx, signAs('y'), dr, nil); !errors.Is(err, ErrSignature) {
			t.Errorf("another's key: %v", err)
		}
		if _, err := p.Append(tx, signAs('z'), dr, make([]byte, MaxBody+1)); !errors.Is(err, ErrHeader) {
			t.Errorf("a long body: %v", err)
		}
		if _, err := p.Draft(tx, logOf('z'), ID{1}); !errors.Is(err, ErrUnknown) {
			t.Errorf("an unknown parent: %v", err)
		}
		return nil
	})
}

func sorted(ids ...ID) []ID {
	slices.SortFunc(ids, ID.Compare)
	return ids
}

func TestReads(t *testing.T) {
	d := draw(t, talk+`
		a1 -> a2 -> a3
		a1 -> a2' -> a3' -> a4'
	`)
	p := newPeer(t)
	p.add(d)
	rangeOf := func(from, to uint64) string {
		return d.names(see(p, func(tx *store.Tx) (out []ID, err error) {
			for e, err := range p.Range(tx, logOf('a'), from, to) {
				if err != nil {
					return nil, err
				}
				out = append(out, e.ID)
			}
			return out, nil
		}))
	}
	want(t, "range", rangeOf(0, 9), "a0 a1 a2 a3")
	want(t, "range", rangeOf(1, 2), "a1 a2")
	want(t, "range", rangeOf(4, 9), "")
	p.db.View(func(tx *store.Tx) error {
		var out []ID
		for e, err := range p.Chain(tx, d.id("a4'"), 1, 9) {
			if err != nil {
				t.Error(err)
			}
			if out = append(out, e.ID); e.Seq == 3 {
				break
			}
		}
		want(t, "chain", d.names(out), "a1 a2' a3'")
		return nil
	})
	for _, head := range []string{"a1", "a2'", "a3"} {
		es := see(p, func(tx *store.Tx) (n int, err error) {
			for range p.Chain(tx, d.id(head), 0, 9) {
				n++
			}
			return n, nil
		})
		if es != int(d.entry(head).Seq)+1 {
			t.Errorf("%d entries lead to %s", es, head)
		}
	}
	missing := func(have ...string) string {
		var ids []ID
		for _, n := range have {
			ids = append(ids, d.id(n))
		}
		return d.names(see(p, func(tx *store.Tx) (out []ID, err error) {
			es, err := p.Missing(tx, append(ids, ID{9}))
			for _, e := range es {
				out = append(out, e.ID)
			}
			return out, err
		}))
	}
	want(t, "missing", missing("c1", "a2"), "b2 a3 a2' a3' a4'")
	want(t, "missing", missing("c1", "b2", "a3", "a4'"), "")
	want(t, "missing", missing(), p.log(d))
	first := see(p, func(tx *store.Tx) (Header, error) { return p.First(tx, d.id("a4'")) })
	if first.ID() != d.id("a0") {
		t.Error("first entry of a branch")
	}
	if _, err := p.getErr(ID{7}); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func (p *peer) getErr(id ID) (e Entry, err error) {
	p.db.View(func(tx *store.Tx) error {
		e, err = p.Get(tx, id)
		return nil
	})
	return e, err
}

func TestBodies(t *testing.T) {
	d := draw(t, talk)
	p := newPeer(t)
	bare := d.entry("a0").block()
	bare.Body = nil
	if r := p.give(bare); len(r.Delivered) != 1 || r.Delivered[0].Body != nil {
		t.Fatalf("%+v", r)
	}
	if r := p.add(d, "a0"); r.Duplicates != 1 || len(r.Filled) != 1 || string(r.Filled[0].Body) != "a0" {
		t.Fatalf("a body that came late: %+v", r)
	}
	p.update(func(tx *store.Tx) error { return p.DropBody(tx, d.id("a0")) })
	if r := p.add(d, "a0"); r.Duplicates != 1 || len(r.Filled) != 0 {
		t.Fatalf("a body that was dropped: %+v", r)
	}
	if e, err := p.getErr(d.id("a0")); err != nil || e.Body != nil || e.Header.ID() != d.id("a0") {
		t.Fatalf("%+v, %v", e, err)
	}
	if r := p.add(d); len(r.Delivered) != 6 {
		t.Fatalf("%+v", r)
	}
}

func TestConversationsDoNotMix(t *testing.T) {
	d := draw(t, talk)
	p := newPeer(t)
	p.add(d)
	other := &peer{DAG: Open([32]byte{2}), t: t, db: p.db}
	if n := see(other, other.Length); n != 0 {
		t.Fatal(n)
	}
	want(t, "delivered", d.names(ids(other.add(d, "a0").Delivered)), "a0")
	want(t, "log", p.log(d), "a0 b0 b1 a1 c0 c1 b2")
}
