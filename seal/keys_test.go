package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func id(n byte) [32]byte { return [32]byte{n, 31: 1} }

func TestEpochSecretsDiffer(t *testing.T) {
	k := NewKey()
	seen := map[[32]byte]string{k.K: "K", k.H: "H"}
	for name, e := range map[string]*Epoch{"epoch 0": Derive([32]byte{}, k), "group 1": Derive(id(1), k), "group 2": Derive(id(2), k)} {
		secrets := map[string][32]byte{"ctl": e.Ctl(), "msg": e.Msg(), "lnk": e.Lnk(), "rdv": e.Rdv(), "mbx": e.Mbx(), "syn": e.Syn(),
			"chain 1": e.Chain(id(1)).Next(), "chain 2": e.Chain(id(2)).Next()}
		for what, s := range secrets {
			if other, ok := seen[s]; ok || s == [32]byte{} {
				t.Errorf("%s of %s equals %s", what, name, other)
			}
			seen[s] = what + " of " + name
		}
	}
}

func TestEpochEraseKeepsControl(t *testing.T) {
	e := Derive(id(1), NewKey())
	full := *Derive(id(1), Key{e.s[secKey], e.s[secHistory]})
	e.Erase()
	if e.Full() || e.Msg() != [32]byte{} || e.Chain(id(1)) != nil {
		t.Error("something that opens messages is left")
	}
	if _, ok := e.Key(); ok {
		t.Error("K is left")
	}
	if e.Ctl() != full.Ctl() || e.Lnk() != full.Lnk() || e.Rdv() != full.Rdv() || e.Mbx() != full.Mbx() || e.Syn() != full.Syn() {
		t.Error("too much is erased")
	}
	if _, _, err := Seal(e.Msg(), NewSalt(), Context{}, nil, nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("sealed under an erased secret: %v", err)
	}
}

func TestEpochStoreRoundTripAndMerge(t *testing.T) {
	k := NewKey()
	full, bare, erased := Derive(id(1), k), Derive(id(1), k.WithoutHistory()), Derive(id(1), k)
	erased.Erase()
	for _, e := range []*Epoch{full, bare, erased, {}} {
		got, err := DecodeEpoch(e.Encode())
		if err != nil || got.s != e.s {
			t.Fatal(err)
		}
		if err := got.Merge(full); err != nil || got.s != full.s {
			t.Errorf("merge: %v", err)
		}
	}
	other := Derive(id(1), NewKey())
	before := full.s
	if err := full.Merge(other); !errors.Is(err, ErrConflict) || full.s != before {
		t.Errorf("merge of another epoch: %v", err)
	}
}

func TestContentRoundTrip(t *testing.T) {
	k := NewKey()
	for _, k := range []Key{k, k.WithoutHistory()} {
		if got, err := ParseContent(k.Content()); err != nil || got != k {
			t.Error(err)
		}
	}
	if len(k.Content()) != len(k.WithoutHistory().Content()) {
		t.Error("the length tells whether history is withheld")
	}
	if _, err := ParseContent(Key{}.Content()); !errors.Is(err, ErrFormat) {
		t.Errorf("zero K: %v", err)
	}
}

func TestChainJumpsAndForgets(t *testing.T) {
	e := Derive(id(1), NewKey())
	straight := e.Chain(id(9))
	var want [12][32]byte
	for i := range want {
		want[i] = straight.Next()
	}
	c := e.Chain(id(9))
	for _, i := range []uint64{0, 5, 3, 11, 10, 4, 1} {
		if got, err := c.At(i); err != nil || got != want[i] {
			t.Fatalf("At(%d): %v", i, err)
		}
		if _, err := c.At(i); !errors.Is(err, ErrSpent) {
			t.Fatalf("At(%d) again: %v", i, err)
		}
		again, err := DecodeChain(c.Encode())
		if err != nil || again.key != c.key || again.next != c.next || len(again.skipped) != len(c.skipped) {
			t.Fatalf("after %d: %v", i, err)
		}
		c = again
	}
	if c.Index() != 12 {
		t.Errorf("index %d", c.Index())
	}
}

func TestChainLimits(t *testing.T) {
	c := Derive(id(1), NewKey()).Chain(id(9))
	before := c.Encode()
	for _, i := range []uint64{MaxSkip + 1, MaxIndex + 1, 1<<64 - 1} {
		if _, err := c.At(i); !errors.Is(err, ErrSkip) {
			t.Errorf("At(%d): %v", i, err)
		}
	}
	if !bytes.Equal(c.Encode(), before) {
		t.Error("a refused jump moved the chain")
	}
	for _, i := range []uint64{MaxSkip, 2*MaxSkip + 1} {
		if _, err := c.At(i); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.skipped) != MaxSkip {
		t.Errorf("%d keys kept", len(c.skipped))
	}
	if _, err := c.At(0); !errors.Is(err, ErrSpent) {
		t.Errorf("the oldest key is still there: %v", err)
	}
	if _, err := c.At(MaxSkip + 1); err != nil {
		t.Error(err)
	}
}

// The chain's present state says nothing of keys already used.
func TestChainHasForwardSecrecy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Derive(id(1), NewKey()).Chain(id(9))
		used := map[[32]byte]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			used[c.Next()] = true
		}
		for range 50 {
			if used[c.Next()] {
				t.Fatal("a used key came back")
			}
		}
	})
}

func TestSecretsDoNotPrintOrCompare(t *testing.T) {
	e := Derive(id(1), NewKey())
	k, _ := e.Key()
	for name, v := range map[string]any{"epoch": e, "chain": e.Chain(id(2)), "kem": UserKEM(id(1), 1), "by value": *e, "key": k} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			if got := fmt.Sprintf(verb, v); got != "redacted" {
				t.Errorf("%s %s: %s", name, verb, got)
			}
		}
		if got, err := json.Marshal(v); err != nil || string(got) != `"redacted"` {
			t.Errorf("%s as JSON: %s %v", name, got, err)
		}
		typ := reflect.TypeOf(v)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if name != "key" && typ.Comparable() {
			t.Errorf("%s can be compared", name)
		}
	}
}

func FuzzEpoch(f *testing.F) {
	e := Derive(id(1), Key{id(1), id(2)})
	f.Add(e.Encode())
	e.Erase()
	f.Add(e.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := DecodeEpoch(b); err == nil && !bytes.Equal(e.Encode(), b) {
			t.Fatalf("%x encodes as %x", b, e.Encode())
		}
	})
}

func FuzzChain(f *testing.F) {
	c := Derive(id(1), Key{id(1), id(2)}).Chain(id(3))
	f.Add(c.Encode())
	if _, err := c.At(4); err != nil {
		f.Fatal(err)
	}
	f.Add(c.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := DecodeChain(b); err == nil && !bytes.Equal(c.Encode(), b) {
			t.Fatalf("%x encodes as %x", b, c.Encode())
		}
	})
}

func FuzzContent(f *testing.F) {
	f.Add(Key{id(1), id(2)}.Content())
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := ParseContent(b); err == nil && !bytes.Equal(k.Content(), b) {
			t.Fatalf("%x encodes as %x", b, k.Content())
		}
	})
}
