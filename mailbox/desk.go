package mailbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"causeway/internal/label"
	"causeway/internal/planted"
	"causeway/internal/wire"
	"causeway/store"
)

// ownerStep answers what the proven owner of the box asks.
func (s *session) ownerStep(f any, now time.Time) ([]any, error) {
	switch f := f.(type) {
	case *slotsFrame:
		return s.change(func(tx *store.Tx) error { return setSlots(tx, s.open.Box, f, now) })
	case *deleteFrame:
		return s.delete(f, now)
	case *standInFrame:
		if len(f.Offer) > MaxOffer || len(f.Tags) > MaxStandInTags {
			return []any{&deniedFrame{}}, nil
		}
		return s.change(func(tx *store.Tx) error { return addStandIn(tx, s.open.Box, f, now) })
	case *revokeFrame:
		return s.change(func(tx *store.Tx) error { return removeStandIn(tx, s.open.Box, f.Ask) })
	case *closeFrame:
		if s.class == Group {
			return []any{&deniedFrame{}}, nil
		}
		answer, err := s.change(func(tx *store.Tx) error { return dropBox(tx, s.open.Box) })
		s.class = 0
		return answer, err
	case *listFrame:
		return s.list(f, now)
	case *fetchFrame:
		return s.fetch(f, now)
	}
	return nil, errRefuse
}

// change runs one change of the box and says OK or DENIED.
func (s *session) change(fn func(tx *store.Tx) error) ([]any, error) {
	err := s.c.db.Update(func(tx *store.Tx) error {
		known, err := tx.Has(key(subBox, s.open.Box))
		if err == nil && !known { // closed or swept since the owner came in
			err = errRefuse
		}
		if err != nil {
			return err
		}
		return fn(tx)
	})
	switch {
	case errors.Is(err, errDeny):
		return []any{&deniedFrame{}}, nil
	case err != nil:
		return nil, err
	}
	return []any{&okFrame{}}, nil
}

// list gives one page of what lies in the box, in the order of deposit.
func (s *session) list(f *listFrame, now time.Time) ([]any, error) {
	answer := &rowsFrame{}
	limit := int(min(f.Limit, maxPage))
	err := s.c.db.View(func(tx *store.Tx) error {
		prefix := key(subParcel, s.open.Box)
		for k, v := range tx.ScanFrom(prefix, append(key(subParcel, s.open.Box, f.After), 0)) {
			var p parcelRow
			if err := wire.Unmarshal(v, &p); err != nil {
				return fmt.Errorf("mailbox: parcel: %w", err)
			}
			if p.Expires <= seconds(now) {
				continue
			}
			if len(answer.Rows) >= limit {
				answer.More = true
				return nil
			}
			answer.Rows = append(answer.Rows, listRow{Seq: binary.BigEndian.Uint64(k[len(k)-8:]), Parcel: p.Parcel, Size: p.Size,
				Slot: p.Slot, Deposited: p.Deposited, Expires: p.Expires})
		}
		return nil
	})
	return []any{answer}, err
}

// fetch gives parcels from some offset each: frames of bytes and one empty frame
// after each parcel. One that is not held is empty.
func (s *session) fetch(f *fetchFrame, now time.Time) ([]any, error) {
	if len(f.Items) > maxFetch {
		return nil, errRefuse
	}
	var answer []any
	total := 0
	err := s.c.db.View(func(tx *store.Tx) error {
		for _, item := range f.Items {
			data, err := s.held(tx, item.Parcel, now)
			if err != nil {
				return err
			}
			data = data[min(item.Offset, uint64(len(data))):]
			if total += len(data); total > MaxParcel {
				return errRefuse
			}
			for len(data) > 0 {
				n := min(chunk, len(data))
				answer = append(answer, &bytesFrame{Data: data[:n]})
				data = data[n:]
			}
			answer = append(answer, &bytesFrame{})
		}
		return nil
	})
	return answer, err
}

func (s *session) held(tx *store.Tx, id ParcelID, now time.Time) ([]byte, error) {
	var held heldRow
	known, err := load(tx, key(subHeld, s.open.Box, id), &held)
	if err != nil || !known || held.Seq == 0 || held.Until <= seconds(now) {
		return nil, err
	}
	return tx.Get(key(subBytes, s.open.Box, id))
}

// delete removes parcels that the owner signed away, and remembers the
// signatures, also of parcels that have not come here yet.
func (s *session) delete(f *deleteFrame, now time.Time) ([]any, error) {
	if s.class == Group || len(f.Items) > maxPage {
		return []any{&deniedFrame{}}, nil
	}
	for _, item := range f.Items {
		if !verify(s.open.Box, label.MailboxDelete, deleteBody{Box: s.open.Box, Parcel: item.Parcel}, item.Sig) {
			return nil, errRefuse
		}
	}
	return s.change(func(tx *store.Tx) error {
		for _, item := range f.Items {
			if err := bury(tx, s.open.Box, item, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// bury leaves a tombstone in place of a parcel. It outlives every weekly slot
// that is open now, so that the parcel cannot be laid down again.
func bury(tx *store.Tx, box BoxID, item deleteItem, now time.Time) error {
	var old heldRow
	known, err := load(tx, key(subHeld, box, item.Parcel), &old)
	if err != nil || known && old.Seq == 0 && old.Until > seconds(now) {
		return err
	}
	if err := clearExpired(tx, box, item.Parcel, now); err != nil {
		return err
	}
	if _, err := take(tx, box, item.Parcel, now); err != nil || planted.Is(planted.NoTombstone) {
		return err
	}
	b, _, ok, err := boxOf(tx, box)
	if err != nil || !ok {
		return missing(err, "box")
	}
	if b.Tombstones >= maxTombstones {
		return errDeny
	}
	b.Tombstones++
	until := seconds(now) + uint64(TombstoneTTL/time.Second)
	return firstError(
		save(tx, key(subHeld, box, item.Parcel), &heldRow{Until: until, Note: item.Sig[:]}),
		setDue(tx, until, dueHeld, box, item.Parcel),
		save(tx, key(subBox, box), &b),
	)
}
