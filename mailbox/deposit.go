package mailbox

import (
	"time"

	"causeway/internal/label"
	"causeway/internal/planted"
	"causeway/store"
)

// deposit decides about a parcel before any byte of it is sent.
func (s *session) deposit(f *depositFrame, now time.Time) ([]any, error) {
	if s.key == nil {
		return nil, errRefuse
	}
	p := &pending{slot: f.Slot, parcel: f.Parcel, size: f.Size}
	answer, err := s.judge(p, now)
	if q, ok := answer.(*quotaFrame); ok && q.Reason != Ending {
		// What has expired takes no room, swept or not.
		if _, err = s.c.Sweep(now); err == nil {
			answer, err = s.judge(p, now)
		}
	}
	if err != nil {
		return nil, err
	}
	s.shown = true
	if answer == nil {
		s.put = p
		answer = &goFrame{}
	}
	return []any{answer}, nil
}

func (s *session) judge(p *pending, now time.Time) (answer any, err error) {
	err = s.c.db.View(func(tx *store.Tx) (err error) {
		_, answer, err = s.check(tx, p, now)
		return err
	})
	return answer, err
}

// check returns the shelf for a parcel, or the answer if none is needed: the
// receipt of one that lies there, the note of one that was deleted, or a signed
// refusal. Order of the checks: spec section 5.
func (s *session) check(tx *store.Tx, p *pending, now time.Time) (*shelf, any, error) {
	sh, err := admit(tx, s.open.Box, p.slot, now)
	if err != nil {
		return nil, nil, err
	}
	if !sh.row.Class.fits(p.size) {
		return nil, nil, errRefuse
	}
	var held heldRow
	known, err := load(tx, key(subHeld, sh.box, p.parcel), &held)
	if err != nil {
		return nil, nil, err
	}
	if known && held.Until > seconds(now) {
		answer, err := s.known(tx, p.parcel, held)
		return nil, answer, err
	}
	if reason := sh.room(p.size, now); reason != 0 {
		answer, err := s.refusal(tx, sh, p, reason, now)
		return nil, answer, err
	}
	return sh, nil, nil
}

// known answers for a parcel that was here before.
func (s *session) known(tx *store.Tx, id ParcelID, held heldRow) (any, error) {
	if held.Seq == 0 {
		f := &goneFrame{}
		copy(f.Sig[:], held.Note)
		return f, nil
	}
	var row parcelRow
	if ok, err := load(tx, key(subParcel, s.open.Box, held.Seq), &row); err != nil || !ok {
		return nil, missing(err, "parcel")
	}
	return s.receipt(row), nil
}

func (s *session) receipt(row parcelRow) *receiptFrame {
	body := receiptBody{Box: s.open.Box, Parcel: row.Parcel, Size: row.Size, Deposited: row.Deposited, Expires: row.Expires}
	return &receiptFrame{Size: row.Size, Deposited: row.Deposited, Expires: row.Expires,
		Sig: sign(s.key, label.MailboxReceipt, body)}
}

func (s *session) refusal(tx *store.Tx, sh *shelf, p *pending, reason Reason, now time.Time) (any, error) {
	var freeAt uint64
	if reason == SlotFull || reason == BoxFull {
		var err error
		if freeAt, err = sh.freeAt(tx, reason, p.size, now); err != nil {
			return nil, err
		}
	}
	body := quotaBody{Box: sh.box, Parcel: p.parcel, Reason: reason, Issued: seconds(now), FreeAt: freeAt}
	return &quotaFrame{Reason: reason, Issued: body.Issued, FreeAt: freeAt, Sig: sign(s.key, label.MailboxQuota, body)}, nil
}

// bytes takes the next bytes of the deposit that was let in; after the last the
// parcel is committed, and only then acknowledged.
func (s *session) bytes(f *bytesFrame, now time.Time) ([]any, error) {
	p := s.put
	if len(f.Data) == 0 || uint64(len(p.data)+len(f.Data)) > p.size {
		return nil, errRefuse
	}
	p.data = append(p.data, f.Data...)
	if uint64(len(p.data)) < p.size {
		return nil, nil
	}
	s.put = nil
	parcel := ParcelOf(p.data)
	if parcel.ID != p.parcel {
		return nil, errRefuse
	}
	var answer any
	err := s.c.db.Update(func(tx *store.Tx) (err error) {
		answer, err = s.commit(tx, p, parcel, now)
		return err
	})
	if planted.Is(planted.ReceiptFirst) && err != nil {
		answer, err = s.receipt(parcelRow{Parcel: p.parcel, Size: p.size, Deposited: seconds(now), Expires: seconds(now) + uint64(DefaultTTL/time.Second)}), nil
	}
	if err != nil {
		return nil, err
	}
	return []any{answer}, nil
}

// commit checks again, since others wrote meanwhile, and keeps the parcel.
func (s *session) commit(tx *store.Tx, p *pending, parcel Parcel, now time.Time) (any, error) {
	if err := clearExpired(tx, s.open.Box, parcel.ID, now); err != nil {
		return nil, err
	}
	sh, answer, err := s.check(tx, p, now)
	if err != nil || answer != nil {
		return answer, err
	}
	row, err := sh.put(tx, parcel, now)
	if err != nil {
		return nil, err
	}
	return s.receipt(row), nil
}

// clearExpired removes what is recorded of a parcel and is over, so that the
// same parcel can be laid down anew.
func clearExpired(tx *store.Tx, box BoxID, id ParcelID, now time.Time) error {
	var held heldRow
	known, err := load(tx, key(subHeld, box, id), &held)
	if err != nil || !known || held.Until > seconds(now) {
		return err
	}
	if held.Seq != 0 {
		_, err = take(tx, box, id, now)
		return err
	}
	b, _, known, err := boxOf(tx, box)
	if err != nil || !known {
		return missing(err, "box")
	}
	b.Tombstones--
	return firstError(tx.Delete(key(subHeld, box, id)), save(tx, key(subBox, box), &b))
}
