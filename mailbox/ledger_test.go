package mailbox

import (
	"errors"
	"fmt"
	"testing"

	"causeway/internal/wire"
	"causeway/store"
)

// audit recounts everything that is stored and compares it with the counters.
func (r *rig) audit() {
	r.t.Helper()
	if err := auditStore(r.db); err != nil {
		r.t.Fatal(err)
	}
}

// ledger is what auditStore counts.
type ledger struct {
	boxes    map[BoxID]*boxRow
	grants   map[[32]byte]*grantRow
	slots    map[string]*slotRow
	parcels  map[string]uint64 // box and parcel id: seq
	held     int
	standIns int
}

func auditStore(db *store.DB) error {
	l := ledger{map[BoxID]*boxRow{}, map[[32]byte]*grantRow{}, map[string]*slotRow{}, map[string]uint64{}, 0, 0}
	return db.View(func(tx *store.Tx) error {
		return errors.Join(l.read(tx), l.count(tx), l.check())
	})
}

func (l *ledger) read(tx *store.Tx) error {
	for k, v := range tx.Scan(key(subGrant)) {
		g := new(grantRow)
		if err := wire.Unmarshal(v, g); err != nil {
			return err
		}
		l.grants[[32]byte(k[2:])] = g
	}
	for k, v := range tx.Scan(key(subBox)) {
		b := new(boxRow)
		if err := wire.Unmarshal(v, b); err != nil {
			return err
		}
		l.boxes[BoxID(k[2:])] = b
		g := l.grants[b.Owner]
		if g == nil {
			return fmt.Errorf("box without a grant")
		}
		g.Boxes--
	}
	for k, v := range tx.Scan(key(subSlot)) {
		s := new(slotRow)
		if err := wire.Unmarshal(v, s); err != nil {
			return err
		}
		box := BoxID(k[2:34])
		if l.boxes[box] == nil {
			return fmt.Errorf("slot without a box")
		}
		l.boxes[box].Slots--
		l.slots[string(box[:])+string(s.Hash[:])] = s
	}
	return nil
}

// count takes every parcel off the counters it should be on.
func (l *ledger) count(tx *store.Tx) error {
	for k, v := range tx.Scan(key(subParcel)) {
		var p parcelRow
		if err := wire.Unmarshal(v, &p); err != nil {
			return err
		}
		box := BoxID(k[2:34])
		b, s := l.boxes[box], l.slots[string(box[:])+string(p.Slot[:])]
		if b == nil || s == nil {
			return fmt.Errorf("parcel without box or slot")
		}
		b.Used.sub(p.Size)
		s.Used.sub(p.Size)
		if b.Class != First {
			l.grants[b.Owner].Used.sub(p.Size)
		}
		bytes, err := tx.Get(key(subBytes, box, p.Parcel))
		if err != nil || ParcelOf(bytes).ID != p.Parcel || uint64(len(bytes)) != p.Size {
			return fmt.Errorf("bytes of a parcel: %v", err)
		}
		l.parcels[string(box[:])+string(p.Parcel[:])]++
	}
	for k, v := range tx.Scan(key(subHeld)) {
		var h heldRow
		if err := wire.Unmarshal(v, &h); err != nil {
			return err
		}
		if h.Seq == 0 {
			l.boxes[BoxID(k[2:34])].Tombstones--
		} else if l.parcels[string(k[2:])] != 1 {
			return fmt.Errorf("parcel listed %d times", l.parcels[string(k[2:])])
		} else {
			l.held++
		}
	}
	for _, v := range tx.Scan(key(subStandIn)) {
		var s standInRow
		if err := wire.Unmarshal(v, &s); err != nil {
			return err
		}
		l.boxes[s.Box].StandIns--
	}
	return nil
}

func (l *ledger) check() error {
	if l.held != len(l.parcels) {
		return fmt.Errorf("%d parcels, %d of them in the index", len(l.parcels), l.held)
	}
	for _, g := range l.grants {
		if g.Used != (usage{}) || g.Boxes != 0 {
			return fmt.Errorf("grant is off by %+v, %d boxes", g.Used, int64(g.Boxes))
		}
	}
	for _, b := range l.boxes {
		if b.Used != (usage{}) || b.Slots != 0 || b.StandIns != 0 || b.Tombstones != 0 {
			return fmt.Errorf("box is off: %+v", *b)
		}
	}
	for _, s := range l.slots {
		if s.Used != (usage{}) {
			return fmt.Errorf("slot is off by %+v", s.Used)
		}
	}
	return nil
}

// rowsOf is everything that the custodian stores.
func rowsOf(t testing.TB, db *store.DB) map[string]string {
	t.Helper()
	rows := map[string]string{}
	err := db.View(func(tx *store.Tx) error {
		for k, v := range tx.Scan([]byte{byte(store.SpaceMailbox)}) {
			rows[string(k)] = string(v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func snapshot(t testing.TB, db *store.DB) string { return fmt.Sprint(rowsOf(t, db)) }
