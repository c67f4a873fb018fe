package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
)

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

// offered keeps the keys under which a contact can be added to groups, and tells
// when that becomes possible.
func (n *Node) offered(tx *store.Tx, s chat.Service) error {
	before := n.set.Offered(tx, s.From)
	if err := n.set.KeepOffers(tx, s.From, s.Payload); err != nil || before > 0 {
		return err
	}
	name := n.nameOf(tx, nil, s.From)
	return n.events.add(tx, eventRecord{
		Kind: "contact", Chat: "@" + name, Contact: s.From[:], Text: name + " can be added to groups",
	})
}

// serve does what another node asked for in a conversation.
func (n *Node) serve(tx *store.Tx, w *chat.Writer, s chat.Service) error {
	if st := w.State(); st.Shape != chat.Direct || s.From != st.Peer {
		return nil // what this node said itself, or nobody's business
	}
	if (s.Kind == chat.KindWithdraw || s.Kind == chat.KindAsk) && !chat.SaysNothing(s.Payload) {
		return nil
	}
	switch s.Kind {
	case chat.KindOffers:
		return n.offered(tx, s)
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
	c, err := n.set.Join(tx, time.Now(), s.From, wc)
	if errors.Is(err, chat.ErrWelcome) {
		n.log.Info("a welcome", "err", err)
		return nil
	}
	if err != nil || c == nil {
		return err // nil: kept, as far as this node knows its user is in that group
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
