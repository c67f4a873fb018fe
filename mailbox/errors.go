package mailbox

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers decide by.
var (
	// ErrRefused: the custodian said no and gave no reason, as it does to every
	// stranger: unknown box, slot, grant or invite, or a bad proof.
	ErrRefused = errors.New("mailbox: refused")
	// ErrImpostor: the peer did not prove to be the custodian that was meant. It
	// was told the box's id and a random number, and no more.
	ErrImpostor = errors.New("mailbox: not the custodian that was meant")
	// ErrProtocol: the peer sent what no custodian sends.
	ErrProtocol = errors.New("mailbox: protocol violation")
	// ErrDenied: the custodian knows the owner and will not do this: over a
	// limit, the wrong class of box, or the grant is ending.
	ErrDenied = errors.New("mailbox: denied")
	// ErrParcel: bytes that are no parcel of this slot, or pieces that do not
	// make a whole.
	ErrParcel = errors.New("mailbox: bad parcel")
	// ErrTooLarge: over the limits of limits.go.
	ErrTooLarge = errors.New("mailbox: too large")
	// ErrSignature: a receipt, refusal or deletion that its key did not sign.
	ErrSignature = errors.New("mailbox: bad signature")
	// ErrForgotten: the custodian knows nothing of this parcel (any more).
	ErrForgotten = errors.New("mailbox: no such parcel there")
	// ErrNoGrant: no grant for this owner here.
	ErrNoGrant = errors.New("mailbox: no grant")
)

// A Reason says which limit a deposit ran into.
type Reason uint8

// The reasons of a signed refusal.
const (
	SlotFull   Reason = iota + 1 // this sender's share of the box is used up
	BoxFull                      // the owner's whole allowance is used up
	Ending                       // the custodian takes nothing more for this owner
	OverShare                    // the parcel is larger than a share: send smaller pieces
	endReasons                   // not a reason
)

var reasons = [...]string{SlotFull: "your share of the box is full", BoxFull: "the box is full",
	Ending: "the custodian is stopping", OverShare: "larger than your share of the box"}

// String says the reason in words.
func (r Reason) String() string {
	if r == 0 || r >= endReasons {
		return fmt.Sprintf("reason %d", uint8(r))
	}
	return reasons[r]
}

// Full is the custodian's signed refusal of a deposit (QUOTA). Nothing of the
// parcel was read or kept.
type Full struct {
	Box    BoxID
	Parcel ParcelID
	Reason Reason
	Issued time.Time
	FreeAt time.Time // when room comes free at the latest; zero: not by waiting
	Sig    [64]byte
}

// Error says the reason and when room comes free.
func (f *Full) Error() string {
	if f.FreeAt.IsZero() {
		return "mailbox: " + f.Reason.String()
	}
	return fmt.Sprintf("mailbox: %s until %s", f.Reason, f.FreeAt.UTC().Format(time.RFC3339))
}

// Gone says that the owner of the box deleted this parcel: the owner's own
// signature, so a sender may show it as handed over.
type Gone struct {
	Box    BoxID
	Parcel ParcelID
	Sig    [64]byte
}

// Error says what happened.
func (g *Gone) Error() string { return "mailbox: the owner took this parcel already" }
