package chat

import (
	"slices"
	"strings"
	"testing"

	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
)

// raw writes an entry whose payload is exactly b, as a hostile member can.
func raw(w *Writer, k Kind, b []byte) error { return rawWall(w, k, 1, b) }

func rawWall(w *Writer, k Kind, wall uint64, b []byte) error {
	e := w.best()
	d, err := w.draft()
	if err != nil {
		return err
	}
	plain := plain{Kind: k, Wall: wall, Payload: b}.encode()
	secret := e.keys.Ctl()
	if !k.Control() {
		if secret, err = w.messageSecret(e); err != nil {
			return err
		}
	}
	body, _, err := seal.Seal(secret, seal.NewSalt(), seal.Context{Log: [32]byte(d.Log), Seq: d.Seq, Prev: [32]byte(d.Prev)}, nil, plain)
	if err != nil {
		return err
	}
	key, err := w.c.set.Signer(w.tx, d.Log)
	if err != nil {
		return err
	}
	_, err = w.c.dag.Append(w.tx, key, d, body)
	return err
}

func TestAttack15_BadPayloadIsANoOp(t *testing.T) {
	alice, mallory := newUser(t, "Alice"), newUser(t, "Mallory")
	c := befriend(alice, mallory)
	mallory.say(c, "before")
	for k := Kind(0); k < 48; k++ {
		for _, b := range [][]byte{nil, {0xff}, {0x80}, []byte(strings.Repeat("\x82", 40)), {0x81, 0x41, 0x00}} {
			if k == KindLeave && len(b) == 1 && b[0] == 0x80 {
				continue // that one means what it says
			}
			mallory.do(c, func(w *Writer) error { return raw(w, k, b) })
		}
	}
	mallory.do(c, func(w *Writer) error { // well-formed, too long for people
		b, err := wire.Marshal(&textBody{Text: strings.Repeat("x", MaxText+1)})
		if err != nil {
			return err
		}
		return raw(w, KindText, b)
	})
	mallory.say(c, "after")
	alice.pull(mallory, c)
	got := slices.DeleteFunc(alice.texts(c), func(s string) bool { return s == "" })
	if !slices.Equal(got, []string{"before", "after"}) {
		t.Fatalf("Alice reads %q", got)
	}
	alice.say(c, "still here")
	alice.reopen()
	if n := len(alice.state(c).Fold.Members()); n != 2 {
		t.Errorf("%d members after the nonsense", n)
	}
}

func TestAttack16_SameEntryInOtherBytesIsNoDuplicate(t *testing.T) {
	alice, mallory := newUser(t, "Alice"), newUser(t, "Mallory")
	c := befriend(alice, mallory)
	mallory.say(c, "once")
	blocks := mallory.blocks(c)
	last := blocks[len(blocks)-1]
	long := append([]byte{0x98, last.Header[0] & 0x1f}, last.Header[1:]...) // array length in two bytes
	alice.pull(mallory, c)
	alice.do(c, func(w *Writer) error {
		res, err := w.Receive([]merkle.Block{{Header: long, Body: last.Body}, last})
		if len(res.Refused) != 1 || res.Duplicates != 1 || res.New != 0 {
			t.Errorf("%+v", res)
		}
		return err
	})
	if got := alice.texts(c); !slices.Equal(got, []string{"once"}) {
		t.Errorf("Alice reads %q", got)
	}
}

// A member shares another key under the name of an epoch: nobody takes it.
func TestSharedKeyMustFitItsEpoch(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	wrong := seal.Derive([32]byte(c), seal.NewKey())
	bob.do(c, func(w *Writer) error {
		return w.adopt(c, wrong, 0, nil)
	})
	if bob.state(c).epochs[c].keys.Ctl() == wrong.Ctl() {
		t.Error("a key that its epoch does not commit to was adopted")
	}
	alice.say(c, "and all is well")
	bob.pull(alice, c)
	if got := bob.texts(c); !slices.Equal(got, []string{"and all is well"}) {
		t.Errorf("Bob reads %q", got)
	}
}

// A forked log is reported by whoever sees it, and its owner stops writing.
func TestForkIsReportedAndTheLogStops(t *testing.T) {
	alice, bob := newUser(t, "Alice"), newUser(t, "Bob")
	c := befriend(alice, bob)
	alice.say(c, "one")
	twin := alice.copyOf()
	alice.say(c, "two")
	twin.say(c, "another two")
	bob.pull(alice, c)
	got := bob.pull(twin, c)
	if !got.Ended {
		t.Error("a fault calls for a new key")
	}
	if !slices.ContainsFunc(slices.Collect(controlsOf(bob.state(c))), func(ct control) bool { return ct.kind == KindFault }) {
		t.Fatal("Bob has seen the fork and published no fault")
	}
	alice.pull(bob, c)
	if _, err := alice.try(c, func(w *Writer) error { _, err := w.Say(Text{Text: "three"}); return err }); err == nil {
		t.Error("Alice goes on with a log that she knows to be forked")
	}
}

func controlsOf(s *State) func(func(control) bool) {
	return func(yield func(control) bool) {
		for _, ct := range s.controls {
			if !yield(ct) {
				return
			}
		}
	}
}
