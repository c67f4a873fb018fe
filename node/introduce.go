package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/contact"
	"causeway/dht"
	"causeway/identity"
	"causeway/internal/wire"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// introRow is a link that this user accepted, on its way to the inviter.
type introRow struct {
	_       struct{} `cbor:",toarray"`
	Link    string
	As      string
	Request []byte // once the offer was seen: the parcel to leave
	Left    uint64 // s: when a custodian or the inviter signed for it; 0: not yet
}

// due reports whether the request has to be left: it never was, or so long ago
// that custodians may have dropped it before the inviter came.
func (r *introRow) due(now time.Time) bool {
	return r.Left == 0 || now.Sub(time.Unix(int64(r.Left), 0)) > mailbox.RequestTTL-24*time.Hour
}

// unanswered reports whether the inviter has not accepted yet.
func (n *Node) unanswered(tx *store.Tx, row introRow) bool {
	inv, err := contact.ParseInvite(row.Link)
	if err != nil {
		return false
	}
	k, err := n.book.Get(tx, inv.UID)
	return err != nil || k.State == contact.PendingOut
}

// Accept becomes a contact of whoever made the link. It returns as soon as the
// link is on disk, or with the inviter's name if that can be had at once.
func (n *Node) Accept(ctx context.Context, link, as string) (Contact, error) {
	inv, err := contact.ParseInvite(link)
	if err != nil {
		return Contact{}, &Explained{ErrInvalid, err.Error()}
	}
	if err := inv.Valid(time.Now()); err != nil {
		return Contact{}, explain(err)
	}
	if inv.UID == n.me.UID {
		return Contact{}, refused("this invite is your own; send it to somebody else")
	}
	known, err := n.noteAccepted(inv, link, as)
	if err != nil {
		return Contact{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	live, err := n.introduceOne(ctx, inv.ID())
	if why := ended(err); why != nil {
		if known || ctx.Err() != nil { // the user sees what becomes of it in the address book
			n.refuse(inv.ID(), err)
			return Contact{}, why
		}
		return Contact{}, errors.Join(why, n.db.Update(func(tx *store.Tx) error { return tx.Delete(nodeKey(subIntro, inv.ID())) }))
	}
	if err != nil {
		n.log.Info("introduce", "invite", inv.ID(), "err", err)
		n.soon("introduce")
		if k := (*Explained)(nil); errors.As(explain(err), &k) {
			return Contact{}, k
		}
	}
	k, err := n.introduced(inv)
	k.Reached = live
	return k, err
}

// noteAccepted keeps a link that the user accepts, unless it is known.
func (n *Node) noteAccepted(inv contact.Invite, link, as string) (known bool, err error) {
	err = n.db.Update(func(tx *store.Tx) error {
		if k, err := n.book.Get(tx, inv.UID); err == nil && k.State == contact.Accepted {
			return refused("%s is your contact already", k.Name)
		} else if err == nil && k.State == contact.Blocked {
			return refused("%s is blocked; to undo that: peer contact unblock @%s", k.Name, k.Name)
		}
		var err error
		if known, err = tx.Has(nodeKey(subIntro, inv.ID())); err != nil || known {
			return err
		}
		return putRow(tx, nodeKey(subIntro, inv.ID()), &introRow{Link: link, As: as})
	})
	return known, explain(err)
}

// introduced shows how far an introduction is.
func (n *Node) introduced(inv contact.Invite) (out Contact, err error) {
	err = n.db.View(func(tx *store.Tx) error {
		var known []Contact
		if k, err := n.contactView(tx, inv.UID); err == nil {
			known = append(known, k)
		}
		all, err := withPending(tx, known)
		for _, k := range all {
			if k.UID == inv.UID {
				out = k
			}
		}
		return err
	})
	return out, err
}

// introduce goes on with the links that have not been answered.
func (n *Node) introduce(ctx context.Context) {
	var ids []contact.InviteID
	err := n.db.View(func(tx *store.Tx) error {
		prefix := nodeKey(subIntro)
		for k, v := range tx.Scan(prefix) {
			var row introRow
			if err := decodeRow(v, &row); err != nil {
				return err
			}
			id := contact.InviteID(k[len(prefix):])
			if n.unanswered(tx, row) && (row.due(time.Now()) || n.pace.due(paceOf(id), time.Now())) {
				ids = append(ids, id)
			}
		}
		return tx.Err()
	})
	if err != nil {
		n.log.Error("read the introductions", "err", err)
	}
	for _, id := range ids {
		_, err := n.introduceOne(ctx, id)
		switch {
		case ended(err) != nil:
			n.refuse(id, err)
		case err != nil && ctx.Err() == nil:
			n.log.Info("introduce", "invite", id, "err", err)
		}
	}
}

// paceOf is what the waits between two looks for an answer are counted under.
func paceOf(id contact.InviteID) merkle.ID { return merkle.ID(sha256.Sum256(id[:])) }

// introduceOne finds whoever stands in for an invite, takes the offer, and
// leaves the request there, if it does not lie somewhere already. Two at once would
// found two conversations, and the slower one would find the invite spent. live
// says that it was the inviter's own node that took the request. An error for which
// ended has words is final.
func (n *Node) introduceOne(ctx context.Context, id contact.InviteID) (live bool, err error) {
	if err := n.intros.enter(ctx, id); err != nil {
		return false, err
	}
	defer n.intros.leave(id)
	var row introRow
	err = n.db.View(func(tx *store.Tx) error {
		_, err := getRow(tx, nodeKey(subIntro, id), &row)
		return err
	})
	if err != nil || row.Link == "" {
		return false, err
	}
	inv, err := contact.ParseInvite(row.Link)
	if err != nil {
		return false, err
	}
	if err := inv.Valid(time.Now()); err != nil && row.due(time.Now()) {
		return false, err // what was left in time may still be answered
	}
	h, err := n.cfg.Hosts.Throwaway(n.ctx)
	if err != nil {
		return false, err
	}
	defer h.Close()
	a, err := n.askFor(ctx, h, inv)
	if err != nil {
		return false, err
	}
	if a.ended != nil {
		forgotten := row.Left > 0 && errors.Is(a.ended, contact.ErrUnknownInvite)
		if forgotten || n.answering(inv, a.ended) {
			return false, nil
		}
		return false, a.ended
	}
	if !row.due(time.Now()) {
		return false, nil
	}
	link, err := dialMailbox(ctx, h, a.from)
	if err != nil {
		return false, err
	}
	err = n.leaveRequest(ctx, link, inv, row, a.offer, a.opened)
	return err == nil && isHint(a.opened.Hints, a.from.ID), err
}

// answering reports whether an invite has ended with this user's own request.
func (n *Node) answering(inv contact.Invite, e *contact.Ending) (ours bool) {
	err := n.db.View(func(tx *store.Tx) error {
		k, err := n.book.Get(tx, inv.UID)
		ours = err == nil && slices.ContainsFunc(append(k.Conversations(), k.Proposed...), func(c [32]byte) bool { return e.Tells(inv, c) })
		return nil
	})
	return ours && err == nil
}

// answer is what somebody who stands in for an invite says of it.
type answer struct {
	from   peer.AddrInfo
	offer  mailbox.Offer
	opened *contact.Offer
	ended  *contact.Ending // instead of an offer
}

// askFor asks whoever is found under an invite's tags and addresses for its offer,
// until one gives what the inviter has signed. The inviter's own node, as the link
// names it, is believed without: it has forgotten the invite.
func (n *Node) askFor(ctx context.Context, h host.Host, inv contact.Invite) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	known := addrInfos(inv.Hints)
	tags := dht.KeysFor(inv.Rendezvous(), time.Now(), [32]byte(inv.UID))
	a, ok := race(ctx, n.finding(known[:min(len(known), raceAtOnce)], tags), func(ctx context.Context, p peer.AddrInfo) (answer, error) {
		if p.ID == n.host.ID() {
			return answer{}, errSelf
		}
		a, err := askOne(ctx, h, p, inv)
		if errors.Is(err, mailbox.ErrRefused) && isHint(inv.Hints, p.ID) {
			return answer{from: p, ended: &contact.Ending{Why: contact.ErrUnknownInvite}}, nil
		}
		return a, err
	}, func(answer) {})
	if !ok {
		return answer{}, fmt.Errorf("who made the invite: %w", errUnreachable)
	}
	return a, nil
}

func askOne(ctx context.Context, h host.Host, p peer.AddrInfo, inv contact.Invite) (answer, error) {
	link, err := dialMailbox(ctx, h, p)
	if err != nil {
		return answer{}, err
	}
	defer link.Close()
	a := answer{from: p}
	if a.offer, err = mailbox.FetchOffer(ctx, link, askOf(inv)); err != nil {
		return answer{}, err
	}
	a.opened, err = contact.OpenOffer(inv, a.offer.Sealed)
	if errors.As(err, &a.ended) {
		return a, nil
	}
	return a, err
}

// isHint reports whether a peer is the node that an offer gives addresses of: who
// stands in for the inviter has another id.
func isHint(hints []string, id peer.ID) bool {
	return slices.ContainsFunc(addrInfos(hints), func(i peer.AddrInfo) bool { return i.ID == id })
}

func (n *Node) leaveRequest(ctx context.Context, link *mailbox.Link, inv contact.Invite, row introRow, o mailbox.Offer, opened *contact.Offer) error {
	slot := mailbox.RequestSlot(inv.DepositToken())
	if len(row.Request) == 0 {
		if err := n.propose(inv, opened, &row); err != nil {
			return errors.Join(err, link.Close())
		}
	}
	t := mailbox.Ticket{Box: o.Box, Custodian: o.Custodian, Slot: slot}
	_, err := mailbox.Deposit(ctx, link, t, mailbox.ParcelOf(row.Request))
	var gone *mailbox.Gone
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	row.Left = uint64(time.Now().Unix())
	err = n.db.Update(func(tx *store.Tx) error { return putRow(tx, nodeKey(subIntro, inv.ID()), &row) })
	for _, name := range []string{"publish", "meet"} {
		n.wake[name].ring()
	}
	n.pace.reset()
	return err
}

// propose founds the 1:1 conversation and writes the request, in one
// transaction: it is the same request however often it has to be left.
func (n *Node) propose(inv contact.Invite, o *contact.Offer, row *introRow) error {
	err := n.db.Update(func(tx *store.Tx) error {
		mine, err := n.set.NewLog(tx)
		if err != nil {
			return err
		}
		c, found, err := n.set.Found(tx, time.Now(), chat.Founding{
			Shape: chat.Direct, History: chat.Forward, Mine: mine, Founders: []*identity.Leaf{o.Leaf},
		})
		if err != nil {
			return err
		}
		p := contact.Proposal{Invite: inv, Offer: o, How: contact.ByInvite, Name: row.As, Conversation: [32]byte(c.ID)}
		if _, err := n.book.Propose(tx, p, time.Now()); err != nil {
			return err
		}
		if row.Request, err = n.sealRequest(tx, inv, o, mine, found); err != nil {
			return err
		}
		return putRow(tx, nodeKey(subIntro, inv.ID()), row)
	})
	n.sync.Refresh()
	return err
}

func (n *Node) sealRequest(tx *store.Tx, inv contact.Invite, o *contact.Offer, mine *identity.Leaf, found merkle.Entry) ([]byte, error) {
	box, err := n.mailboxFor(tx, inv.UID)
	if err != nil {
		return nil, err
	}
	b, err := wire.Marshal(&box)
	if err != nil {
		return nil, err
	}
	key, err := n.set.Signer(tx, merkle.LogKey(mine.Log))
	if err != nil {
		return nil, err
	}
	r := contact.Request{Leaf: mine, FoundHeader: found.Header.Encode(), FoundBody: found.Body, Custodians: b}
	return contact.SealRequest(o.Leaf, &inv, &r, key.Sign)
}
