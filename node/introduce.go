package node

import (
	"context"
	"errors"
	"slices"
	"time"

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
	err = n.db.Update(func(tx *store.Tx) error {
		if k, err := n.book.Get(tx, inv.UID); err == nil && k.State == contact.Accepted {
			return refused("%s is your contact already", k.Name)
		} else if err == nil && k.State == contact.Blocked {
			return refused("%s is blocked; to undo that: peer contact unblock @%s", k.Name, k.Name)
		}
		found, err := tx.Has(nodeKey(subIntro, inv.ID()))
		if err != nil || found {
			return err
		}
		return putRow(tx, nodeKey(subIntro, inv.ID()), &introRow{Link: link, As: as})
	})
	if err != nil {
		return Contact{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	live, err := n.introduceOne(ctx, inv.ID())
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

// introduced shows how far an introduction is.
func (n *Node) introduced(inv contact.Invite) (Contact, error) {
	out := Contact{Person: Person{UID: inv.UID, Name: inv.UID.String()[:10]}, How: "invite", State: ContactInvited, Path: "none"}
	err := n.db.View(func(tx *store.Tx) error {
		if k, err := n.contactView(tx, inv.UID); err == nil {
			out = k
		}
		return nil
	})
	return out, err
}

// introduce goes on with the links that have not reached their makers.
func (n *Node) introduce(ctx context.Context) {
	var ids []contact.InviteID
	err := n.db.View(func(tx *store.Tx) error {
		prefix := nodeKey(subIntro)
		for k, v := range tx.Scan(prefix) {
			var row introRow
			if err := decodeRow(v, &row); err != nil {
				return err
			}
			if row.due(time.Now()) && n.unanswered(tx, row) {
				ids = append(ids, contact.InviteID(k[len(prefix):]))
			}
		}
		return tx.Err()
	})
	if err != nil {
		n.log.Error("read the introductions", "err", err)
	}
	for _, id := range ids {
		if _, err := n.introduceOne(ctx, id); err != nil && ctx.Err() == nil {
			n.log.Info("introduce", "invite", id, "err", err)
		}
	}
}

// introduceOne finds whoever stands in for an invite, takes the offer, and
// leaves the request there. Two at once would found two conversations, and the
// slower one would find the invite spent. live says that it was the inviter's own
// node that took the request.
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
	if err != nil || !row.due(time.Now()) || row.Link == "" {
		return false, err
	}
	inv, err := contact.ParseInvite(row.Link)
	if err != nil {
		return false, err
	}
	if err := inv.Valid(time.Now()); err != nil {
		return false, errors.Join(err, n.db.Update(func(tx *store.Tx) error { return tx.Delete(nodeKey(subIntro, id)) }))
	}
	h, err := n.cfg.Hosts.Throwaway(n.ctx)
	if err != nil {
		return false, err
	}
	defer h.Close()
	link, err := n.search(ctx, h, addrInfos(inv.Hints), dht.KeysFor(inv.Rendezvous(), time.Now(), [32]byte(inv.UID)))
	if err != nil {
		return false, err
	}
	offer, err := mailbox.FetchOffer(ctx, link, askOf(inv))
	if errors.Is(err, mailbox.ErrRefused) {
		err = errors.Join(link.Close(), refused("the invite was used, revoked or has expired; ask for a new one"))
	}
	if err != nil {
		return false, err
	}
	opened, err := contact.OpenOffer(inv, offer.Sealed)
	if err != nil {
		return false, errors.Join(err, link.Close())
	}
	err = n.leaveRequest(ctx, link, inv, row, offer, opened)
	return err == nil && isHint(opened.Hints, peer.ID(link.Remote())), err
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
