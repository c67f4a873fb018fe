package merkle

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"testing"

	"causeway/store"
)

const forked = `
	a0 -> a1 -> a2 -> a3
	a1 -> a2'
	a0 -> b0
	a3, b0 -> b1
	a2', b0 -> c0
`

// Who gets either branch first, everybody ends with both, the log marked, and the
// same proof.
func TestAttack01_Equivocation(t *testing.T) {
	d := draw(t, forked)
	one, two := newPeer(t), newPeer(t)
	first := append(one.add(d, "a0", "a1", "a2", "a3").Forks, one.add(d).Forks...)
	second := append(two.add(d, "a0", "a1", "a2'").Forks, two.add(d).Forks...)
	if len(first) != 1 || len(second) != 1 {
		t.Fatalf("%d and %d proofs", len(first), len(second))
	}
	for i, f := range []Fork{first[0], second[0]} {
		p := []*peer{one, two}[i]
		if err := f.Verify(); err != nil {
			t.Error(err)
		}
		if f.A.ID() != first[0].A.ID() || f.B.ID() != first[0].B.ID() {
			t.Error("two proofs")
		}
		want(t, "proof", d.names(sorted(f.A.ID(), f.B.ID())), d.names(sorted(d.id("a2"), d.id("a2'"))))
		want(t, "states", p.states(d), "delivered: a0 a1 a2 a2' a3 b0 b1 c0")
		tips := see(p, func(tx *store.Tx) ([]Tip, error) { return p.Tips(tx, logOf('a')) })
		if len(tips) != 2 || !tips[0].Forked || !tips[1].Forked {
			t.Errorf("tips %+v", tips)
		}
		stored := see(p, func(tx *store.Tx) (Fork, error) { f, _, err := p.Proof(tx, logOf('a')); return f, err })
		if stored.A.ID() != f.A.ID() || stored.B.ID() != f.B.ID() {
			t.Error("another proof is kept")
		}
		p.db.View(func(tx *store.Tx) error {
			if _, err := p.Draft(tx, logOf('a')); !errors.Is(err, ErrForked) {
				t.Errorf("writing on: %v", err)
			}
			return nil
		})
	}
	swapped := Fork{first[0].B, first[0].A}
	if swapped.Verify() == nil || (Fork{first[0].A, first[0].A}).Verify() == nil {
		t.Error("no proof, and taken")
	}
}

// An entry in another's name, or a run that ends with a bad signature, is never
// delivered, and nothing is held against the author whose name it bears.
func TestAttack05_ForgedAuthor(t *testing.T) {
	d := draw(t, "a0 -> a1 -> a2!sig\n a0 -> a1'!sig -> b0")
	p := newPeer(t)
	r := p.add(d, "a0", "a1", "a2")
	want(t, "delivered", d.names(ids(r.Delivered)), "a0 a1")
	want(t, "pending", d.names(r.Pending), "a2")
	r = p.add(d, "a1'", "b0")
	want(t, "pending", d.names(r.Pending), "a1'")
	want(t, "waiting", d.names(r.Waiting), "b0")
	if len(r.Wanted)+len(r.Refused)+len(r.Forks) != 0 {
		t.Errorf("%+v", r)
	}
	want(t, "heads", d.names(see(p, p.Heads)), "a1")
	tips := see(p, p.Frontier)
	if len(tips) != 1 || tips[0].Forked || tips[0].Head != d.id("a1") {
		t.Errorf("advertised: %+v", tips)
	}
	r = p.give(Block{Header: d.entry("a1").Encode(), Body: []byte("other")})
	if r.Duplicates != 0 || len(r.Refused) != 1 {
		t.Errorf("another body: %+v", r)
	}
	forged := draw(t, "a0 -> a1!body")
	if r := newPeer(t).addRefused(forged); r != ErrBody {
		t.Errorf("another body: %v", r)
	}
}

func (p *peer) addRefused(d *drawing) error {
	p.t.Helper()
	r := p.add(d)
	if len(r.Refused) != 1 {
		p.t.Fatalf("%+v", r)
	}
	return r.Refused[0].Err
}

// A bad signature inside a run that a good one ends does no harm, and however
// the run is cut into batches, and in whatever order these come, the end is the
// same.
func TestAttack07_BadSignatureInsideTheRun(t *testing.T) {
	d := draw(t, "a0!sig -> a1 -> a2!sig -> a3!sig -> a4 -> a5!sig")
	for cut := range 7 {
		for _, turn := range []bool{false, true} {
			p := newPeer(t)
			one, two := d.order[:min(cut, 6)], d.order[min(cut, 6):]
			if turn {
				one, two = two, one
			}
			first, second := p.add(d, one...), newResult(p, d, two)
			want(t, fmt.Sprint("states, cut at ", cut, turn), p.states(d), "pending: a5; delivered: a0 a1 a2 a3 a4")
			if len(first.Refused)+len(second.Refused) != 0 {
				t.Errorf("%+v %+v", first, second)
			}
		}
	}
	if r := newPeer(t).add(d); r.Checked != 2 {
		t.Errorf("%d signatures checked, want those of a5 and a4", r.Checked)
	}
	p := newPeer(t)
	for _, n := range d.order {
		p.add(d, n)
	}
	want(t, "states, one by one", p.states(d), "pending: a5; delivered: a0 a1 a2 a3 a4")
}

// newResult is add, but of nothing if no names are given.
func newResult(p *peer, d *drawing, names []string) Result {
	if len(names) == 0 {
		return p.give()
	}
	return p.add(d, names...)
}

// Heights and seqs are exact: what jumps is refused for good, with all that
// stands on it, and is not asked for again.
func TestAttack13_Jumps(t *testing.T) {
	d := draw(t, "a0 -> a1!high -> a2\n a0 -> b0\n a2, b0 -> b1 -> c0")
	jump := &drawn{log: 'b', body: nil}
	jump.Header = Header{Log: logOf('b'), Seq: 7, Prev: d.id("b0"), Height: 3, Body: sum(nil)}
	jump.seal(keyOf('b'), "")
	theft := &drawn{log: 'b', body: nil}
	theft.Header = Header{Log: logOf('b'), Seq: 1, Prev: d.id("a0"), Height: 2, Body: sum(nil)}
	theft.seal(keyOf('b'), "")
	for _, order := range [][]string{{"a0", "a1", "a2", "b0", "b1", "c0"}, {"c0", "b1", "b0", "a2", "a1", "a0"}} {
		p := newPeer(t)
		reasons := map[string]error{}
		for _, n := range order {
			for _, f := range p.add(d, n).Refused {
				reasons[d.names([]ID{f.ID})] = f.Err
			}
		}
		want(t, "states", p.states(d), "delivered: a0 b0; refused: a1 a2 b1 c0")
		if reasons["a1"] != ErrHeight || reasons["a2"] != ErrAncestor || reasons["b1"] != ErrAncestor || reasons["c0"] != ErrAncestor {
			t.Errorf("%v", reasons)
		}
		if r := p.add(d, "a1"); len(r.Refused) != 1 || r.Refused[0].Err != ErrHeight || r.New != 0 {
			t.Errorf("again: %+v", r)
		}
		for _, e := range []*drawn{jump, theft} {
			if r := p.give(e.block()); len(r.Refused) != 1 || r.Refused[0].Err != ErrPlace {
				t.Errorf("a jump: %+v", r)
			}
		}
		if n := len(see(p, p.Wanted)); n != 0 {
			t.Errorf("%d wanted", n)
		}
	}
}

// A removed member cannot hide that it wrote without knowing of its removal: the
// removal is not in the past of what it back-dates, whoever links that, and the
// first entry of a log that it mints names what it names.
func TestAttack25_BackDating(t *testing.T) {
	d := draw(t, `
		a0 -> a1 -> a2
		a1 -> m0 -> m1
		m0 -> n0
		a2, m1, n0 -> b0
	`)
	p := newPeer(t)
	p.add(d)
	p.db.View(func(tx *store.Tx) error {
		past := p.Past(tx)
		removal := d.id("a2")
		for _, n := range []string{"m0", "m1", "n0"} {
			if past.Before(removal, d.id(n)) {
				t.Errorf("%s knows its removal", n)
			}
			if !past.Before(d.id(n), d.id("b0")) {
				t.Errorf("%s is not beneath b0", n)
			}
		}
		first, parents := past.First(d.id("m1"))
		want(t, "first", d.names([]ID{first}), "m0")
		want(t, "admitted by", d.names(parents), "a1")
		_, parents = past.First(d.id("n0"))
		want(t, "a minted log is admitted by", d.names(parents), "m0")
		return past.Err()
	})
}

func archive(t *testing.T, blocks []Block) []byte {
	t.Helper()
	var b bytes.Buffer
	err := WriteCAR(&b, func(yield func(Entry, error) bool) {
		for _, bl := range blocks {
			h, err := DecodeHeader(bl.Header)
			if !yield(Entry{ID: sum(bl.Header), Header: h, Body: bl.Body}, err) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What a file brings goes through the same door as what a peer brings, with the
// same end.
func TestAttack33_CAR(t *testing.T) {
	for name, text := range map[string]string{
		"talk": talk, "fork": forked, "heights": "a0 -> a1!high -> a2", "signatures": "a0 -> a1!sig -> a2 -> a3!sig",
		"a gap": "a0 -> a1\n x0 -> a1", "forged names": "a0!sig -> b0",
	} {
		d := draw(t, text)
		blocks := d.blocks()
		if name == "a gap" {
			blocks = d.blocks("a0", "a1")
		}
		byPeer, byFile := newPeer(t), newPeer(t)
		direct := byPeer.give(blocks...)
		var read []Block
		if err := ReadCAR(bytes.NewReader(archive(t, blocks)), func(b Block) error { read = append(read, b); return nil }); err != nil {
			t.Fatal(err)
		}
		imported := byFile.give(read...)
		if fmt.Sprint(direct) != fmt.Sprint(imported) {
			t.Errorf("%s:\n peer %+v\n file %+v", name, direct, imported)
		}
		want(t, name, byFile.states(d), byPeer.states(d))
	}
}

func entries(es []Entry) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range es {
			if !yield(e, nil) {
				return
			}
		}
	}
}
