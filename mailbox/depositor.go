package mailbox

import (
	"context"
	"errors"
	"fmt"
)

// A Ticket is all that a sender needs at one custodian: whose box, how the
// custodian proves itself, and the slot.
type Ticket struct {
	Box       BoxID
	Custodian ReceiptKey
	Slot      Slot
}

// A Depositor lays parcels into one slot over one stream, which the caller opens
// from a host that has no other connection to this custodian.
type Depositor struct {
	l *Link
	t Ticket
}

// OpenSlot has the custodian prove itself: ErrImpostor if it cannot, and then
// nothing of the slot or the parcels has been said. ctx bounds the session.
func OpenSlot(ctx context.Context, l *Link, t Ticket) (*Depositor, error) {
	if _, err := l.greet(ctx, t.Box, &t.Custodian); err != nil {
		return nil, err
	}
	return &Depositor{l: l, t: t}, nil
}

// Deposit lays down one parcel and returns the custodian's receipt; the same
// receipt if the parcel lay there already. Errors: *Full and *Gone, both
// verified, after which the session goes on; ErrRefused (no such slot, or not
// now), ErrSignature, ErrProtocol and failures of the link, after which it is
// over. A deposit whose answer was lost may be repeated.
func (d *Depositor) Deposit(p Parcel) (Receipt, error) {
	f, err := d.l.ask(&depositFrame{Slot: d.t.Slot.ID(d.t.Custodian), Parcel: p.ID, Size: uint64(len(p.Sealed))})
	if err != nil {
		return Receipt{}, err
	}
	if _, ok := f.(*goFrame); ok {
		for data := p.Sealed; len(data) > 0; {
			n := min(chunk, len(data))
			if err := d.l.write(&bytesFrame{Data: data[:n]}); err != nil {
				return Receipt{}, err
			}
			data = data[n:]
		}
		if f, err = d.l.answer(); err != nil {
			return Receipt{}, err
		}
	}
	return d.fact(p.ID, len(p.Sealed), f)
}

// Ask finds out what became of a parcel that was laid down in this slot before,
// by offering it again without its bytes: nil, it lies there; *Gone, the owner
// has deleted it, both verified, after which the session goes on. After
// ErrForgotten (the custodian would take it anew: it has expired, or was lost)
// and any error of Deposit but *Full and *Gone the session is over.
func (d *Depositor) Ask(id ParcelID, size int) error {
	f, err := d.l.ask(&depositFrame{Slot: d.t.Slot.ID(d.t.Custodian), Parcel: id, Size: uint64(size)})
	if err != nil {
		return err
	}
	if _, ok := f.(*goFrame); ok {
		return errors.Join(ErrForgotten, d.Close())
	}
	_, err = d.fact(id, size, f)
	return err
}

// fact verifies the signed fact that ends a deposit.
func (d *Depositor) fact(id ParcelID, size int, f any) (Receipt, error) {
	switch f := f.(type) {
	case *receiptFrame:
		r := Receipt{Box: d.t.Box, Parcel: id, Size: f.Size,
			Deposited: fromSeconds(f.Deposited), Expires: fromSeconds(f.Expires), Sig: f.Sig}
		if r.Size != uint64(size) {
			return Receipt{}, fmt.Errorf("%w: receipt for %d bytes", ErrProtocol, r.Size)
		}
		if err := VerifyReceipt(d.t.Custodian, r); err != nil {
			return Receipt{}, err
		}
		return r, nil
	case *quotaFrame:
		q := &Full{Box: d.t.Box, Parcel: id, Reason: f.Reason,
			Issued: fromSeconds(f.Issued), FreeAt: fromSeconds(f.FreeAt), Sig: f.Sig}
		if err := VerifyFull(d.t.Custodian, q); err != nil {
			return Receipt{}, err
		}
		return Receipt{}, q
	case *goneFrame:
		g := &Gone{Box: d.t.Box, Parcel: id, Sig: f.Sig}
		if err := VerifyGone(g); err != nil {
			return Receipt{}, err
		}
		return Receipt{}, g
	}
	return Receipt{}, fmt.Errorf("%w: %T after a deposit", ErrProtocol, f)
}

// Close ends the session and its link.
func (d *Depositor) Close() error { return d.l.Close() }

// Deposit lays down one parcel in a session of its own and closes the link. See
// Depositor.Deposit.
func Deposit(ctx context.Context, l *Link, t Ticket, p Parcel) (Receipt, error) {
	defer l.Close()
	d, err := OpenSlot(ctx, l, t)
	if err != nil {
		return Receipt{}, err
	}
	return d.Deposit(p)
}

// Offer is what a stand-in gives to the holder of an invite. Sealed is opaque
// here; it should name box and receipt key as well, and then those count.
type Offer struct {
	Box       BoxID
	Custodian ReceiptKey
	Sealed    []byte
}

// FetchOffer asks for the offer of an invite; ask is derived from the invite's
// secret, and only its SHA-256 digest is known to the custodian. ErrRefused: no
// such invite here, spent, revoked or expired. The link stays good for Deposit
// with a Ticket of RequestSlot.
func FetchOffer(ctx context.Context, l *Link, ask [32]byte) (Offer, error) {
	l.bind(ctx)
	f, err := as[offerFrame](l.ask(&inviteFrame{Version: version, Ask: ask}))
	if err != nil {
		return Offer{}, err
	}
	if len(f.Offer) > MaxOffer {
		return Offer{}, fmt.Errorf("%w: offer of %d bytes", ErrProtocol, len(f.Offer))
	}
	return Offer{Box: f.Box, Custodian: f.Receipt, Sealed: f.Offer}, nil
}
