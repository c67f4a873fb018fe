package mailbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"causeway/internal/label"
	"causeway/seal"
)

// Entry is what an owner shows to get at a box.
type Entry struct {
	Key   *BoxKey
	Class Class
	// Grant or Voucher lets an unknown box be registered, and proves the
	// custodian too. Both nil if only Custodian is known.
	Grant   *Grant
	Voucher *Voucher
	// Custodian is the receipt key of this box here, zero on first use.
	Custodian ReceiptKey
}

// A Box is an owner's session with one custodian over one stream.
type Box struct {
	l   *Link
	key *BoxKey
	id  BoxID

	// Custodian and TagSecret are what the owner's contacts need to find the
	// custodian and to know it; both stay the same for the life of the box.
	Custodian ReceiptKey
	TagSecret [32]byte
	// Terms are the custodian's terms, Used what counts against them, Drops
	// when it drops everything; zero: it does not mean to.
	Terms       Terms
	UsedBytes   uint64
	UsedParcels uint64
	Drops       time.Time
}

// OpenBox proves the box key to the custodian and registers the box if it is
// new. The custodian proves that it made the grant or has the expected receipt
// key: else ErrImpostor. ErrRefused: the custodian knows neither the box
// nor the grant, or the box under another class. ctx bounds the session.
func OpenBox(ctx context.Context, l *Link, e Entry) (*Box, error) {
	var expect *ReceiptKey
	if e.Custodian != (ReceiptKey{}) {
		expect = &e.Custodian
	} else if e.voucher() == nil {
		return nil, fmt.Errorf("%w: neither a grant nor a receipt key", ErrImpostor)
	}
	o, err := l.greet(ctx, e.Key.ID(), expect)
	if err != nil {
		return nil, err
	}
	f, transcript := proveOwner(e, o)
	w, err := as[welcomeFrame](l.ask(f))
	if err != nil {
		return nil, err
	}
	if expect == nil && !same(w.Made, w.made(e.voucher().Key, transcript)) {
		return nil, ErrImpostor
	}
	return w.box(l, e.Key, o.Receipt)
}

// voucher is what e has to register the box with; nil: nothing.
func (e Entry) voucher() *Voucher {
	if e.Grant == nil {
		return e.Voucher
	}
	v := e.Grant.Voucher(e.Key.ID())
	return &v
}

// proveOwner signs the opening with the box key and proves the voucher without
// showing it.
func proveOwner(e Entry, o opening) (f *ownerFrame, transcript []byte) {
	f = &ownerFrame{Class: e.Class}
	v := e.voucher()
	if v != nil {
		f.Grant = v.Grant
	}
	body := ownerBody{Opening: o, Class: f.Class, Grant: f.Grant}
	transcript = mustEncode(body)
	if v != nil {
		f.Use = seal.Expand(v.Key, label.MailboxGrantUse, transcript)
	}
	f.Sig = sign(e.Key.key, label.MailboxOwner, body)
	return f, transcript
}

// made is the custodian's proof of the voucher, over all that it says.
func (w welcomeFrame) made(voucher [32]byte, transcript []byte) [32]byte {
	w.Made = [32]byte{}
	return seal.Expand(voucher, label.MailboxGrantMade, transcript, mustEncode(&w))
}

func (w *welcomeFrame) box(l *Link, key *BoxKey, custodian ReceiptKey) (*Box, error) {
	if w.TTL > uint64(MaxTTL/time.Second) || w.Until > maxSeconds || w.Drop > maxSeconds {
		return nil, fmt.Errorf("%w: terms", ErrProtocol)
	}
	return &Box{l: l, key: key, id: key.ID(), Custodian: custodian, TagSecret: w.TagSecret,
		Terms: Terms{MaxBytes: w.MaxBytes, MaxParcels: w.MaxParcels,
			TTL: time.Duration(w.TTL) * time.Second, Until: fromSeconds(w.Until)},
		UsedBytes: w.Bytes, UsedParcels: w.Parcels, Drops: fromSeconds(w.Drop)}, nil
}

// Close ends the session and its link; the box stays.
func (b *Box) Close() error { return b.l.Close() }

// do asks for a change and waits until it is durable.
func (b *Box) do(f any) error {
	_, err := as[okFrame](b.l.ask(f))
	return err
}

// SetSlots registers who may deposit in which week, RegisterWeeks ahead or more;
// hashes are made with Slot.Hash(b.Custodian). With replace every slot that is
// not listed is closed (a contact was blocked); a group box is only added to.
// ErrDenied: over maxSlots, or a week out of range.
func (b *Box) SetSlots(weeks map[uint64][]SlotHash, replace bool) error {
	f := &slotsFrame{Replace: replace}
	n := 0
	for _, w := range sortedSlots(weeks) {
		if n += len(w.Hashes); n > maxSlotsFrame {
			if err := b.do(f); err != nil {
				return err
			}
			f, n = &slotsFrame{}, len(w.Hashes)
		}
		f.Weeks = append(f.Weeks, w)
	}
	return b.do(f)
}

// sortedSlots puts slots in the order in which they travel, in parts of at most
// maxSlotsFrame.
func sortedSlots(weeks map[uint64][]SlotHash) (all []WeekSlots) {
	for _, w := range slices.Sorted(maps.Keys(weeks)) {
		hashes := slices.Clone(weeks[w])
		slices.SortFunc(hashes, func(a, b SlotHash) int { return bytes.Compare(a[:], b[:]) })
		for part := range slices.Chunk(slices.Compact(hashes), maxSlotsFrame) {
			all = append(all, WeekSlots{Week: w, Hashes: part})
		}
	}
	return all
}

// Delete signs parcels away: idempotent, also for parcels that never came here,
// which are then refused with the signature. ErrDenied for a group box.
func (b *Box) Delete(ids ...ParcelID) error {
	for part := range slices.Chunk(ids, maxPage) {
		f := &deleteFrame{}
		for _, id := range part {
			f.Items = append(f.Items, deleteItem{Parcel: id, Sig: b.key.Deletion(id)})
		}
		if err := b.do(f); err != nil {
			return err
		}
	}
	return nil
}

// A StandIn is what a custodian needs to stand in for an invite while its owner
// is away: nothing in it opens the offer or makes a request.
type StandIn struct {
	Ask      [32]byte // what joiners show; derived from the invite's secret
	Slot     Slot     // where their requests go: RequestSlot(deposit token)
	Requests int      // how many requests may wait, at most MaxRequests
	Offer    []byte   // sealed, at most MaxOffer bytes
	Tags     []DayTag // to publish, by day
	Expires  time.Time
}

// StandIn has the custodian stand in for an invite; only for a First box. Asked
// again with the same Ask and Slot it replaces the rest. ErrDenied: over a limit.
func (b *Box) StandIn(s StandIn) error {
	if len(s.Offer) > MaxOffer || len(s.Tags) > MaxStandInTags || s.Requests < 1 || s.Requests > MaxRequests {
		return fmt.Errorf("%w: stand-in", ErrTooLarge)
	}
	return b.do(&standInFrame{Ask: sha256.Sum256(s.Ask[:]), Slot: s.Slot.Hash(b.Custodian),
		Requests: uint64(s.Requests), Expires: seconds(s.Expires), Offer: s.Offer, Tags: s.Tags})
}

// RevokeStandIn ends a stand-in: no offer, no request any more. One that is not
// there is no error. Requests that wait stay until they expire.
func (b *Box) RevokeStandIn(ask [32]byte) error {
	return b.do(&revokeFrame{Ask: sha256.Sum256(ask[:])})
}

// Drop has the custodian forget the box and all that lies in it. ErrDenied for
// a group box. The session is over afterwards.
func (b *Box) Drop() error { return b.do(&closeFrame{}) }
