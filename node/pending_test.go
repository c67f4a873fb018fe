package node

import (
	"testing"
	"time"

	"causeway/contact"
	"causeway/identity"
	"causeway/store"
)

// told counts the events of a contact that say something.
func (p *person) told() (n int) {
	p.t.Helper()
	err := p.db.View(func(tx *store.Tx) error {
		for _, v := range tx.Scan(eventPrefix()) {
			var r eventRecord
			if err := decodeRow(v, &r); err != nil {
				return err
			}
			if r.Kind == "contact" && r.Text != "" {
				n++
			}
		}
		return tx.Err()
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// A search that lasts ends with "used" after the inviter has answered another way.
func TestNobodyIsRefusedWhoWasAccepted(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	for _, state := range []contact.State{contact.PendingOut, contact.Accepted} {
		issued := alice.invite()
		inv, err := contact.ParseInvite(issued.Link)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bob.noteAccepted(inv, issued.Link, "Ali"); err != nil {
			t.Fatal(err)
		}
		if state == contact.Accepted {
			befriended(bob, alice, inv)
		}
		before := bob.told()
		bob.refuse(inv.ID(), contact.ErrUsed)
		refused := false
		err = bob.db.View(func(tx *store.Tx) (err error) {
			refused, err = tx.Has(nodeKey(subRefused, inv.ID()))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := state == contact.PendingOut; refused != want || (bob.told() > before) != want {
			t.Errorf("%v: refused: %v, events: %d", state, refused, bob.told()-before)
		}
	}
}

// befriended writes into the book of p that the inviter has answered.
func befriended(p, inviter *person, inv contact.Invite) {
	p.t.Helper()
	var leaf *identity.Leaf
	err := inviter.db.View(func(tx *store.Tx) error {
		var row inviteRow
		if _, err := getRow(tx, nodeKey(subInviteLog, inv.ID()), &row); err != nil {
			return err
		}
		var err error
		leaf, err = identity.DecodeLeaf(row.Leaf)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	err = p.db.Update(func(tx *store.Tx) error {
		conv := [32]byte{1}
		o := contact.Proposal{Invite: inv, Offer: &contact.Offer{Leaf: leaf}, How: contact.ByInvite, Conversation: conv}
		_, err = p.book.Propose(tx, o, time.Now())
		if err == nil {
			_, err = p.book.Confirm(tx, inv.UID, conv, time.Now())
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}
