package mailbox

import (
	"fmt"
	"time"

	"causeway/internal/wire"
	"causeway/store"
)

// A shelf is one slot of one box with what counts against its limits, loaded
// inside one transaction.
type shelf struct {
	box   BoxID
	row   boxRow
	grant grantRow
	slot  slotRow
}

// admit finds the shelf of a slot that somebody shows. errRefuse, the same for
// every cause: no such box, no such slot, or not its time. It looks everything
// up before it decides.
func admit(tx *store.Tx, box BoxID, shown SlotID, now time.Time) (*shelf, error) {
	s := &shelf{box: box}
	hash := shown.Hash()
	hasSlot, err := load(tx, slotKey(box, hash), &s.slot)
	if err != nil {
		return nil, err
	}
	var hasBox bool
	if s.row, s.grant, hasBox, err = boxOf(tx, box); err != nil {
		return nil, err
	}
	if !same(hash, s.slot.Hash) || !hasSlot || !hasBox || !s.slot.open(now) {
		return nil, errRefuse
	}
	return s, nil
}

// fits reports whether a box of this class takes parcels of this size at all.
func (c Class) fits(size uint64) bool {
	if c == First {
		return size > 0 && size <= MaxRequest
	}
	return isBucket(size)
}

// limits returns what one slot and the whole allowance may hold.
func (s *shelf) limits() (slotParcels, slotBytes, parcels, bytes uint64) {
	if s.row.Class == First {
		n := s.slot.MaxParcels
		return n, n * MaxRequest, MaxRequests, MaxRequests * MaxRequest
	}
	return max(1, s.grant.MaxParcels/share), s.grant.MaxBytes / share, s.grant.MaxParcels, s.grant.MaxBytes
}

// used is what counts against the whole allowance.
func (s *shelf) used() usage {
	if s.row.Class == First {
		return s.row.Used
	}
	return s.grant.Used
}

// room says why one more parcel does not fit; 0 if it does.
func (s *shelf) room(size uint64, now time.Time) Reason {
	slotParcels, slotBytes, parcels, bytes := s.limits()
	switch {
	case s.grant.ended(now):
		return Ending
	case size > slotBytes:
		return OverShare
	case !s.slot.Used.room(size, slotParcels, slotBytes):
		return SlotFull
	case !s.used().room(size, parcels, bytes):
		return BoxFull
	}
	return 0
}

// freeAt is a time by which room for size comes free even if the owner collects
// nothing: never early, and exact while parcels expire in the order they came.
func (s *shelf) freeAt(tx *store.Tx, reason Reason, size uint64, now time.Time) (uint64, error) {
	slotParcels, slotBytes, parcels, bytes := s.limits()
	left := s.used()
	if reason == SlotFull {
		left, parcels, bytes = s.slot.Used, slotParcels, slotBytes
	}
	var at uint64
	for _, v := range tx.Scan(key(subParcel, s.box)) {
		var p parcelRow
		if err := wire.Unmarshal(v, &p); err != nil {
			return 0, fmt.Errorf("mailbox: parcel: %w", err)
		}
		if reason == SlotFull && p.Slot != s.slot.Hash {
			continue
		}
		at = max(at, p.Expires)
		left.sub(p.Size)
		if left.room(size, parcels, bytes) {
			return at, nil
		}
	}
	// The rest lies in other boxes of the grant: all of it has expired by then.
	return max(at, seconds(now)+s.ttl()), tx.Err()
}

// ttl is how long a parcel stays here.
func (s *shelf) ttl() uint64 {
	if s.row.Class == First {
		return uint64(RequestTTL / time.Second)
	}
	return s.grant.TTL
}

// put lays a parcel on the shelf and counts it.
func (s *shelf) put(tx *store.Tx, p Parcel, now time.Time) (parcelRow, error) {
	size := uint64(len(p.Sealed))
	row := parcelRow{Parcel: p.ID, Size: size, Slot: s.slot.Hash, Deposited: seconds(now), Expires: seconds(now) + s.ttl()}
	seq := s.row.Next
	s.row.Next++
	s.count(func(u *usage) { u.add(size) })
	err := firstError(
		save(tx, key(subParcel, s.box, seq), &row),
		save(tx, key(subHeld, s.box, p.ID), &heldRow{Seq: seq, Until: row.Expires}),
		tx.Set(key(subBytes, s.box, p.ID), p.Sealed),
		setDue(tx, row.Expires, dueHeld, s.box, p.ID),
		s.save(tx),
	)
	return row, err
}

// count applies a change to everything that the slot counts against.
func (s *shelf) count(change func(*usage)) {
	change(&s.slot.Used)
	change(&s.row.Used)
	if s.row.Class != First {
		change(&s.grant.Used)
	}
}

func (s *shelf) save(tx *store.Tx) error {
	return firstError(
		save(tx, slotKey(s.box, s.slot.Hash), &s.slot),
		save(tx, key(subBox, s.box), &s.row),
		save(tx, key(subGrant, s.row.Owner), &s.grant),
	)
}

// take removes a parcel and uncounts it; false if it is not held. A slot that is
// over and empty goes with its last parcel.
func take(tx *store.Tx, box BoxID, id ParcelID, now time.Time) (bool, error) {
	var held heldRow
	known, err := load(tx, key(subHeld, box, id), &held)
	if err != nil || !known || held.Seq == 0 {
		return false, err
	}
	var p parcelRow
	if known, err = load(tx, key(subParcel, box, held.Seq), &p); err != nil || !known {
		return false, missing(err, "parcel")
	}
	s := shelf{box: box}
	if s.row, s.grant, known, err = boxOf(tx, box); err != nil || !known {
		return false, missing(err, "box")
	}
	if known, err = load(tx, slotKey(box, p.Slot), &s.slot); err != nil || !known {
		return false, missing(err, "slot")
	}
	s.count(func(u *usage) { u.sub(p.Size) })
	err = firstError(
		tx.Delete(key(subParcel, box, held.Seq)),
		tx.Delete(key(subHeld, box, id)),
		tx.Delete(key(subBytes, box, id)),
	)
	if err != nil {
		return false, err
	}
	if s.slot.over(now) && s.slot.Used.Parcels == 0 {
		s.row.Slots--
		return true, firstError(
			tx.Delete(slotKey(box, p.Slot)),
			save(tx, key(subBox, box), &s.row),
			save(tx, key(subGrant, s.row.Owner), &s.grant))
	}
	return true, s.save(tx)
}

// missing is the error of a record that another one says is there.
func missing(err error, what string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: mailbox: a %s is missing", store.ErrDamaged, what)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
