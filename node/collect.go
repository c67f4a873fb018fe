package node

import (
	"context"
	"errors"
	"time"

	"causeway/chat"
	"causeway/identity"
	"causeway/mailbox"
	"causeway/merkle"
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

// collectGroup reads what members parked for the group, and goes on at once
// where that brought a newer key: whoever missed several changes of it walks
// forward from box to box. Nobody deletes there.
func (n *Node) collectGroup(ctx context.Context, c *chat.Conversation) {
	for newest := (merkle.ID{}); ctx.Err() == nil; {
		boxes := n.groupBoxes(c)
		if len(boxes) == 0 || boxes[0].keys.Epoch == newest {
			return
		}
		newest = boxes[0].keys.Epoch
		for _, g := range boxes {
			n.collectBox(ctx, g)
		}
	}
}

func (n *Node) collectBox(ctx context.Context, g groupBox) {
	ctx, cancel := context.WithTimeout(ctx, collectTime)
	defer cancel()
	if err := n.readGroupBox(ctx, g); err != nil && ctx.Err() == nil {
		n.log.Info("collect for a group", "err", err)
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
