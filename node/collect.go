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
		_, up := n.online.user(uid)
		if !up && !n.pace.ready(merkle.ID(uid), time.Now()) {
			continue
		}
		switch err := n.visit(ctx, uid, row, secret); {
		case err == nil:
			n.pace.worked(merkle.ID(uid))
		case ctx.Err() == nil:
			n.log.Info("visit a custodian", "err", err)
			time.AfterFunc(n.pace.failed(merkle.ID(uid), time.Now()), n.wake["collect"].ring)
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

// empty collects a personal box: every parcel that was read is deleted there. What
// is for a conversation that is not known yet stays: its request may be on the way.
func (n *Node) empty(box *mailbox.Box, slots map[mailbox.SlotHash]ownSlot) error {
	piles := piles{}
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
		read, err := n.unpack(piles.add(h, p), func(c *chat.Conversation) bool {
			s := c.State()
			return s.Shape == chat.Direct && s.Peer == slot.from
		})
		done = append(done, read...)
		return err
	})
	return errors.Join(err, box.Delete(done...))
}

// piles are the pieces met in one box so far, those of each sender apart.
type piles map[pileKey]*pile

type pileKey struct {
	slot mailbox.SlotHash
	set  [16]byte
}

type pile struct {
	pieces  []mailbox.Piece
	parcels []mailbox.ParcelID
}

func (ps piles) add(h mailbox.Held, p mailbox.Piece) *pile {
	k := pileKey{h.Slot, p.Set}
	if ps[k] == nil {
		ps[k] = &pile{}
	}
	ps[k].pieces, ps[k].parcels = append(ps[k].pieces, p), append(ps[k].parcels, h.Parcel)
	return ps[k]
}

// unpack takes what lies in a whole pile by the one door, if it is of a
// conversation for which that is the way, and returns the parcels that are not
// needed any more. An error means that nothing can be kept now.
func (n *Node) unpack(p *pile, fits func(*chat.Conversation) bool) (read []mailbox.ParcelID, err error) {
	b, err := mailbox.Join(p.pieces)
	if err != nil {
		return nil, nil // pieces are missing
	}
	conv, blocks, err := openSegment(b)
	if err != nil {
		return p.parcels, n.noteCollected(p.parcels) // a node that packs badly; nothing to keep
	}
	c := n.set.Get(conv)
	switch {
	case c == nil:
		return nil, nil
	case !fits(c):
		return p.parcels, n.noteCollected(p.parcels)
	}
	res, err := n.receive(c, blocks)
	if err != nil {
		if n.ctx.Err() == nil && n.db.Err() == nil {
			n.log.Error("read a parcel", "err", err)
			err = nil // one that cannot be read must not keep the others away
		}
		return nil, err
	}
	for _, r := range res.Refused {
		if errors.Is(r.Err, merkle.ErrNoRoom) {
			return nil, nil // it may fit when what it waits for is here
		}
	}
	return p.parcels, n.noteCollected(p.parcels)
}

// collected returns a test for parcels that were read before. Those that a
// custodian still has are deleted there too.
func (n *Node) collected(done *[]mailbox.ParcelID) func(mailbox.ParcelID) bool {
	return func(p mailbox.ParcelID) bool {
		var had bool
		n.look("read what was collected", func(tx *store.Tx) (err error) {
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
	piles := piles{}
	_, err = box.Collect(mailbox.Collecting{Have: n.collected(nil)}, func(h mailbox.Held, sealed []byte) error {
		slot, known := slots[h.Slot]
		if !known {
			return nil
		}
		p, err := slot.Open(sealed)
		if err != nil {
			return nil
		}
		_, err = n.unpack(piles.add(h, p), func(c *chat.Conversation) bool { return c == g.conv })
		return err
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
func (n *Node) soon(bell string) {
	time.AfterFunc(retryTime, n.wake[bell].ring)
}
