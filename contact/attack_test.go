package contact

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"causeway/seal"
	"causeway/store"
)

// Attack 41: an invite is used twice, after expiry, after revocation, or
// tampered with. Each is refused in its own words; no contact, no key and no
// address is learned: the book is byte for byte what it was.
func TestAttack41_InviteMisused(t *testing.T) {
	in := func(d time.Duration) time.Time { return noon.Add(d) }
	const week = 7 * 24 * time.Hour
	cases := map[string]struct {
		before func(t *testing.T, alice, bob *person, inv Invite)
		parcel func(t *testing.T, eve *person, inv Invite, link string, offer []byte) []byte
		now    time.Time
		want   error
	}{
		"used twice": {
			before: func(t *testing.T, alice, bob *person, inv Invite) {
				parcel := bob.ask(t, inv.Link(), alice.offer(t, inv))
				if c, fresh, err := alice.receive(t, parcel, noon); err != nil || !fresh || c.State != Accepted {
					t.Fatal(c, fresh, err)
				}
			},
			now: noon, want: ErrUsed},
		"after expiry":   {now: in(week), want: ErrExpired},
		"long after":     {now: in(10 * week), want: ErrExpired},
		"in time":        {now: in(week - time.Second), want: nil},
		"clock in 1970":  {now: time.Unix(0, 0), want: nil},
		"revoked":        {before: revoke, now: noon, want: ErrRevoked},
		"all revoked":    {before: revokeAll, now: noon, want: ErrRevoked},
		"forgotten":      {before: prune, now: in(40 * week), want: ErrUnknownInvite},
		"author blocked": {before: block, now: noon, want: ErrBlocked},
		"secret guessed": {parcel: withSecret, now: noon, want: ErrTampered},
		"id made up":     {parcel: withID, now: noon, want: ErrUnknownInvite},
		"no invite":      {parcel: withoutInvite, now: noon, want: ErrUnknownInvite},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			alice, bob, eve := newPerson(t, "Alice"), newPerson(t, "Bob"), newPerson(t, "Eve")
			inv := alice.invite(t, 1)
			if c.before != nil {
				c.before(t, alice, bob, inv)
			}
			make := c.parcel
			if make == nil {
				make = func(t *testing.T, eve *person, _ Invite, link string, offer []byte) []byte {
					return eve.ask(t, link, offer)
				}
			}
			parcel := make(t, eve, inv, inv.Link(), alice.offer(t, inv))
			before := alice.dump(t)
			_, fresh, err := alice.receive(t, parcel, c.now)
			if !errors.Is(err, c.want) || fresh != (c.want == nil) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if c.want != nil && alice.dump(t) != before {
				t.Error("the book changed")
			}
		})
	}
}

func revoke(t *testing.T, alice, _ *person, inv Invite) {
	alice.update(t, func(tx *store.Tx) error { _, err := alice.book.Revoke(tx, inv.ID()); return err })
}

func revokeAll(t *testing.T, alice, _ *person, _ Invite) {
	alice.update(t, alice.book.RevokeAll)
}

func prune(t *testing.T, alice, _ *person, _ Invite) {
	alice.update(t, func(tx *store.Tx) error { return alice.book.Prune(tx, noon.AddDate(1, 0, 0)) })
}

// block makes Eve someone whom Alice met before and blocked.
func block(t *testing.T, alice, _ *person, _ Invite) {
	eve := newPerson(t, "Eve")
	inv := alice.invite(t, 1)
	if _, _, err := alice.receive(t, eve.ask(t, inv.Link(), alice.offer(t, inv)), noon); err != nil {
		t.Fatal(err)
	}
	alice.update(t, func(tx *store.Tx) error { _, err := alice.book.Block(tx, eve.uid); return err })
}

func withSecret(t *testing.T, eve *person, inv Invite, _ string, offer []byte) []byte {
	return eve.forge(t, inv, offer, func(r *Request) { r.mac[0] ^= 1 })
}

func withID(t *testing.T, eve *person, inv Invite, _ string, offer []byte) []byte {
	return eve.forge(t, inv, offer, func(r *Request) { r.Invite[0] ^= 1 })
}

func withoutInvite(t *testing.T, eve *person, inv Invite, _ string, offer []byte) []byte {
	return eve.forge(t, inv, offer, func(r *Request) { r.Invite, r.mac = InviteID{}, [32]byte{} })
}

// Attack 41: a link that was changed on the way opens no offer and names nobody
// whom the joiner would ask.
func TestAttack41_LinkTampered(t *testing.T) {
	alice, bob, eve := newPerson(t, "Alice"), newPerson(t, "Bob"), newPerson(t, "Eve")
	inv := alice.invite(t, 1)
	offer := alice.offer(t, inv)
	for name, change := range map[string]func(*Invite){
		"inviter": func(i *Invite) { i.UID = eve.uid },
		"secret":  func(i *Invite) { i.secret[3] ^= 1 },
	} {
		bad := inv
		change(&bad)
		got, err := ParseInvite(bad.Link()) // well-formed: made by a program, not by a typo
		if err != nil {
			t.Fatal(err)
		}
		if o, err := OpenOffer(got, offer); !errors.Is(err, ErrTampered) || o != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A later expiry in the link is not the one in the inviter's book.
	longer := inv
	longer.Expires = noon.AddDate(10, 0, 0)
	parcel := bob.ask(t, longer.Link(), offer)
	if _, _, err := alice.receive(t, parcel, noon.AddDate(1, 0, 0)); !errors.Is(err, ErrExpired) {
		t.Error(err)
	}
	// The joiner learns of expiry before it tells anyone anything.
	bob.update(t, func(tx *store.Tx) error {
		o, err := OpenOffer(inv, offer)
		if err != nil {
			return err
		}
		if _, err := bob.book.Propose(tx, Proposal{Invite: inv, Offer: o}, inv.Expires); !errors.Is(err, ErrExpired) {
			t.Errorf("proposed by an expired link: %v", err)
		}
		return nil
	})
}

// A parcel arrives from three custodians: one contact, one use.
func TestSecondCopyIsNotASecondUse(t *testing.T) {
	alice, bob, carol := newPerson(t, "Alice"), newPerson(t, "Bob"), newPerson(t, "Carol")
	inv := alice.invite(t, 2)
	parcel := bob.ask(t, inv.Link(), alice.offer(t, inv))
	for n := range 3 {
		c, fresh, err := alice.receive(t, parcel, noon)
		if err != nil || fresh != (n == 0) || c.UID != bob.uid {
			t.Fatal(n, c, fresh, err)
		}
		if n == 1 {
			revoke(t, alice, nil, inv)
		}
	}
	if _, _, err := alice.receive(t, carol.ask(t, inv.Link(), alice.offer(t, inv)), noon); !errors.Is(err, ErrRevoked) {
		t.Error(err)
	}
	if all := alice.contacts(t); len(all) != 1 {
		t.Errorf("%d contacts", len(all))
	}
}

// If what the caller does with the contact fails, the invite is not spent.
func TestRedeemIsAtomic(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	inv := alice.invite(t, 1)
	parcel := bob.ask(t, inv.Link(), alice.offer(t, inv))
	before := alice.dump(t)
	r, err := OpenRequest(alice.uid, parcel, alice.kem)
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("the conversation could not be made")
	err = alice.db.Update(func(tx *store.Tx) error {
		if _, _, err := alice.book.Redeem(tx, r, noon); err != nil {
			t.Fatal(err)
		}
		return boom
	})
	if !errors.Is(err, boom) || alice.dump(t) != before {
		t.Fatal(err)
	}
	if err := alice.db.View(func(tx *store.Tx) error { return alice.book.Check(tx, r, noon) }); err != nil {
		t.Error(err)
	}
	if c, fresh, err := alice.receive(t, parcel, noon); err != nil || !fresh || !bytes.Equal(c.Custodians, []byte("custodians of Bob")) {
		t.Error(c, fresh, err)
	}
}

// forge makes a parcel whose fields are what change made of them, signed again.
func (p *person) forge(t *testing.T, inv Invite, offer []byte, change func(*Request)) []byte {
	t.Helper()
	o, err := OpenOffer(inv, offer)
	if err != nil {
		t.Fatal(err)
	}
	r, log := p.request(t)
	if _, err := SealRequest(o.Leaf, &inv, r, log.Sign); err != nil {
		t.Fatal(err)
	}
	change(r)
	parcel, err := seal.SealTo(o.Leaf.KEM, "causeway/1 request", r.resign(t, log.Sign))
	if err != nil {
		t.Fatal(err)
	}
	return parcel
}
