package contact

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"causeway/identity"
	"causeway/internal/label"
	"causeway/seal"
)

// H is bytes that the vectors write in hexadecimal.
type H []byte

func (h *H) UnmarshalText(t []byte) error {
	b, err := hex.DecodeString(string(t))
	*h = b
	return err
}

type vectors struct {
	People  []struct{ UID, Kem, Log, Leaf H }
	Invites []struct {
		UID, Secret, ID, Rendezvous, OfferKey, MacKey, Token, TokenHash H
		Expires                                                         int64
		Hints                                                           []string
		Link                                                            string
	}
	BadLinks []string
	Offers   []struct {
		Custodians, Deposit, Box H
		Hints                    []string
	}
	Requests []struct {
		Invited                                                 bool
		Header, Body, Custodians, Deposit, Conversation, Parcel H
	}
}

// readVectors reads what docs/spec/vectors/04-people.mjs wrote.
func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("../docs/spec/vectors/04-people.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.People) < 2 || len(v.Invites) == 0 || len(v.BadLinks) == 0 || len(v.Offers) == 0 || len(v.Requests) == 0 {
		t.Fatal("a kind of vector is missing")
	}
	return v
}

func TestVectorsInvites(t *testing.T) {
	v := readVectors(t)
	for i, v := range v.Invites {
		inv, err := ParseInvite(v.Link)
		if err != nil {
			t.Fatal(i, err)
		}
		want := Invite{UID: identity.UID(v.UID), Hints: v.Hints, secret: [16]byte(v.Secret)}
		if v.Expires != 0 {
			want.Expires = time.Unix(v.Expires, 0)
		}
		if !same(inv, want) || want.Link() != v.Link {
			t.Errorf("%d: %s", i, want.Link())
		}
		id := inv.ID()
		for name, pair := range map[string][2][]byte{
			"id": {id[:], v.ID}, "rendezvous": {slice(inv.Rendezvous()), v.Rendezvous}, "offer key": {slice(inv.derive(label.InviteOffer)), v.OfferKey},
			"mac key": {slice(inv.derive(label.InviteMAC)), v.MacKey}, "token": {slice(inv.DepositToken()), v.Token}, "hash": {slice(inv.DepositHash()), v.TokenHash}} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Errorf("%d: %s is %x", i, name, pair[0])
			}
		}
	}
	for _, link := range v.BadLinks {
		if _, err := ParseInvite(link); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func slice(b [32]byte) []byte { return b[:] }

func TestVectorsOffers(t *testing.T) {
	all := readVectors(t)
	inv, err := ParseInvite(all.Invites[0].Link)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range all.Offers {
		o, err := OpenOffer(inv, v.Box)
		if err != nil {
			t.Fatal(i, err)
		}
		if !bytes.Equal(o.Leaf.Encode(), all.People[0].Leaf) || !bytes.Equal(o.Custodians, v.Custodians) ||
			!bytes.Equal(o.Deposit, v.Deposit) || !slices.Equal(o.Hints, v.Hints) {
			t.Errorf("%d: %+v", i, o)
		}
	}
}

func TestVectorsRequests(t *testing.T) {
	all := readVectors(t)
	alice, bob := all.People[0], all.People[1]
	inv, err := ParseInvite(all.Invites[0].Link)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range all.Requests {
		r, err := OpenRequest(identity.UID(alice.UID), v.Parcel, seal.KEMFromSeed([32]byte(alice.Kem)))
		if err != nil {
			t.Fatal(i, err)
		}
		if !bytes.Equal(r.Leaf.Encode(), bob.Leaf) || !bytes.Equal(r.FoundHeader, v.Header) || !bytes.Equal(r.FoundBody, v.Body) ||
			!bytes.Equal(r.Custodians, v.Custodians) || !bytes.Equal(r.Deposit, v.Deposit) || r.Conversation() != [32]byte(v.Conversation) {
			t.Errorf("%d: %+v", i, r)
		}
		if v.Invited != (r.Invite == inv.ID()) || v.Invited != r.proven(inv) {
			t.Errorf("%d: MAC", i)
		}
		again := *r
		if _, err := SealRequest(leafOf(t, alice.Leaf), map[bool]*Invite{true: &inv}[v.Invited], &again, identity.LogSignerFromSeed([32]byte(bob.Log)).Sign); err != nil || !bytes.Equal(again.raw, r.raw) {
			t.Errorf("%d: made otherwise: %v", i, err)
		}
	}
}

func leafOf(t *testing.T, b []byte) *identity.Leaf {
	t.Helper()
	l, err := identity.DecodeLeaf(b)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
