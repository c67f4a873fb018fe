package contact

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/seal"
)

func TestOfferRoundTrip(t *testing.T) {
	alice := newPerson(t, "Alice")
	inv := alice.invite(t, 1)
	leaf, log := alice.leaf(t)
	for size, o := range map[int]Offer{
		OfferSmall: {Leaf: leaf, Custodians: []byte("c"), Deposit: []byte("d"), Hints: []string{"/ip4/192.0.2.1/tcp/1"}},
		OfferLarge: {Leaf: leaf, Custodians: make([]byte, 9000), Deposit: []byte{}, Hints: nil},
	} {
		box, err := SealOffer(inv, o, log.Sign)
		if err != nil || len(box) != size {
			t.Fatal(len(box), err)
		}
		got, err := OpenOffer(inv, box)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Leaf, leaf) || !bytes.Equal(got.Custodians, o.Custodians) || !bytes.Equal(got.Deposit, o.Deposit) || len(got.Hints) != len(o.Hints) {
			t.Errorf("%+v", got)
		}
	}
	if _, err := SealOffer(inv, Offer{Leaf: leaf, Custodians: make([]byte, OfferLarge)}, log.Sign); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// An offer is good for one link and one user, and a custodian, who has not seen
// the link, opens nothing.
func TestOffersOfOthersAreRefused(t *testing.T) {
	alice, eve := newPerson(t, "Alice"), newPerson(t, "Eve")
	inv, other := alice.invite(t, 1), alice.invite(t, 1)
	box := alice.offer(t, inv)
	moved := inv
	moved.UID = eve.uid
	for name, wrong := range map[string]Invite{"another link": other, "another user": moved} {
		if _, err := OpenOffer(wrong, box); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	leaf, log := eve.leaf(t)
	if _, err := SealOffer(inv, Offer{Leaf: leaf}, log.Sign); !errors.Is(err, ErrTampered) {
		t.Errorf("leaf of another: %v", err)
	}
	for i := 0; i < len(box); i += 7 {
		bad := bytes.Clone(box)
		bad[i] ^= 4
		if _, err := OpenOffer(inv, bad); !errors.Is(err, ErrTampered) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if _, err := OpenOffer(inv, box[:100]); !errors.Is(err, ErrTampered) {
		t.Error(err)
	}
}

// Who has read the link can seal an offer, but not make the inviter's: neither
// with its own leaf, nor with the inviter's and its own custodians.
func TestOfferForgedByOneWhoHasTheLink(t *testing.T) {
	alice, eve := newPerson(t, "Alice"), newPerson(t, "Eve")
	inv := alice.invite(t, 1)
	o, err := OpenOffer(inv, alice.offer(t, inv))
	if err != nil {
		t.Fatal(err)
	}
	own, log := eve.leaf(t)
	for name, leaf := range map[string]*identity.Leaf{"her own leaf": own, "the inviter's leaf": o.Leaf} {
		box := sealClaim(t, inv, offerClaim{Version: 1, Leaf: leaf.Encode(), Custodians: []byte("Eve's")}, log)
		if _, err := OpenOffer(inv, box); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func sealClaim(t *testing.T, inv Invite, c offerClaim, log *identity.LogSigner) []byte {
	t.Helper()
	msg, err := signable(label.OfferSignature, offerSigned{Invite: inv.ID(), Claim: c})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := wire.Marshal(offerWire{Claim: c, Sig: log.Sign(msg)})
	if err != nil {
		t.Fatal(err)
	}
	padded, err := seal.PadTo(plain, OfferSmall-seal.BoxOverhead)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.SealBytes(inv.derive(label.InviteOffer), label.Offer, inv.UID[:], padded)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func FuzzOffer(f *testing.F) {
	alice := keysOf("Alice")
	inv := Invite{UID: alice.uid, secret: [16]byte{1}}
	padded, err := seal.OpenBytes(inv.derive(label.InviteOffer), label.Offer, inv.UID[:], alice.offer(f, inv))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(padded)
	f.Fuzz(func(t *testing.T, b []byte) {
		o, ended, err := decodeOffer(inv, b)
		if err != nil || ended != nil {
			return
		}
		plain, err := seal.Unpad(b)
		if err != nil {
			t.Fatal(err)
		}
		var w offerWire
		if err := wire.Unmarshal(plain, &w); err != nil {
			t.Fatal(err)
		}
		again, err := wire.Marshal(offerWire{Claim: offerClaim{Version: 1, Leaf: o.Leaf.Encode(), Custodians: o.Custodians, Deposit: o.Deposit, Hints: o.Hints}, Sig: w.Sig})
		if err != nil || !bytes.Equal(again, plain) {
			t.Fatalf("%x encodes as %x", plain, again)
		}
	})
}
