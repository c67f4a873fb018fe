package node

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/identity"
	"causeway/merkle"
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

// RemoveContact forgets a contact. What was said stays in the store.
func (n *Node) RemoveContact(_ context.Context, who string) error {
	var gone identity.UID
	err := n.onContact(who, func(tx *store.Tx, k contact.Contact) error {
		gone = k.UID
		return errors.Join(n.book.Remove(tx, k.UID), dropKeeper(tx, k.UID))
	})
	if err == nil {
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

// Requests lists who asks to become a contact without an invite.
func (n *Node) Requests(context.Context) ([]Request, error) {
	var out []Request
	err := n.db.View(func(tx *store.Tx) error {
		waiting, err := n.book.Waiting(tx)
		for _, r := range waiting {
			k, err := n.book.Get(tx, r.Leaf.UID())
			if err != nil {
				return err
			}
			out = append(out, Request{Person: Person{UID: k.UID, Name: k.Name}, How: k.How.String()})
		}
		return err
	})
	return out, err
}

// AnswerRequest accepts or declines a request that waits.
func (n *Node) AnswerRequest(_ context.Context, who string, accept bool) error {
	err := n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		k, err := n.person(tx, who)
		if err != nil {
			return nil, err
		}
		if !accept {
			return nil, n.book.Decline(tx, k.UID)
		}
		_, r, err := n.book.Accept(tx, k.UID, now)
		if err != nil {
			return nil, err
		}
		return n.adopt(tx, now, r)
	})
	n.sync.Refresh()
	return err
}

// redeem takes a request that came for one of this user's invites. It is the
// whole of becoming contacts on the inviter's side, in one transaction.
func (n *Node) redeem(parcel []byte, arrived time.Time) error {
	r, err := contact.OpenRequest(n.me.UID, parcel, n.me.KEMs...)
	if err != nil {
		return err
	}
	err = n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		_, fresh, err := n.book.Redeem(tx, r, arrived)
		if err != nil || !fresh {
			return nil, err
		}
		return n.adopt(tx, now, r)
	})
	if err != nil {
		return err
	}
	n.report("contact", r.Leaf.UID())
	n.sync.Refresh()
	for _, name := range []string{"publish", "meet", "outbox", "collect"} {
		n.wake[name].ring()
	}
	return nil
}

// adopt takes the conversation that an accepted request proposes.
func (n *Node) adopt(tx *store.Tx, now time.Time, r *contact.Request) (*chat.Writer, error) {
	h, err := merkle.DecodeHeader(r.FoundHeader)
	if err != nil {
		return nil, err
	}
	mine, err := n.inviteLog(tx, r.Invite)
	if err != nil {
		return nil, err
	}
	_, w, err := n.set.Adopt(tx, now, merkle.Block{Header: r.FoundHeader, Body: r.FoundBody}, mine, r.Leaf.UID())
	if err != nil {
		return nil, err
	}
	if w.Conversation().ID != h.ID() {
		return nil, contact.ErrTampered
	}
	return w, n.greet(tx, w, r.Leaf.UID())
}

// greet tells a new contact where mail can be parked for this user, and under
// which keys it can be added to groups.
func (n *Node) greet(tx *store.Tx, w *chat.Writer, uid identity.UID) error {
	box, err := n.mailboxFor(tx, uid)
	if err != nil {
		return err
	}
	if err := w.Tell(chat.KindMailbox, &box); err != nil {
		return err
	}
	return n.offerLogs(tx, w)
}

func (n *Node) offerLogs(tx *store.Tx, w *chat.Writer) error {
	o, err := n.set.MakeOffers(tx, w.State().Peer, offersKept)
	if err != nil {
		return err
	}
	return w.Tell(chat.KindOffers, &o)
}

// serve does what another node asked for in a conversation.
func (n *Node) serve(tx *store.Tx, w *chat.Writer, s chat.Service) error {
	if st := w.State(); st.Shape != chat.Direct || s.From != st.Peer {
		return nil // what this node said itself, or nobody's business
	}
	switch s.Kind {
	case chat.KindOffers:
		return n.set.KeepOffers(tx, s.From, s.Payload)
	case chat.KindMailbox:
		return n.keepMailbox(tx, s)
	case chat.KindWelcome:
		return n.welcomed(tx, w, s)
	case chat.KindConsent:
		return n.consented(tx, s)
	case chat.KindWithdraw:
		return n.withdrawn(tx, s)
	case chat.KindAsk:
		return n.asked(tx, w, s)
	}
	return nil
}

// confirm notes the answer to our own request: the other side writes in the
// conversation that we proposed.
func (n *Node) confirm(tx *store.Tx, w *chat.Writer) error {
	c := w.Conversation()
	s := w.State()
	if s.Shape != chat.Direct {
		return nil
	}
	k, err := n.book.Get(tx, s.Peer)
	if err != nil || k.State == contact.Blocked || !slices.Contains(k.Proposed, [32]byte(c.ID)) {
		return nil
	}
	answered := false
	for _, e := range w.Got().Delivered {
		uid, known := s.Fold.UserOf(e.Log)
		answered = answered || known && uid == s.Peer
	}
	if !answered {
		return nil
	}
	if _, err := n.book.Confirm(tx, s.Peer, [32]byte(c.ID), time.Now()); err != nil {
		return err
	}
	if err := n.events.add(tx, eventRecord{Kind: "contact", Chat: n.chatName(tx, s), Contact: s.Peer[:]}); err != nil {
		return err
	}
	return n.greet(tx, w, s.Peer)
}

// report tells of a change of a contact.
func (n *Node) report(kind string, uid identity.UID) {
	err := n.db.Update(func(tx *store.Tx) error {
		k, err := n.book.Get(tx, uid)
		if err != nil {
			return nil
		}
		return n.events.add(tx, eventRecord{Kind: kind, Chat: "@" + k.Name, Contact: uid[:]})
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Error("record an event", "err", err)
	}
}

// welcomed joins a group that a contact has added this user to.
func (n *Node) welcomed(tx *store.Tx, w *chat.Writer, s chat.Service) error {
	wc, err := chat.DecodeWelcome(s.Payload)
	if err != nil {
		return nil // says nothing that we understand
	}
	if _, err := n.set.Join(tx, time.Now(), s.From, wc); err != nil {
		n.log.Info("a welcome is not taken", "err", err)
		return nil
	}
	if err := n.events.add(tx, eventRecord{
		Kind: "group", Chat: "#" + wc.Name, Conv: wc.Group, Text: n.nameOf(tx, nil, s.From) + " added you to " + wc.Name,
	}); err != nil {
		return err
	}
	tx.OnCommit(func() {
		n.sync.Refresh()
		for _, name := range []string{"publish", "meet", "collect"} {
			n.wake[name].ring()
		}
	})
	return n.offerLogs(tx, w)
}
