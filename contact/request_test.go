package contact

import (
	"bytes"
	"errors"
	"testing"

	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/seal"
)

func TestRequestRoundTrip(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	inv := alice.invite(t, 1)
	to, _ := alice.leaf(t)
	r, log := bob.request(t)
	parcel, err := SealRequest(to, &inv, r, log.Sign)
	if err != nil || len(parcel) != RequestSize {
		t.Fatal(len(parcel), err)
	}
	older := seal.UserKEM([32]byte{9}, 7)
	got, err := OpenRequest(alice.uid, parcel, older, alice.kem)
	if err != nil {
		t.Fatal(err)
	}
	if got.UID() != bob.uid || got.Invite != inv.ID() || got.Conversation() != r.Conversation() || got.digest() != r.digest() ||
		!bytes.Equal(got.FoundHeader, r.FoundHeader) || !bytes.Equal(got.FoundBody, r.FoundBody) ||
		!bytes.Equal(got.Custodians, r.Custodians) || !bytes.Equal(got.Deposit, r.Deposit) || !got.proven(inv) {
		t.Errorf("%+v", got)
	}
}

func TestRequestLimits(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	to, _ := alice.leaf(t)
	r, log := bob.request(t)
	for r.FoundBody = make([]byte, 8000); ; r.FoundBody = append(r.FoundBody, make([]byte, 100)...) {
		parcel, err := SealRequest(to, nil, r, log.Sign)
		if errors.Is(err, ErrTooLarge) {
			break
		}
		if err != nil || len(parcel) != RequestSize {
			t.Fatal(len(parcel), err)
		}
	}
	if len(r.FoundBody) < 12_000 {
		t.Errorf("no room for a body of %d bytes", len(r.FoundBody))
	}
}

func TestTamperedRequestsAreRefused(t *testing.T) {
	alice, bob, eve := newPerson(t, "Alice"), newPerson(t, "Bob"), newPerson(t, "Eve")
	inv := alice.invite(t, 1)
	to, _ := alice.leaf(t)
	r, log := bob.request(t)
	r.FoundBody = r.FoundBody[:100]
	parcel, err := SealRequest(to, &inv, r, log.Sign)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(name string, p []byte, who *person) {
		t.Helper()
		if got, err := OpenRequest(who.uid, p, who.kem); !errors.Is(err, ErrTampered) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refuse("another recipient", parcel, eve)
	refuse("cut", parcel[:1000], alice)
	refuse("empty", nil, alice)
	for i := 0; i < len(parcel); i += 331 {
		bad := bytes.Clone(parcel)
		bad[i] ^= 1
		refuse("bit flipped", bad, alice)
	}
	// Alice, whom Bob asked, passes his request on as if it were for Eve.
	refuse("passed on", reseal(t, eve, r.raw), eve)
	// Every bit of what lies inside is covered.
	for i := range r.raw {
		if i > 400 && i < 1500 && i%16 != 0 {
			continue // within the KEM key; a sample is enough
		}
		bad := bytes.Clone(r.raw)
		bad[i] ^= 1 << (i % 8)
		if _, err := decodeRequest(alice.uid, bad); !errors.Is(err, ErrTampered) {
			t.Fatalf("byte %d inside: %v", i, err)
		}
	}
	other, err := NewInvite(eve.uid, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SealRequest(to, &other, r, log.Sign); !errors.Is(err, ErrTampered) {
		t.Errorf("invite of another: %v", err)
	}
}

func TestOwnRequestIsRefused(t *testing.T) {
	alice := newPerson(t, "Alice")
	to, _ := alice.leaf(t)
	r, log := alice.request(t)
	parcel, err := SealRequest(to, nil, r, log.Sign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRequest(alice.uid, parcel, alice.kem); !errors.Is(err, ErrSelf) {
		t.Error(err)
	}
}

// resign returns the padded request with a signature for its present fields.
func (r *Request) resign(t *testing.T, sign func([]byte) [64]byte) []byte {
	t.Helper()
	msg, err := signable(label.RequestSignature, r.signed())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := wire.Marshal(requestWire{Claim: r.claim(), MAC: r.mac, Sig: sign(msg)})
	if err != nil {
		t.Fatal(err)
	}
	padded, err := seal.PadTo(raw, requestPadded)
	if err != nil {
		t.Fatal(err)
	}
	return padded
}

// reseal makes a parcel for p of what was made for another.
func reseal(t *testing.T, p *person, raw []byte) []byte {
	t.Helper()
	padded, err := seal.PadTo(raw, requestPadded)
	if err != nil {
		t.Fatal(err)
	}
	parcel, err := seal.SealTo(p.kem.Public(), label.Request, padded)
	if err != nil {
		t.Fatal(err)
	}
	return parcel
}

func FuzzRequest(f *testing.F) {
	alice, bob := keysOf("Alice"), keysOf("Bob")
	inv := Invite{UID: alice.uid, secret: [16]byte{1}}
	to, _ := alice.leaf(f)
	for _, by := range []*Invite{&inv, nil} {
		r, log := bob.request(f)
		if _, err := SealRequest(to, by, r, log.Sign); err != nil {
			f.Fatal(err)
		}
		f.Add(r.raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRequest(alice.uid, b)
		if err != nil {
			return
		}
		var w requestWire
		if err := wire.Unmarshal(b, &w); err != nil {
			t.Fatal(err)
		}
		again, err := wire.Marshal(requestWire{Claim: r.claim(), MAC: r.mac, Sig: w.Sig})
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x", b, again)
		}
	})
}
