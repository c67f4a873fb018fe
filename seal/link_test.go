package seal

import (
	"bytes"
	"errors"
	"testing"

	"causeway/internal/wire"
)

// history makes n epochs of a group with the policy "shared", each linked to the
// one before, and a message sealed in each.
type history struct {
	keys   []Key
	links  [][]byte // links[i] leads from epoch i to epoch i-1
	bodies [][]byte
}

func (h *history) group(i int) [32]byte {
	if i == 0 {
		return [32]byte{}
	}
	return id(200)
}

func newHistory(t *testing.T, n int, shared bool) *history {
	t.Helper()
	h := &history{}
	var parent *Epoch
	for i := range n {
		k := NewKey()
		e := Derive(h.group(i), k)
		var link []byte
		if parent != nil {
			var err error
			if link, err = Link(e, parent, id(byte(i-1)), shared); err != nil {
				t.Fatal(err)
			}
		}
		body, _, err := Seal(e.Msg(), NewSalt(), Context{}, nil, []byte{byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		h.keys, h.links, h.bodies = append(h.keys, k), append(h.links, link), append(h.bodies, body)
		parent = e
	}
	return h
}

// walk follows the links back from epoch i, as one who knows k of it.
func (h *history) walk(t *testing.T, i int, k Key) []*Epoch {
	t.Helper()
	epochs := make([]*Epoch, i+1)
	epochs[i] = Derive(h.group(i), k)
	for ; i > 0; i-- {
		e, err := Unlink(epochs[i], h.group(i-1), id(byte(i-1)), h.links[i])
		if err != nil {
			t.Fatal(err)
		}
		epochs[i-1] = e
	}
	return epochs
}

func TestSharedHistoryOpensFromOneSlot(t *testing.T) {
	h := newHistory(t, 5, true)
	for i, e := range h.walk(t, 4, h.keys[4]) {
		if got, err := open(h.bodies[i], e.Msg(), Context{}); err != nil || !bytes.Equal(got, []byte{byte(i)}) {
			t.Errorf("epoch %d: %v", i, err)
		}
	}
}

// Attack 50: a member admitted without history, H zero in its slot, opens
// nothing earlier, also after later rekeys whose slots withhold H as well; what
// it may read is the control entries, by which it checks authority.
func TestAttack50_NoHistoryWithoutH(t *testing.T) {
	h := newHistory(t, 6, true)
	const admitted = 3
	var secrets [][32]byte
	for i := admitted; i < 6; i++ {
		for j, e := range h.walk(t, i, h.keys[i].WithoutHistory()) {
			if e.Ctl() != Derive(h.group(j), h.keys[j]).Ctl() {
				t.Errorf("control entries of epoch %d stay closed", j)
			}
			if j < i && e.Full() {
				t.Errorf("epoch %d is open from epoch %d", j, i)
			}
			secrets = append(secrets, e.s[:]...)
		}
	}
	for i := range admitted {
		s, err := Parse(h.bodies[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if _, ok := s.Try(secret); ok {
				t.Fatalf("a message of epoch %d opens", i)
			}
		}
	}
	for i := 1; i <= admitted; i++ {
		var w linkWire
		if err := wire.Unmarshal(h.links[i], &w); err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if _, err := OpenBytes(secret, "causeway/1 link history", idOf(i-1), w.History); err == nil {
				t.Fatalf("the history half of link %d opens", i)
			}
		}
	}
}

func idOf(i int) []byte { x := id(byte(i)); return x[:] }

// Under the policy "forward" links carry control secrets alone.
func TestForwardHistoryLinksControlOnly(t *testing.T) {
	h := newHistory(t, 3, false)
	for i, e := range h.walk(t, 2, h.keys[2]) {
		if i < 2 && (e.Full() || e.Msg() != [32]byte{}) {
			t.Errorf("epoch %d is open", i)
		}
		if e.Ctl() != Derive(h.group(i), h.keys[i]).Ctl() {
			t.Errorf("control entries of epoch %d stay closed", i)
		}
	}
}

// A member without the parent's K links what it has.
func TestLinkOfWhatIsKnown(t *testing.T) {
	parent, child := Derive([32]byte{}, NewKey()), Derive(id(200), NewKey())
	parent.Erase()
	link, err := Link(child, parent, id(0), true)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := Unlink(child, [32]byte{}, id(0), link); err != nil || e.Full() || e.Ctl() != parent.Ctl() {
		t.Error(err)
	}
	if _, err := Link(child, &Epoch{}, id(0), true); !errors.Is(err, ErrNoKey) {
		t.Errorf("a parent of which nothing is known: %v", err)
	}
	blind := Derive(id(200), NewKey().WithoutHistory())
	if _, err := Link(blind, Derive([32]byte{}, NewKey()), id(0), true); !errors.Is(err, ErrNoKey) {
		t.Errorf("history under a zero H: %v", err)
	}
}

func TestBadLinks(t *testing.T) {
	h := newHistory(t, 2, true)
	child := Derive(id(200), h.keys[1])
	good := h.links[1]
	for name, err := range map[string]error{
		"another parent": second(Unlink(child, [32]byte{}, id(9), good)),
		"another child":  second(Unlink(Derive(id(200), NewKey()), [32]byte{}, id(0), good)),
	} {
		if !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range good {
		if _, err := Unlink(child, [32]byte{}, id(0), flip(good, i)); err == nil {
			t.Fatalf("bit flipped in byte %d and opened", i)
		}
	}
	// The two halves speak of different epochs: control stands, history is bad.
	liar := Derive([32]byte{}, NewKey())
	mixed, err := Link(child, liar, id(0), true)
	if err != nil {
		t.Fatal(err)
	}
	var a, b linkWire
	if err := errors.Join(wire.Unmarshal(good, &a), wire.Unmarshal(mixed, &b)); err != nil {
		t.Fatal(err)
	}
	a.History = b.History
	raw, err := wire.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Unlink(child, [32]byte{}, id(0), raw)
	if !errors.Is(err, ErrHistory) || e == nil || e.Full() || e.Ctl() != Derive([32]byte{}, h.keys[0]).Ctl() {
		t.Errorf("mixed halves: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func flip(b []byte, i int) []byte {
	bad := bytes.Clone(b)
	bad[i] ^= 0x20
	return bad
}

func FuzzUnlink(f *testing.F) {
	child, parent := Derive(id(200), Key{id(1), id(2)}), Derive([32]byte{}, Key{id(3), id(4)})
	for _, shared := range []bool{true, false} {
		link, err := Link(child, parent, id(0), shared)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := Unlink(child, [32]byte{}, id(0), b); err == nil && e.Ctl() != parent.Ctl() {
			t.Fatalf("a made-up link opened: %x", b)
		}
	})
}
