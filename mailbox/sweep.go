package mailbox

import (
	"encoding/binary"
	"fmt"
	"time"

	"causeway/internal/wire"
	"causeway/store"
)

// Sweep removes everything whose time is over: parcels, tombstones, slots,
// stand-ins, withdrawn grants, and boxes that nobody can use any more. It works
// in short transactions and returns how many records it looked at. The caller
// runs it every few minutes; nothing goes wrong if it does not, but space comes
// free later. After a jump of the clock it removes nothing for clockDoubt.
func (c *Custodian) Sweep(now time.Time) (int, error) {
	doubtful, err := c.doubts(now)
	if err != nil || doubtful {
		return 0, err
	}
	total := 0
	for {
		done, more := 0, false
		err := c.db.Update(func(tx *store.Tx) (err error) {
			done, more, err = sweepSome(tx, now)
			return err
		})
		total += done
		if err != nil {
			return total, fmt.Errorf("sweep the mailbox: %w", err)
		}
		if !more {
			return total, nil
		}
	}
}

// clockRow is what the clock said at the last sweep, and until when it is
// doubted.
type clockRow struct {
	_           struct{} `cbor:",toarray"`
	Seen, Doubt uint64
}

// doubts reports whether the clock may be wrong: it went on by more than
// clockJump between two sweeps, and less than clockDoubt of running has passed
// since. A machine that was off for so long only sweeps later; one whose clock
// is set to 2100 for an hour loses nothing.
func (c *Custodian) doubts(now time.Time) (doubtful bool, err error) {
	t := seconds(now)
	err = c.db.Update(func(tx *store.Tx) error {
		var r clockRow
		known, err := load(tx, key(subClock), &r)
		if err != nil {
			return err
		}
		if known && t > r.Seen+uint64(clockJump/time.Second) {
			r.Doubt = t + uint64(clockDoubt/time.Second)
		} else if t < r.Seen {
			r.Doubt = 0
		}
		r.Seen, doubtful = t, t < r.Doubt
		return save(tx, key(subClock), &r)
	})
	return doubtful, err
}

// sweepSome handles up to sweepBatch due entries and says whether more wait.
func sweepSome(tx *store.Tx, now time.Time) (done int, more bool, err error) {
	prefix := key(subDue)
	for k := range tx.Scan(prefix) {
		rest := k[len(prefix):]
		if binary.BigEndian.Uint64(rest) > seconds(now) {
			return done, false, nil
		}
		if done == sweepBatch {
			return done, true, nil
		}
		done++
		again, err := end(tx, rest[8], rest[9:], now)
		if err != nil {
			return done, false, err
		}
		if again { // a grant with boxes left: one box for each transaction
			return done, true, nil
		}
		if err := tx.Delete(k); err != nil {
			return done, false, err
		}
	}
	return done, false, tx.Err()
}

// end ends one record if its time is really over; again asks to be called once
// more for the same entry.
func end(tx *store.Tx, kind byte, ref []byte, now time.Time) (again bool, err error) {
	switch kind {
	case dueHeld:
		return false, endHeld(tx, BoxID(ref[:32]), ParcelID(ref[32:]), now)
	case dueSlot:
		return false, endSlot(tx, BoxID(ref[:32]), ref[32:], now)
	case dueStandIn:
		return false, endStandIn(tx, ref, now)
	case dueGrant:
		return endGrant(tx, [32]byte(ref), now)
	}
	return false, fmt.Errorf("%w: mailbox: due kind %d", store.ErrDamaged, kind)
}

func endHeld(tx *store.Tx, box BoxID, id ParcelID, now time.Time) error {
	if err := clearExpired(tx, box, id, now); err != nil {
		return err
	}
	return dropIdle(tx, box)
}

func endSlot(tx *store.Tx, box BoxID, short []byte, now time.Time) error {
	var s slotRow
	known, err := load(tx, key(subSlot, box, short), &s)
	if err != nil || !known || !s.over(now) {
		return err
	}
	if err := dropSlot(tx, box, &s); err != nil {
		return err
	}
	return dropIdle(tx, box)
}

// dropSlot removes a slot that is over, or leaves it to its last parcel.
func dropSlot(tx *store.Tx, box BoxID, s *slotRow) error {
	if s.Used.Parcels > 0 {
		return nil
	}
	b, _, known, err := boxOf(tx, box)
	if err != nil || !known {
		return missing(err, "box")
	}
	b.Slots--
	return firstError(tx.Delete(slotKey(box, s.Hash)), save(tx, key(subBox, box), &b))
}

func endGrant(tx *store.Tx, owner [32]byte, now time.Time) (again bool, err error) {
	var g grantRow
	known, err := load(tx, key(subGrant, owner), &g)
	if err != nil || !known || g.Drop == 0 || g.Drop > seconds(now) {
		return false, err
	}
	for k, v := range tx.Scan(key(subBox)) {
		var b boxRow
		if err := wire.Unmarshal(v, &b); err != nil {
			return false, fmt.Errorf("mailbox: box: %w", err)
		}
		if b.Owner == owner {
			return true, dropBox(tx, BoxID(k[2:]))
		}
	}
	return false, firstError(tx.Err(), tx.Delete(key(subToken, grantID(g.Token))), tx.Delete(key(subGrant, owner)))
}

// dropIdle drops a box in which nothing lies and nothing can be laid any more.
func dropIdle(tx *store.Tx, box BoxID) error {
	b, _, known, err := boxOf(tx, box)
	if err != nil || !known || b.Used.Parcels > 0 || b.Slots > 0 || b.StandIns > 0 || b.Tombstones > 0 {
		return err
	}
	return dropBox(tx, box)
}

// dropBox removes a box with all that lies in it.
func dropBox(tx *store.Tx, box BoxID) error {
	b, g, known, err := boxOf(tx, box)
	if err != nil || !known {
		return missing(err, "box")
	}
	if b.Class != First {
		g.Used.Parcels -= b.Used.Parcels
		g.Used.Bytes -= b.Used.Bytes
	}
	g.Boxes--
	for _, sub := range []byte{subSlot, subParcel, subHeld} {
		for k := range tx.Scan(key(sub, box)) {
			if err := tx.Delete(k); err != nil {
				return err
			}
			if sub != subHeld {
				continue
			}
			if err := tx.Delete(key(subBytes, k[2:])); err != nil {
				return err
			}
		}
	}
	if err := dropStandIns(tx, box); err != nil {
		return err
	}
	return firstError(tx.Err(), tx.Delete(key(subBox, box)), save(tx, key(subGrant, b.Owner), &g))
}

func dropStandIns(tx *store.Tx, box BoxID) error {
	for k, v := range tx.Scan(key(subStandIn)) {
		var s standInRow
		if err := wire.Unmarshal(v, &s); err != nil {
			return fmt.Errorf("mailbox: stand-in: %w", err)
		}
		if s.Box == box {
			if err := tx.Delete(k); err != nil {
				return err
			}
		}
	}
	return nil
}
