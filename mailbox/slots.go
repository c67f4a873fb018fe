package mailbox

import (
	"bytes"
	"fmt"
	"time"

	"causeway/internal/wire"
	"causeway/store"
)

// WeekSlots are the hashes that are good in one week, in ascending order, so
// that their places do not link the slots of one contact over the weeks.
type WeekSlots struct {
	_      struct{} `cbor:",toarray"`
	Week   uint64
	Hashes []SlotHash
}

// addSlot adds a slot to a box, or changes the time of one that is there. The
// caller saves b.
func (b *boxRow) addSlot(tx *store.Tx, box BoxID, s slotRow) error {
	var old slotRow
	known, err := load(tx, slotKey(box, s.Hash), &old)
	if err != nil {
		return err
	}
	if known && old.Hash != s.Hash {
		return errDeny
	}
	if !known {
		if b.Slots >= maxSlots {
			return errDeny
		}
		b.Slots++
	}
	s.Used = old.Used
	return firstError(
		save(tx, slotKey(box, s.Hash), &s),
		setDue(tx, s.Until, dueSlot, box, s.Hash[:8]),
	)
}

// setSlots registers the slots of some weeks. With replace, slots that are not
// listed are closed: their parcels stay, but nothing more is taken.
func setSlots(tx *store.Tx, box BoxID, f *slotsFrame, now time.Time) error {
	b, g, known, err := boxOf(tx, box)
	if err != nil || !known {
		return missing(err, "box")
	}
	if b.Class == First || g.ended(now) || f.Replace && b.Class == Group {
		return errDeny
	}
	listed := make(map[SlotHash]bool)
	this, n := WeekOf(now), 0
	for _, w := range f.Weeks {
		if w.Week+1 < this || w.Week > this+maxWeeksAhead {
			return errDeny
		}
		for i, h := range w.Hashes {
			if i > 0 && bytes.Compare(w.Hashes[i-1][:], h[:]) >= 0 {
				return errRefuse
			}
			listed[h] = true
		}
		n += len(w.Hashes)
	}
	if n > maxSlotsFrame || len(listed) != n {
		return errDeny
	}
	if f.Replace {
		if err := closeUnlisted(tx, box, listed); err != nil {
			return err
		}
		if b, _, _, err = boxOf(tx, box); err != nil {
			return err
		}
	}
	for _, w := range f.Weeks {
		from, until := weekStart(w.Week).Add(-slotSlack), weekStart(w.Week+1).Add(slotSlack)
		for _, h := range w.Hashes {
			if err := b.addSlot(tx, box, slotRow{Hash: h, From: seconds(from), Until: seconds(until)}); err != nil {
				return err
			}
		}
	}
	return save(tx, key(subBox, box), &b)
}

func closeUnlisted(tx *store.Tx, box BoxID, listed map[SlotHash]bool) error {
	for _, v := range tx.Scan(key(subSlot, box)) {
		var s slotRow
		if err := wire.Unmarshal(v, &s); err != nil {
			return fmt.Errorf("mailbox: slot: %w", err)
		}
		if !listed[s.Hash] {
			if err := closeSlot(tx, box, s.Hash); err != nil {
				return err
			}
		}
	}
	return tx.Err()
}

// closeSlot ends a slot early: now if it is empty, else with its last parcel.
func closeSlot(tx *store.Tx, box BoxID, h SlotHash) error {
	var s slotRow
	known, err := load(tx, slotKey(box, h), &s)
	if err != nil || !known || s.Hash != h {
		return err
	}
	if s.Used.Parcels == 0 {
		return dropSlot(tx, box, &s)
	}
	s.Closed = true
	return save(tx, slotKey(box, h), &s)
}
