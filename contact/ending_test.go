package contact

import (
	"errors"
	"testing"
	"time"

	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/store"
)

// ending is what p tells the holders of an invite at a time; nil: nothing.
func (p *person) ending(t *testing.T, inv Invite, now time.Time) (e *Ending) {
	t.Helper()
	p.update(t, func(tx *store.Tx) error {
		i, err := p.book.Invite(tx, inv.ID())
		if err != nil {
			return err
		}
		e, err = p.book.Ending(tx, i, now)
		return err
	})
	return e
}

func TestHoldersOfAnEndedInviteAreTold(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	used, revoked := alice.invite(t, 1), alice.invite(t, 1)
	if e := alice.ending(t, used, noon); e != nil {
		t.Errorf("an open invite has ended: %v", e)
	}
	parcel := bob.ask(t, used.Link(), alice.offer(t, used))
	c, _, err := alice.receive(t, parcel, noon)
	if err != nil {
		t.Fatal(err)
	}
	alice.update(t, func(tx *store.Tx) error { _, err := alice.book.Revoke(tx, revoked.ID()); return err })
	for inv, why := range map[*Invite]error{&used: ErrUsed, &revoked: ErrRevoked} {
		leaf, log := alice.leaf(t)
		box, err := SealEnding(*inv, leaf, alice.ending(t, *inv, noon), log.Sign)
		if err != nil || len(box) != OfferSmall {
			t.Fatal(len(box), err)
		}
		_, err = OpenOffer(*inv, box)
		var e *Ending
		if !errors.As(err, &e) || !errors.Is(err, why) || errors.Is(err, ErrTampered) {
			t.Fatalf("%v: a holder is told %v", why, err)
		}
		if got := e.Tells(*inv, c.Conversation); got != (why == ErrUsed) {
			t.Errorf("%v: the one who used it is told so: %v", why, got)
		}
		if e.Tells(*inv, [32]byte{1}) {
			t.Errorf("%v: anybody is told that it was them", why)
		}
		if e := alice.ending(t, *inv, noon.Add(8*24*time.Hour)); e != nil {
			t.Errorf("%v: after its time: %v, though the link tells that", why, e)
		}
	}
}

// What an ending names is the use of this invite: no other conversation with the
// same person, and it does not matter what became of them since.
func TestAnEndingNamesTheUsesOfItsInvite(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	first, second := alice.invite(t, 1), alice.invite(t, 1)
	convs := map[InviteID][32]byte{}
	for _, inv := range []Invite{first, second} {
		r, log := bob.request(t)
		to, _ := alice.leaf(t)
		parcel, err := SealRequest(to, &inv, r, log.Sign)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := alice.receive(t, parcel, noon); err != nil {
			t.Fatal(err)
		}
		convs[inv.ID()] = r.Conversation()
	}
	check := func(when string) {
		t.Helper()
		for _, inv := range []Invite{first, second} {
			e := alice.ending(t, inv, noon)
			if len(e.Uses) != 1 || !e.Tells(inv, convs[inv.ID()]) {
				t.Errorf("%s: names %d conversations, that of its use: %v", when, len(e.Uses), e.Tells(inv, convs[inv.ID()]))
			}
		}
	}
	check("of a contact with two conversations")
	alice.update(t, func(tx *store.Tx) error { return alice.book.Remove(tx, bob.uid) })
	check("of one who was removed")
	alice.update(t, func(tx *store.Tx) error { return alice.book.Prune(tx, noon.Add(60*24*time.Hour)) })
	alice.update(t, func(tx *store.Tx) error {
		uses, err := readUses(tx, first.ID())
		if len(uses) != 0 {
			t.Error("the uses of a forgotten invite are kept")
		}
		return err
	})
}

// Only the latest uses fit into an ending.
func TestAnEndingIsBounded(t *testing.T) {
	alice := newPerson(t, "Alice")
	alice.update(t, func(tx *store.Tx) error {
		for c := range byte(maxEndingUses + 2) {
			if err := keepUse(tx, InviteID{1}, [32]byte{c}); err != nil {
				return err
			}
		}
		uses, err := readUses(tx, InviteID{1})
		if len(uses) != maxEndingUses || uses[maxEndingUses-1] != useOf(InviteID{1}, [32]byte{maxEndingUses + 1}) {
			t.Errorf("%d uses are kept, the latest last", len(uses))
		}
		return err
	})
}

// A custodian cannot end an invite, and nor can somebody who saw the link.
func TestNobodyElseEndsAnInvite(t *testing.T) {
	alice, eve := newPerson(t, "Alice"), newPerson(t, "Eve")
	inv, other := alice.invite(t, 1), alice.invite(t, 1)
	leaf, log := alice.leaf(t)
	box, err := SealEnding(inv, leaf, &Ending{Why: ErrRevoked}, log.Sign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOffer(other, box); !errors.Is(err, ErrTampered) || errors.Is(err, ErrRevoked) {
		t.Errorf("that of another invite: %v", err)
	}
	own, hers := eve.leaf(t)
	if _, err := SealEnding(inv, own, &Ending{Why: ErrUsed}, hers.Sign); !errors.Is(err, ErrTampered) {
		t.Errorf("leaf of another: %v", err)
	}
	for name, leaf := range map[string]*identity.Leaf{"her own leaf": own, "the inviter's leaf": leaf} {
		claim := endingClaim{Version: endingVersion, Leaf: leaf.Encode(), Why: 1}
		msg, err := signable(label.OfferSignature, endingSigned{Invite: inv.ID(), Claim: claim})
		if err != nil {
			t.Fatal(err)
		}
		plain, err := wire.Marshal(endingWire{Claim: claim, Sig: hers.Sign(msg)})
		if err != nil {
			t.Fatal(err)
		}
		box, err := inv.seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenOffer(inv, box); !errors.Is(err, ErrTampered) || errors.Is(err, ErrUsed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SealEnding(inv, leaf, &Ending{Why: ErrExpired}, log.Sign); err == nil {
		t.Error("ended for a reason that has no number")
	}
}
