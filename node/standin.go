package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"causeway/contact"
	"causeway/dht"
	"causeway/identity"
	"causeway/internal/wire"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// sealOffer makes what the joiner of an invite gets to see: an offer, or the ending.
func (n *Node) sealOffer(tx *store.Tx, inv contact.Invite, ending *contact.Ending) ([]byte, error) {
	id := inv.ID()
	var row inviteRow
	if found, err := getRow(tx, nodeKey(subInviteLog, id), &row); err != nil || !found {
		return nil, errors.Join(err, contact.ErrUnknownInvite)
	}
	leaf, err := identity.DecodeLeaf(row.Leaf)
	if err != nil {
		return nil, err
	}
	key, err := n.set.Signer(tx, merkle.LogKey(leaf.Log))
	if err != nil {
		return nil, err
	}
	if ending != nil {
		return contact.SealEnding(inv, leaf, ending, key.Sign)
	}
	box, err := n.mailboxOf(tx, id[:])
	if err != nil {
		return nil, err
	}
	b, err := wire.Marshal(&box)
	if err != nil {
		return nil, err
	}
	all := n.addrs()
	return contact.SealOffer(inv, contact.Offer{Leaf: leaf, Custodians: b, Hints: all[:min(len(all), contact.MaxHints)]}, key.Sign)
}

// visitSelf empties and tends this node's own first-contact box.
func (n *Node) visitSelf(ctx context.Context, secret boxSecret) {
	n.self.Lock()
	defer n.self.Unlock()
	grant, err := n.keeper.Grant([32]byte(n.me.UID), mailbox.Terms{}, time.Now())
	if err == nil {
		err = n.visitFirst(ctx, n.me.UID, n.keeper.Local(ctx), &grant, secret)
	}
	if err != nil && ctx.Err() == nil {
		n.log.Error("stand in for our own invites", "err", err)
	}
}

func (n *Node) standInHere(ctx context.Context) {
	var secret boxSecret
	err := n.db.Update(func(tx *store.Tx) (err error) {
		secret, err = boxes(tx)
		return err
	})
	if err != nil {
		n.log.Error("read the mailbox", "err", err)
		return
	}
	n.visitSelf(ctx, secret)
}

// visitFirst tends a first-contact box: stand-ins for the open invites, and the
// requests that came.
func (n *Node) visitFirst(ctx context.Context, at identity.UID, link *mailbox.Link, grant *mailbox.Grant, secret boxSecret) error {
	box, err := mailbox.OpenBox(ctx, link, mailbox.Entry{Key: secret.first(), Class: mailbox.First, Grant: grant})
	if err != nil {
		return errors.Join(err, link.Close())
	}
	defer box.Close()
	if err := n.takeRequests(box); err != nil {
		return err
	}
	var told []told
	var over []contact.Issued
	err = n.db.View(func(tx *store.Tx) (err error) {
		told, over, err = n.standIns(tx, at)
		return err
	})
	if err != nil {
		return err
	}
	for _, i := range over { // first: it makes room
		if err := box.RevokeStandIn(askOf(i.Invite)); err != nil {
			return err
		}
	}
	for _, o := range told {
		if err := box.StandIn(o.StandIn); err != nil {
			return err
		}
		if o.ended {
			continue
		}
		if err := n.noteStandIn(o.Invite.ID(), at); err != nil {
			return err
		}
	}
	return nil
}

// noteStandIn remembers that a friend stands in for an invite.
func (n *Node) noteStandIn(id contact.InviteID, at identity.UID) error {
	if at == n.me.UID {
		return nil
	}
	return n.db.Update(func(tx *store.Tx) error {
		var row inviteRow
		found, err := getRow(tx, nodeKey(subInviteLog, id), &row)
		if err != nil || !found || slices.Contains(row.At, at) {
			return err
		}
		row.At = append(row.At, at)
		if err := n.custodyEvent(tx, at, "stands in for your invite "+id.String()+" while you are away"); err != nil {
			return err
		}
		return putRow(tx, nodeKey(subInviteLog, id), &row)
	})
}

// takeRequests opens what joiners left. A request that is refused is deleted as
// well: its author learns nothing from it but that nobody answers.
func (n *Node) takeRequests(box *mailbox.Box) error {
	slots := map[mailbox.SlotHash]bool{}
	err := n.db.View(func(tx *store.Tx) error {
		all, err := n.book.Invites(tx)
		for _, i := range all {
			slots[mailbox.RequestSlot(i.Invite.DepositToken()).Hash(box.Custodian)] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	var done []mailbox.ParcelID
	_, err = box.Collect(mailbox.Collecting{}, func(h mailbox.Held, sealed []byte) error {
		if !slots[h.Slot] {
			return nil
		}
		if err := n.redeem(sealed, h.Deposited); err != nil {
			n.log.Info("a request is refused", "err", err)
		}
		if n.ctx.Err() == nil && n.db.Err() == nil { // it was looked at
			done = append(done, h.Parcel)
		}
		return nil
	})
	return errors.Join(err, box.Delete(done...))
}

// told is an invite whose holders are told something by a custodian.
type told struct {
	mailbox.StandIn
	contact.Issued
	ended bool
}

// standIns lists the invites that a custodian, or this node itself, stands in for:
// those that are open, and the latest that ended before their time and were stood
// in for there, so that no holder waits for an answer that never comes. over are
// the others.
func (n *Node) standIns(tx *store.Tx, at identity.UID) (out []told, over []contact.Issued, err error) {
	issued, err := n.book.Invites(tx)
	if err != nil {
		return nil, nil, err
	}
	slices.Reverse(issued) // the latest first
	var closed []told
	for _, i := range issued {
		ending, err := n.book.Ending(tx, i, time.Now())
		if err != nil {
			return nil, nil, err
		}
		if ending == nil && i.Open(time.Now()) != nil || ending != nil && (len(closed) == endedKept || !n.stoodIn(tx, i, at)) {
			over = append(over, i)
			continue
		}
		s, err := n.standIn(tx, i, ending)
		if err != nil {
			return nil, nil, err
		}
		if t := (told{s, i, ending != nil}); t.ended {
			closed = append(closed, t)
		} else {
			out = append(out, t)
		}
	}
	room := min(len(closed), max(0, mailbox.MaxStandIns-len(out)))
	for _, t := range closed[room:] {
		over = append(over, t.Issued)
	}
	return append(out, closed[:room]...), over, nil
}

// stoodIn reports whether a friend stood in for an invite: this node always does.
func (n *Node) stoodIn(tx *store.Tx, i contact.Issued, at identity.UID) bool {
	var row inviteRow
	found, err := getRow(tx, nodeKey(subInviteLog, i.Invite.ID()), &row)
	return err == nil && found && (at == n.me.UID || slices.Contains(row.At, at))
}

// standIn tells the holders of an invite how to go on, or that it has ended.
func (n *Node) standIn(tx *store.Tx, i contact.Issued, ending *contact.Ending) (mailbox.StandIn, error) {
	inv := i.Invite
	offer, err := n.sealOffer(tx, inv, ending)
	if err != nil {
		return mailbox.StandIn{}, err
	}
	expires := time.Now().Add(inviteTime)
	if inv.Expires.After(time.Time{}) && inv.Expires.Before(expires) {
		expires = inv.Expires
	}
	s := mailbox.StandIn{
		Ask: askOf(inv), Slot: mailbox.RequestSlot(inv.DepositToken()), Requests: 4, Offer: offer, Expires: expires,
	}
	for d := dht.Day(time.Now()) - 1; d <= dht.Day(expires)+1 && len(s.Tags) < mailbox.MaxStandInTags; d++ {
		s.Tags = append(s.Tags, mailbox.DayTag{Day: uint64(d), Tag: dht.KeyFor(inv.Rendezvous(), d, [32]byte(inv.UID))})
	}
	return s, nil
}

func askOf(inv contact.Invite) [32]byte { return seal.Expand(inv.Rendezvous(), inviteAskLabel) }

// inviteLog returns the log that an invite's offer names as ours.
func (n *Node) inviteLog(tx *store.Tx, id contact.InviteID) (merkle.LogKey, error) {
	var row inviteRow
	found, err := getRow(tx, nodeKey(subInviteLog, id), &row)
	if err != nil || !found {
		return merkle.LogKey{}, errors.Join(err, contact.ErrUnknownInvite)
	}
	leaf, err := identity.DecodeLeaf(row.Leaf)
	if err != nil {
		return merkle.LogKey{}, err
	}
	return merkle.LogKey(leaf.Log), nil
}
