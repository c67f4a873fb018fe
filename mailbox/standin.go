package mailbox

import (
	"crypto/sha256"
	"time"

	"causeway/store"
)

// DayTag is a tag to publish on one day (see dht.Day).
type DayTag struct {
	_   struct{} `cbor:",toarray"`
	Day uint64
	Tag [32]byte
}

// addStandIn keeps an offer for the holders of one invite, and the slot for
// their requests. An offer for the same ask is replaced.
func addStandIn(tx *store.Tx, box BoxID, f *standInFrame, now time.Time) error {
	b, g, known, err := boxOf(tx, box)
	if err != nil || !known {
		return missing(err, "box")
	}
	t := seconds(now)
	switch {
	case b.Class != First, g.ended(now), f.Requests == 0, f.Requests > MaxRequests,
		f.Expires <= t, f.Expires > t+uint64(MaxStandInTTL/time.Second):
		return errDeny
	}
	var old standInRow
	replaced, err := load(tx, askKey(f.Ask), &old)
	if err != nil {
		return err
	}
	if replaced && (old.Box != box || old.Ask != f.Ask || old.Slot != f.Slot) {
		return errDeny
	}
	if !replaced {
		if b.StandIns >= MaxStandIns {
			return errDeny
		}
		b.StandIns++
	}
	slot := slotRow{Hash: f.Slot, Until: f.Expires, MaxParcels: f.Requests}
	if err := b.addSlot(tx, box, slot); err != nil {
		return err
	}
	row := standInRow{Ask: f.Ask, Box: box, Slot: f.Slot, Expires: f.Expires, Offer: f.Offer, Tags: f.Tags}
	return firstError(
		save(tx, askKey(f.Ask), &row),
		setDue(tx, f.Expires, dueStandIn, f.Ask[:8]),
		save(tx, key(subBox, box), &b),
	)
}

// findStandIn finds the stand-in of somebody who shows ask. errRefuse, the same
// for every cause.
func findStandIn(tx *store.Tx, ask [32]byte, now time.Time) (*standInRow, error) {
	hash := sha256.Sum256(ask[:])
	var s standInRow
	known, err := load(tx, askKey(hash), &s)
	if err != nil {
		return nil, err
	}
	if !same(hash, s.Ask) || !known || s.Expires <= seconds(now) {
		return nil, errRefuse
	}
	return &s, nil
}

// removeStandIn forgets an offer and closes its slot. One that is not there is
// no error.
func removeStandIn(tx *store.Tx, box BoxID, ask [32]byte) error {
	var s standInRow
	known, err := load(tx, askKey(ask), &s)
	if err != nil || !known || s.Ask != ask || s.Box != box {
		return err
	}
	b, _, known, err := boxOf(tx, box)
	if err != nil || !known {
		return missing(err, "box")
	}
	b.StandIns--
	if err := firstError(tx.Delete(askKey(ask)), save(tx, key(subBox, box), &b)); err != nil {
		return err
	}
	return closeSlot(tx, box, s.Slot)
}

func endStandIn(tx *store.Tx, short []byte, now time.Time) error {
	var s standInRow
	known, err := load(tx, key(subStandIn, short), &s)
	if err != nil || !known || s.Expires > seconds(now) {
		return err
	}
	if err := removeStandIn(tx, s.Box, s.Ask); err != nil {
		return err
	}
	return dropIdle(tx, s.Box)
}
