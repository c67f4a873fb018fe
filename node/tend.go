package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"causeway/contact"
	"causeway/identity"
	"causeway/mailbox"
	"causeway/store"
)

// tend keeps what the custodian told of itself and registers the slots of all
// contacts, closing those of people who were blocked or removed.
func (n *Node) tend(uid identity.UID, row keeperRow, box *mailbox.Box, secret boxSecret) error {
	slots := map[uint64][]mailbox.SlotHash{}
	this := mailbox.WeekOf(time.Now())
	for _, d := range n.depositors(secret) {
		for w := this; w <= this+weeksAhead; w++ {
			slots[w] = append(slots[w], mailbox.SlotOf(d.secret, secret.box().ID(), w).Hash(box.Custodian))
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

// depositor is somebody who may park mail here; uid is zero while an invite waits
// for its user.
type depositor struct {
	uid    identity.UID
	secret [32]byte
}

// depositors returns the deposit secret of everybody who may park mail for this
// user: contacts, and whoever came or may come by an invite of theirs.
func (n *Node) depositors(secret boxSecret) (out []depositor) {
	err := n.db.View(func(tx *store.Tx) error {
		all, err := n.book.All(tx)
		if err != nil {
			return err
		}
		for _, k := range all {
			if k.State == contact.Accepted || k.State == contact.PendingOut {
				out = append(out, depositor{k.UID, secret.depositSecret(k.UID[:])})
				if k.Invite != (contact.InviteID{}) {
					out = append(out, depositor{k.UID, secret.depositSecret(k.Invite[:])})
				}
			}
		}
		issued, err := n.book.Invites(tx)
		for _, i := range issued {
			if id := i.Invite.ID(); i.Open(time.Now()) == nil {
				out = append(out, depositor{secret: secret.depositSecret(id[:])})
			}
		}
		return err
	})
	if err != nil {
		n.log.Error("list who may park mail here", "err", err)
	}
	return out
}

// ownSlot is a slot of this user's box and who may use it.
type ownSlot struct {
	mailbox.Slot
	from identity.UID
}

// slotsOf maps the slots of recent weeks to the secrets that open their parcels.
func (n *Node) slotsOf(custodian mailbox.ReceiptKey, secret boxSecret) map[mailbox.SlotHash]ownSlot {
	out := map[mailbox.SlotHash]ownSlot{}
	this := mailbox.WeekOf(time.Now())
	for _, d := range n.depositors(secret) {
		for w := this - min(this, weeksBack); w <= this+1; w++ {
			s := mailbox.SlotOf(d.secret, secret.box().ID(), w)
			out[s.Hash(custodian)] = ownSlot{s, d.uid}
		}
	}
	return out
}
