package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"causeway/chat"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// groupBox is the box of one epoch of a group at one custodian.
type groupBox struct {
	conv   *chat.Conversation
	keeper chat.Keeper
	keys   chat.Secrets
	use    bool      // members write under this epoch: all of the group is parked here
	next   merkle.ID // else the rekey with whose past the box is filled; zero: none yet
}

// groupBoxes lists the boxes in which a group's mail may lie: those of the
// epochs held, newest first, at each custodian that an admin named.
func (n *Node) groupBoxes(c *chat.Conversation) []groupBox {
	var keys []chat.Secrets
	var present merkle.ID
	n.look("read the keys of a group", func(tx *store.Tx) error {
		keys = c.Secrets(tx)
		present, _ = c.Present(tx)
		return tx.Err()
	})
	var out []groupBox
	for _, keeper := range c.State().Mailbox().Keepers {
		for i, k := range keys {
			if i == recentEpochs || k.Mbx == [32]byte{} {
				break
			}
			out = append(out, groupBox{conv: c, keeper: keeper, keys: k, use: k.Epoch == present, next: nextEpoch(keys, present, k.Epoch)})
		}
	}
	return out
}

// groupPlace registers a box of a group where needed and returns the place to
// park in: the present epoch's box or, for those who missed a change of the key,
// an older one: there the rekey and its past are parked, as a bridge, but nothing
// that was written after a removal which that epoch's maker did not know of. ok
// is false if nothing is to be parked there, or nobody answers.
func (n *Node) groupPlace(ctx context.Context, g groupBox) (p place, ok bool) {
	if !g.use && g.next == (merkle.ID{}) || g.bridged(n) || n.nothingToPark(g) {
		return p, false
	}
	ctx, cancel := context.WithTimeout(ctx, depositTime)
	defer cancel()
	box, done, err := n.openGroupBox(ctx, g)
	if err != nil {
		n.log.Info("open a group's box", "err", err)
		return p, false
	}
	p = place{conv: g.conv, keeper: g.keeper, box: g.key().ID(), sign: box.Custodian, epoch: g.keys.Epoch, upTo: g.next}
	p.slot = mailbox.SlotOf(mailbox.GroupDepositSecret(g.keys.Mbx, [32]byte(g.conv.State().Log)), p.box, mailbox.WeekOf(time.Now()))
	_ = box.Close()
	done()
	n.rememberBox(g, [32]byte(box.Custodian))
	return p, true
}

// nothingToPark reports whether a box that was used before lacks nothing, so that
// nobody need be dialled to find that out.
func (n *Node) nothingToPark(g groupBox) bool {
	receipt, known := n.recallBox(g)
	if !known {
		return false
	}
	_, lacking, err := n.unparked(place{conv: g.conv, sign: receipt, epoch: g.keys.Epoch, upTo: g.next})
	return err == nil && len(lacking) == 0
}

// nextEpoch returns the epoch to which the box of another is a bridge, of those
// held, newest first: the one after it, or the present one for a newer one that
// may not be used, because its maker did not know of a removal. Zero: none.
func nextEpoch(keys []chat.Secrets, present, epoch merkle.ID) (next merkle.ID) {
	at := slices.IndexFunc(keys, func(k chat.Secrets) bool { return k.Epoch == epoch })
	used := slices.IndexFunc(keys, func(k chat.Secrets) bool { return k.Epoch == present })
	switch {
	case at < 0 || used < 0 || at == used:
		return merkle.ID{}
	case at < used:
		return present
	}
	return keys[at-1].Epoch
}

func (g groupBox) key() *mailbox.BoxKey { return mailbox.GroupBoxKey(g.keys.Mbx) }

// bridged reports whether an older epoch's box has all that it is to have.
func (g groupBox) bridged(n *Node) bool {
	if g.use {
		return false
	}
	receipt, ok := n.recallBox(g)
	if !ok {
		return false
	}
	var row parkedRow
	n.look("read what is parked for a group", func(tx *store.Tx) error {
		_, err := getRow(tx, nodeKey(subParked, g.conv.ID, receipt), &row)
		return err
	})
	return row.Closed
}

// openGroupBox opens the box of an epoch from a throw-away host, registering it
// with the group's grant if nobody has, and sees to the members' slots.
func (n *Node) openGroupBox(ctx context.Context, g groupBox) (*mailbox.Box, func(), error) {
	grant, err := mailbox.DecodeGrant(g.keeper.Grant)
	if err != nil {
		return nil, nil, err
	}
	link, done, err := n.linkAway(ctx, g.keeper.Receipt, g.keeper.Tag, g.keeper.Addrs)
	if err != nil {
		return nil, nil, err
	}
	box, err := mailbox.OpenBox(ctx, link, mailbox.Entry{Key: g.key(), Class: mailbox.Group, Grant: &grant})
	if err == nil {
		err = box.SetSlots(g.slots(box.Custodian), false)
	}
	if err != nil {
		_ = link.Close()
		done()
		return nil, nil, err
	}
	return box, done, nil
}

// slots are those of every log that may write in the group, for this week and
// the weeks to come.
func (g groupBox) slots(custodian mailbox.ReceiptKey) map[uint64][]mailbox.SlotHash {
	out := map[uint64][]mailbox.SlotHash{}
	this := mailbox.WeekOf(time.Now())
	for _, m := range g.conv.State().Fold.Members() {
		for _, log := range m.Logs {
			secret := mailbox.GroupDepositSecret(g.keys.Mbx, [32]byte(log))
			for w := this; w <= this+groupWeeks; w++ {
				out[w] = append(out[w], mailbox.SlotOf(secret, g.key().ID(), w).Hash(custodian))
			}
		}
	}
	return out
}

func (n *Node) rememberBox(g groupBox, receipt [32]byte) {
	err := n.db.Update(func(tx *store.Tx) error {
		return tx.Set(nodeKey(subGroupBox, g.keys.Epoch, g.keeper.Receipt), receipt[:])
	})
	if err != nil {
		n.log.Error("remember a group's box", "err", err)
	}
}

func (n *Node) recallBox(g groupBox) (receipt [32]byte, ok bool) {
	n.look("read the key of a group's box", func(tx *store.Tx) error {
		b, err := tx.Get(nodeKey(subGroupBox, g.keys.Epoch, g.keeper.Receipt))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil && len(b) != len(receipt) {
			err = store.ErrDamaged
		}
		if err == nil {
			receipt, ok = [32]byte(b), true
		}
		return err
	})
	return receipt, ok
}
