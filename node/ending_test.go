package node

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"causeway/contact"
	"causeway/identity"
	"causeway/store"
)

// entry returns how a user stands in the address book.
func (p *person) entry(of identity.UID) Contact {
	p.t.Helper()
	all, err := p.Contacts(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, k := range all {
		if k.UID == of {
			return k
		}
	}
	return Contact{}
}

func (p *person) invite() Invite {
	p.t.Helper()
	inv, err := p.CreateInvite(context.Background(), InviteOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	return inv
}

func TestEndedInviteIsRefusedAfterARestart(t *testing.T) {
	server := newPerson(t, "Server")
	alice := newPerson(t, "Alice", server.addr())
	bob, dave := newPerson(t, "Bob", server.addr()), newPerson(t, "Dave", server.addr())
	ctx := context.Background()
	used, revoked := alice.invite(), alice.invite()
	if _, err := bob.Accept(ctx, used.Link, ""); err != nil {
		t.Fatal(err)
	}
	alice.until("Bob", func() bool { return alice.knows("Bob") })
	if err := alice.RevokeInvite(ctx, revoked.ID); err != nil {
		t.Fatal(err)
	}
	her := alice.me.UID
	alice.stop()
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if k, err := dave.Accept(short, used.Link, "Ali"); err != nil || k.State != ContactInvited || k.Name != "Ali" || k.UID != her {
		t.Fatalf("while she is away: %+v, %v", k, err)
	}
	if k := dave.entry(her); k.State != ContactInvited || k.Name != "Ali" {
		t.Errorf("the address book shows %+v", k)
	}
	dave.stop() // what is pending outlasts a restart
	dave.start()
	alice.start()
	dave.until("a refusal", func() bool { return dave.entry(her).State == ContactRefused })
	if k := dave.entry(her); !strings.Contains(k.Why, contact.ErrUsed.Error()) {
		t.Errorf("refused because %q", k.Why)
	}
	for link, why := range map[string]error{used.Link: contact.ErrUsed, revoked.Link: contact.ErrRevoked} {
		_, err := dave.Accept(ctx, link, "")
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), why.Error()) {
			t.Errorf("%v: %v", why, err)
		}
	}
	if err := dave.RemoveContact(ctx, "@Ali"); err != nil {
		t.Fatal(err)
	}
	if k := dave.entry(her); k.State != "" {
		t.Errorf("after it was removed: %+v", k)
	}
	if _, err := dave.Accept(ctx, alice.invite().Link, ""); err != nil {
		t.Fatal(err)
	}
	dave.until("Alice", func() bool { return dave.knows("Alice") })
}

// Two left their requests with a custodian, for one use: the second is told, too.
func TestWhoCameSecondIsTold(t *testing.T) {
	carol := newPerson(t, "Carol")
	alice := newPerson(t, "Alice", carol.addr())
	befriend(carol, alice)
	custody(carol, alice)
	inv := alice.invite()
	alice.until("stand-in", alice.stoodInFor)
	her := alice.me.UID
	alice.stop()
	two := []*person{newPerson(t, "Bob", carol.addr()), newPerson(t, "Dave", carol.addr())}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, p := range two {
		if k, err := p.Accept(ctx, inv.Link, ""); err != nil || k.State != ContactInvited {
			t.Fatalf("%s: %+v, %v", p.name, k, err)
		}
		for p.entry(her).Name != "Alice" && ctx.Err() == nil { // until the custodian is found
			p.introduce(ctx)
		}
	}
	alice.start()
	alice.until("one of them", func() bool { return alice.knows("Bob") || alice.knows("Dave") })
	won, lost := two[0], two[1]
	if alice.knows("Dave") {
		won, lost = lost, won
	}
	for lost.entry(her).State != ContactRefused {
		lost.pace.reset()
		lost.introduce(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%s is never told: %+v", lost.name, lost.entry(her))
		}
	}
	won.pace.reset()
	won.introduce(ctx)
	won.until("Alice", func() bool { return won.knows("Alice") })
}

// What is kept of ended invites, and of refusals, is bounded.
func TestEndingsAreBounded(t *testing.T) {
	alice := newPerson(t, "Alice")
	for range endedKept + 3 {
		if err := alice.RevokeInvite(context.Background(), alice.invite().ID); err != nil {
			t.Fatal(err)
		}
	}
	open := alice.invite()
	err := alice.db.Update(func(tx *store.Tx) error {
		out, over, err := alice.standIns(tx, alice.me.UID)
		if err != nil {
			return err
		}
		if len(out) != endedKept+1 || len(over) != 3 || out[0].Invite.ID().String() != open.ID {
			t.Errorf("stands in for %d, and not for %d", len(out), len(over))
		}
		if out, _, err := alice.standIns(tx, identity.UID{7}); err != nil || len(out) != 1 {
			t.Errorf("a friend who never stood in is told of %d, %v", len(out), err)
		}
		old := refusedRow{UID: identity.UID{9}, Why: "why", At: uint64(time.Now().Add(-refusedTime - time.Hour).Unix())}
		fresh := refusedRow{UID: identity.UID{8}, Why: "why", At: uint64(time.Now().Unix())}
		return errors.Join(putRow(tx, nodeKey(subRefused, contact.InviteID{1}), &old),
			putRow(tx, nodeKey(subRefused, contact.InviteID{2}), &fresh),
			putRow(tx, nodeKey(subInviteLog, contact.InviteID{3}), &inviteRow{}))
	})
	if err != nil {
		t.Fatal(err)
	}
	alice.sweep(context.Background())
	if alice.entry(identity.UID{9}).State != "" || alice.entry(identity.UID{8}).State != ContactRefused {
		t.Error("refusals are not forgotten in time")
	}
	err = alice.db.View(func(tx *store.Tx) error {
		kept, err := tx.Has(nodeKey(subInviteLog, contact.InviteID{3}))
		if kept {
			t.Error("the leaf of an invite that the book has forgotten is kept")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
