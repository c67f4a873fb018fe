package node

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"causeway/contact"
	"causeway/identity"
	"causeway/store"
)

// Self says who this node belongs to and how it is reached.
func (n *Node) Self(context.Context) (Self, error) {
	s := Self{
		Person: Person{UID: n.me.UID, Name: n.me.Name}, PeerID: n.host.ID().String(),
		Device: n.deviceID(), SafetyID: n.me.UID.SafetyID(),
	}
	for _, a := range n.host.Addrs() {
		s.Addrs = append(s.Addrs, a.String()+"/p2p/"+s.PeerID)
	}
	return s, nil
}

func (n *Node) deviceID() string {
	k := n.me.Device.Public()
	return hex.EncodeToString(k[:4])
}

// Contacts lists the address book.
func (n *Node) Contacts(context.Context) ([]Contact, error) {
	var out []Contact
	err := n.db.View(func(tx *store.Tx) error {
		all, err := n.book.All(tx)
		for _, k := range all {
			out = append(out, n.viewOf(k))
		}
		if err != nil {
			return err
		}
		out, err = withPending(tx, out)
		return err
	})
	return out, err
}

func (n *Node) contactView(tx *store.Tx, uid identity.UID) (Contact, error) {
	k, err := n.book.Get(tx, uid)
	if err != nil {
		return Contact{}, err
	}
	return n.viewOf(k), nil
}

func (n *Node) viewOf(k contact.Contact) Contact {
	out := Contact{Person: Person{UID: k.UID, Name: k.Name}, Verified: k.Verified, How: k.How.String(), Path: "none"}
	out.State = map[contact.State]ContactState{
		contact.PendingOut: ContactInvited, contact.PendingIn: ContactRequests,
		contact.Accepted: ContactAccepted, contact.Blocked: ContactBlocked,
	}[k.State]
	if p, up := n.online.user(k.UID); up {
		out.Online, out.Path = true, n.pathTo(p)
	} else if len(k.Custodians) > 0 {
		out.Path = "custodian"
	}
	return out
}

// onContact runs f on one contact in a transaction.
func (n *Node) onContact(who string, f func(tx *store.Tx, k contact.Contact) error) error {
	return explain(n.db.Update(func(tx *store.Tx) error {
		k, err := n.person(tx, who)
		if err != nil {
			return err
		}
		return f(tx, k)
	}))
}

// RenameContact gives a contact another petname; nobody else learns of it.
func (n *Node) RenameContact(_ context.Context, who, name string) error {
	if err := identity.CheckName(name); err != nil {
		return invalid("%v", err)
	}
	return n.onContact(who, func(tx *store.Tx, k contact.Contact) error {
		_, err := n.book.Rename(tx, k.UID, name)
		return err
	})
}

// BlockContact stops or resumes all exchange with a contact. What it may park
// here, and where it may park for this user, is withdrawn with the block.
func (n *Node) BlockContact(_ context.Context, who string, block bool) error {
	var blocked identity.UID
	err := n.onContact(who, func(tx *store.Tx, k contact.Contact) error {
		if !block {
			_, err := n.book.Unblock(tx, k.UID)
			return err
		}
		blocked = k.UID
		if _, err := n.book.Block(tx, k.UID); err != nil {
			return err
		}
		return dropKeeper(tx, k.UID)
	})
	if err == nil && block {
		_ = n.keeper.Withdraw([32]byte(blocked), time.Now()) // most have no grant
		n.hangUp(blocked)
	}
	if err == nil {
		n.sync.Refresh()
		n.pace.reset() // whoever is let in again is met now
		n.wake["meet"].ring()
		n.wake["publish"].ring()
		n.wake["collect"].ring() // slots of blocked people are closed there
	}
	return err
}

// hangUp ends the connections on which a user is met. What both may still share,
// such as a group, is offered anew when they meet again.
func (n *Node) hangUp(uid identity.UID) {
	for p, up := n.online.user(uid); up; p, up = n.online.user(uid) {
		if n.host.Network().ClosePeer(p) != nil || n.online.drop(p) == 0 {
			return
		}
	}
}

// RemoveContact forgets a contact, or whoever has not answered yet. What was said
// stays in the store.
func (n *Node) RemoveContact(_ context.Context, who string) error {
	var gone identity.UID
	err := explain(n.db.Update(func(tx *store.Tx) error {
		k, err := n.person(tx, who)
		if err == nil {
			gone = k.UID
			return errors.Join(n.book.Remove(tx, gone), dropKeeper(tx, gone), dropPending(tx, gone))
		}
		uid, waits := pendingNamed(tx, who)
		if !waits {
			return err
		}
		return dropPending(tx, uid)
	}))
	if err == nil && gone != (identity.UID{}) {
		_ = n.keeper.Withdraw([32]byte(gone), time.Now()) // most have no grant
		n.hangUp(gone)
		n.sync.Refresh()
		n.wake["publish"].ring()
		n.wake["collect"].ring() // their slots are closed
	}
	return err
}

// VerifyContact returns the 60 digits that both sides compare.
func (n *Node) VerifyContact(_ context.Context, who string) (string, error) {
	var digits string
	err := n.db.View(func(tx *store.Tx) error {
		k, err := n.person(tx, who)
		if err != nil {
			return err
		}
		digits = identity.SafetyNumber(n.me.UID, k.UID)
		return nil
	})
	return digits, explain(err)
}

// MarkVerified notes that the numbers were compared, or takes that back.
func (n *Node) MarkVerified(_ context.Context, who string, yes bool) error {
	return n.onContact(who, func(tx *store.Tx, k contact.Contact) error {
		_, err := n.book.Verify(tx, k.UID, yes)
		return err
	})
}
