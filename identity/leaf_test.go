package identity

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"causeway/internal/wire"
)

func TestLeafRoundTrip(t *testing.T) {
	p := newPerson(t, "alice")
	l := p.leaf(t, "Alice ✿ علی\u200cرضا")
	got, err := DecodeLeaf(l.Encode())
	if err != nil || !reflect.DeepEqual(got, l) {
		t.Fatalf("%+v, %v", got, err)
	}
	if got.UID() != p.root.Card().UID() || got.Device() != p.phone.Public() || got.Log != p.log("1").Public() {
		t.Fatal("leaf of somebody else")
	}
}

// A device certified by an older device is the user's, up to MaxChain of them.
func TestLeafOfLaterDevices(t *testing.T) {
	p := newPerson(t, "alice")
	uid := p.root.Card().UID()
	for len(p.chain) < MaxChain {
		next := NewDevice()
		p.chain = append(p.chain, p.phone.Certify(uid, next.Public()))
		p.phone = next
	}
	l := p.leaf(t, strings.Repeat("n", MaxName))
	if b := l.Encode(); len(b) > MaxLeaf {
		t.Fatalf("the largest leaf has %d bytes", len(b))
	} else if _, err := DecodeLeaf(b); err != nil {
		t.Fatal(err)
	}
	next := NewDevice()
	p.chain = append(p.chain, p.phone.Certify(uid, next.Public()))
	if _, err := NewLeaf(p.root.Card(), p.chain, next, p.log("1"), 0, p.kem, ""); !errors.Is(err, ErrChain) {
		t.Fatalf("a chain over the limit: %v", err)
	}
}

func TestLeafBitFlipsAreRefused(t *testing.T) {
	b := newPerson(t, "alice").leaf(t, "Alice").Encode()
	for i := range b {
		if i > 400 && i < 1500 && i%16 != 0 {
			continue // within the KEM key; a sample is enough
		}
		bad := bytes.Clone(b)
		bad[i] ^= 1 << (i % 8)
		if _, err := DecodeLeaf(bad); err == nil {
			t.Fatalf("bit flipped in byte %d of %d", i, len(b))
		}
	}
}

func TestForgedLeavesAreRefused(t *testing.T) {
	alice, eve := newPerson(t, "alice"), newPerson(t, "eve")
	card, uid := alice.root.Card(), alice.root.Card().UID()
	low := bytes.Clone(alice.kem)
	clear(low[KEMSize-32:]) // X25519 point of low order
	big := bytes.Repeat([]byte{0xff}, KEMSize)
	cases := []struct {
		name   string
		want   error
		card   Card
		chain  []DeviceCert
		device *Device
		kem    []byte
		call   string
	}{
		{"no chain", ErrChain, card, nil, alice.phone, alice.kem, ""},
		{"certified by another root", ErrChain, card, eve.chain, eve.phone, alice.kem, ""},
		{"device that nobody certified", ErrSignature, card, alice.chain, eve.phone, alice.kem, ""},
		{"certificate for another user", ErrSignature, card, []DeviceCert{certify(&alice.root.secret, UID{1}, alice.phone.Public())}, alice.phone, alice.kem, ""},
		{"certified by a stranger's device", ErrChain, card, append(append([]DeviceCert(nil), alice.chain...), eve.phone.Certify(uid, eve.phone.Public())), eve.phone, alice.kem, ""},
		{"short KEM key", ErrKEM, card, alice.chain, alice.phone, alice.kem[1:], ""},
		{"KEM key of low order", ErrKEM, card, alice.chain, alice.phone, low, ""},
		{"KEM key out of range", ErrKEM, card, alice.chain, alice.phone, big, ""},
		{"name with an escape", ErrName, card, alice.chain, alice.phone, alice.kem, "\x1b[2J"},
		{"long name", ErrName, card, alice.chain, alice.phone, alice.kem, strings.Repeat("n", 65)},
	}
	for _, c := range cases {
		l := &Leaf{Card: c.card, Chain: c.chain, Log: alice.log("1").Public(), KEM: c.kem, Name: c.call}
		l.Possession = alice.log("1").sign("causeway/1 possession of log", mustEncode(possessionSigned{UID: uid, Device: c.device.Public()}))
		l.Sig = c.device.sign("causeway/1 leaf", mustEncode(l.signed()))
		if _, err := DecodeLeaf(l.Encode()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if _, err := NewLeaf(c.card, c.chain, c.device, alice.log("1"), 0, c.kem, c.call); c.want != ErrSignature && !errors.Is(err, c.want) {
			t.Errorf("new leaf, %s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Nobody can claim a log that another writes.
func TestLeafNeedsTheLogsOwnSignature(t *testing.T) {
	alice, eve := newPerson(t, "alice"), newPerson(t, "eve")
	theirs := alice.leaf(t, "Alice")
	stolen := &Leaf{Card: eve.root.Card(), Chain: eve.chain, Log: theirs.Log, KEM: eve.kem, Possession: theirs.Possession}
	stolen.Sig = eve.phone.sign("causeway/1 leaf", mustEncode(stolen.signed()))
	if _, err := DecodeLeaf(stolen.Encode()); !errors.Is(err, ErrSignature) {
		t.Fatal(err)
	}
}

func TestLeafOfAnotherVersion(t *testing.T) {
	l := newPerson(t, "alice").leaf(t, "")
	s := l.signed()
	s.Version = 2
	b, err := wire.Marshal(leafWire{Signed: s, Sig: l.Sig})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeLeaf(b); !errors.Is(err, ErrVersion) {
		t.Fatal(err)
	}
	if _, err := DecodeLeaf(make([]byte, MaxLeaf+1)); !errors.Is(err, wire.ErrEncoding) {
		t.Fatal(err)
	}
}

func FuzzLeaf(f *testing.F) {
	f.Add(newPerson(f, "alice").leaf(f, "Alice").Encode())
	f.Add(newPerson(f, "bob").leaf(f, "").Encode())
	f.Add([]byte{0x82, 0x88, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := DecodeLeaf(b); err == nil && !bytes.Equal(l.Encode(), b) {
			t.Fatalf("%x encodes as %x", b, l.Encode())
		}
	})
}
