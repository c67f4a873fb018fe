package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/dht"
	"causeway/identity"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// collect brings this user's own mail in from every custodian, and sees that
// each knows what it needs for the weeks to come.
func (n *Node) collect(ctx context.Context) {
	var all map[identity.UID]keeperRow
	var secret boxSecret
	err := n.db.Update(func(tx *store.Tx) (err error) {
		if secret, err = boxes(tx); err != nil {
			return err
		}
		all, err = keepers(tx)
		return err
	})
	if err != nil {
		n.log.Error("read the mailbox", "err", err)
		return
	}
	for uid, row := range all {
		if len(row.Grant) == 0 || !row.Wanted && row.Receipt == [32]byte{} {
			continue
		}
		if err := n.visit(ctx, uid, row, secret); err != nil && ctx.Err() == nil {
			n.log.Info("visit a custodian", "err", err)
			n.soon("collect", ctx)
		}
	}
	for _, c := range n.set.All() {
		if c.State().Shape == chat.Group {
			n.collectGroup(ctx, c)
		}
	}
	if err := n.announceMailbox(); err != nil && ctx.Err() == nil {
		n.log.Error("announce the mailbox", "err", err)
	}
}

// visit opens both boxes at one custodian: mail, then requests.
func (n *Node) visit(ctx context.Context, uid identity.UID, row keeperRow, secret boxSecret) error {
	ctx, cancel := context.WithTimeout(ctx, collectTime)
	defer cancel()
	grant, err := mailbox.DecodeGrant(row.Grant)
	if err != nil {
		return err
	}
	link, err := n.linkToFriend(ctx, uid, row)
	if err != nil {
		return err
	}
	box, err := mailbox.OpenBox(ctx, link, mailbox.Entry{
		Key: secret.box(), Class: mailbox.Personal, Grant: &grant, Custodian: mailbox.ReceiptKey(row.Receipt),
	})
	if err != nil {
		return errors.Join(err, link.Close())
	}
	defer box.Close()
	if err := n.tend(uid, row, box, secret); err != nil {
		return err
	}
	if err := n.empty(box, n.slotsOf(box.Custodian, secret)); err != nil {
		return err
	}
	first, err := n.linkToFriend(ctx, uid, row)
	if err != nil {
		return err
	}
	return n.visitFirst(ctx, uid, first, &grant, secret)
}

// tend keeps what the custodian told of itself and registers the slots of all
// contacts, closing those of people who were blocked or removed.
func (n *Node) tend(uid identity.UID, row keeperRow, box *mailbox.Box, secret boxSecret) error {
	slots := map[uint64][]mailbox.SlotHash{}
	this := mailbox.WeekOf(time.Now())
	for _, deposit := range n.depositors(secret) {
		for w := this; w <= this+weeksAhead; w++ {
			slots[w] = append(slots[w], mailbox.SlotOf(deposit, secret.box().ID(), w).Hash(box.Custodian))
		}
	}
	digest := digestOf(slots)
	if digest != row.Slots || row.Receipt != [32]byte(box.Custodian) {
		if err := box.SetSlots(slots, true); err != nil {
			return err
		}
	}
	return n.db.Update(func(tx *store.Tx) error {
		if row.Receipt != [32]byte(box.Custodian) {
			if err := n.custodyEvent(tx, uid, "keeps your mail from now on"); err != nil {
				return err
			}
		}
		return editKeeper(tx, uid, func(k *keeperRow) {
			k.Receipt, k.Tag, k.Slots = [32]byte(box.Custodian), box.TagSecret, digest
		})
	})
}

func digestOf(slots map[uint64][]mailbox.SlotHash) [32]byte {
	h := sha256.New()
	var weeks []uint64
	for w := range slots {
		weeks = append(weeks, w)
	}
	slices.Sort(weeks)
	for _, w := range weeks {
		slices.SortFunc(slots[w], func(a, b mailbox.SlotHash) int { return bytes.Compare(a[:], b[:]) })
		h.Write(binary.BigEndian.AppendUint64(nil, w))
		for _, s := range slots[w] {
			h.Write(s[:])
		}
	}
	return [32]byte(h.Sum(nil))
}

// depositors returns the deposit secret of everybody who may park mail for this
// user: contacts, and whoever came or may come by an invite of theirs.
func (n *Node) depositors(secret boxSecret) (out [][32]byte) {
	err := n.db.View(func(tx *store.Tx) error {
		all, err := n.book.All(tx)
		if err != nil {
			return err
		}
		for _, k := range all {
			if k.State == contact.Accepted || k.State == contact.PendingOut {
				out = append(out, secret.depositSecret(k.UID[:]))
				if k.Invite != (contact.InviteID{}) {
					out = append(out, secret.depositSecret(k.Invite[:]))
				}
			}
		}
		issued, err := n.book.Invites(tx)
		for _, i := range issued {
			if id := i.Invite.ID(); i.Open(time.Now()) == nil {
				out = append(out, secret.depositSecret(id[:]))
			}
		}
		return err
	})
	if err != nil {
		n.log.Error("list who may park mail here", "err", err)
	}
	return out
}

// slotsOf maps the slots of recent weeks to the secrets that open their parcels.
func (n *Node) slotsOf(custodian mailbox.ReceiptKey, secret boxSecret) map[mailbox.SlotHash]mailbox.Slot {
	out := map[mailbox.SlotHash]mailbox.Slot{}
	this := mailbox.WeekOf(time.Now())
	for _, deposit := range n.depositors(secret) {
		for w := this - min(this, weeksBack); w <= this+1; w++ {
			s := mailbox.SlotOf(deposit, secret.box().ID(), w)
			out[s.Hash(custodian)] = s
		}
	}
	return out
}

// empty collects a personal box: every parcel is read, then deleted there.
func (n *Node) empty(box *mailbox.Box, slots map[mailbox.SlotHash]mailbox.Slot) error {
	pieces := map[[16]byte][]mailbox.Piece{}
	parcels := map[[16]byte][]mailbox.ParcelID{}
	var done []mailbox.ParcelID
	_, err := box.Collect(mailbox.Collecting{Have: n.collected(&done)}, func(h mailbox.Held, sealed []byte) error {
		slot, known := slots[h.Slot]
		if !known {
			return nil // of a contact that is gone; it expires
		}
		p, err := slot.Open(sealed)
		if err != nil {
			done = append(done, h.Parcel) // no parcel of ours: make room
			return nil
		}
		pieces[p.Set], parcels[p.Set] = append(pieces[p.Set], p), append(parcels[p.Set], h.Parcel)
		if !whole(pieces[p.Set]) {
			return nil
		}
		if err := n.unpack(pieces[p.Set]); err != nil {
			return err
		}
		done = append(done, parcels[p.Set]...)
		return n.noteCollected(parcels[p.Set])
	})
	return errors.Join(err, box.Delete(done...))
}

func whole(pieces []mailbox.Piece) bool {
	_, err := mailbox.Join(pieces)
	return err == nil
}

// unpack takes what lay in parcels by the one door.
func (n *Node) unpack(pieces []mailbox.Piece) error {
	b, err := mailbox.Join(pieces)
	if err != nil {
		return err
	}
	conv, blocks, err := openSegment(b)
	if err != nil {
		return nil // a contact's node that packs badly; nothing to keep
	}
	c := n.set.Get(conv)
	if c == nil {
		return nil
	}
	if _, err := n.receive(c, blocks); err != nil {
		return err
	}
	n.acknowledge(c)
	return nil
}

// collected returns a test for parcels that were read before. Those that a
// custodian still has are deleted there too.
func (n *Node) collected(done *[]mailbox.ParcelID) func(mailbox.ParcelID) bool {
	return func(p mailbox.ParcelID) bool {
		var had bool
		_ = n.db.View(func(tx *store.Tx) (err error) {
			had, err = tx.Has(nodeKey(subDone, [32]byte(p)))
			return err
		})
		if had && done != nil {
			*done = append(*done, p)
		}
		return had
	}
}

func (n *Node) noteCollected(ids []mailbox.ParcelID) error {
	return n.db.Update(func(tx *store.Tx) error {
		until := uint64(time.Now().Add(mailbox.MaxTTL).Unix())
		for _, id := range ids {
			if err := putRow(tx, nodeKey(subDone, [32]byte(id)), until); err != nil {
				return err
			}
		}
		return nil
	})
}

// acknowledge writes an entry that says nothing but what it has in its past, if
// a member waits for a receipt that cannot see it live, at most once a minute.
func (n *Node) acknowledge(c *chat.Conversation) {
	err := n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		s := c.State()
		if _, in := s.Fold.Member(n.me.UID); !in || !n.pace.spaced(c.ID, now) {
			return nil, nil
		}
		owed, err := c.Unacknowledged(tx)
		if err != nil || !owed {
			return nil, err
		}
		w := c.Write(tx, now)
		return w, w.Ack()
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Info("acknowledge", "err", err)
	}
}

// collectGroup reads what members parked for the group. Nobody deletes there.
func (n *Node) collectGroup(ctx context.Context, c *chat.Conversation) {
	for _, g := range n.groupBoxes(c) {
		ctx, cancel := context.WithTimeout(ctx, collectTime)
		err := n.readGroupBox(ctx, g)
		cancel()
		if err != nil && ctx.Err() == nil {
			n.log.Info("collect for a group", "err", err)
		}
	}
}

func (n *Node) readGroupBox(ctx context.Context, g groupBox) error {
	box, done, err := n.openGroupBox(ctx, g)
	if err != nil {
		return err
	}
	defer done()
	defer box.Close()
	n.rememberBox(g, [32]byte(box.Custodian))
	slots := map[mailbox.SlotHash]mailbox.Slot{}
	this := mailbox.WeekOf(time.Now())
	logs, err := n.logsOf(g.conv)
	if err != nil {
		return err
	}
	for _, log := range logs {
		secret := mailbox.GroupDepositSecret(g.keys.Mbx, [32]byte(log))
		for w := this - min(this, weeksBack); w <= this+1; w++ {
			s := mailbox.SlotOf(secret, g.key().ID(), w)
			slots[s.Hash(box.Custodian)] = s
		}
	}
	pieces := map[[16]byte][]mailbox.Piece{}
	parcels := map[[16]byte][]mailbox.ParcelID{}
	_, err = box.Collect(mailbox.Collecting{Have: n.collected(nil)}, func(h mailbox.Held, sealed []byte) error {
		slot, known := slots[h.Slot]
		if !known {
			return nil
		}
		p, err := slot.Open(sealed)
		if err != nil {
			return nil
		}
		pieces[p.Set], parcels[p.Set] = append(pieces[p.Set], p), append(parcels[p.Set], h.Parcel)
		if !whole(pieces[p.Set]) {
			return nil
		}
		if err := n.unpack(pieces[p.Set]); err != nil {
			return err
		}
		return n.noteCollected(parcels[p.Set])
	})
	return err
}

func (n *Node) logsOf(c *chat.Conversation) (logs []merkle.LogKey, err error) {
	err = n.db.View(func(tx *store.Tx) error {
		logs, err = c.Logs(tx)
		return err
	})
	return logs, err
}

// soon rings a bell again after a while, for what could not be done now.
func (n *Node) soon(bell string, ctx context.Context) {
	t := time.AfterFunc(retryTime, n.wake[bell].ring)
	context.AfterFunc(ctx, func() { t.Stop() })
}

// standIns lists the invites that custodians, this node among them, stand in
// for while they are open.
func (n *Node) standIns(tx *store.Tx) ([]openInvite, error) {
	issued, err := n.book.Invites(tx)
	if err != nil {
		return nil, err
	}
	var out []openInvite
	for _, i := range issued {
		if i.Open(time.Now()) != nil {
			continue
		}
		s, err := n.standIn(tx, i)
		if err != nil {
			return nil, err
		}
		out = append(out, openInvite{s, i.Invite.ID()})
	}
	return out, nil
}

// openInvite is an invite that can be used, as a custodian stands in for it.
type openInvite struct {
	mailbox.StandIn
	id contact.InviteID
}

func (n *Node) standIn(tx *store.Tx, i contact.Issued) (mailbox.StandIn, error) {
	inv := i.Invite
	offer, err := n.sealOffer(tx, inv)
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
