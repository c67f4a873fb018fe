package mailbox

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"causeway/internal/label"
	"causeway/seal"
)

// BoxID names a box: the Ed25519 public key of its owner.
type BoxID [32]byte

// ReceiptKey is the Ed25519 public key under which one custodian signs for one
// box. It is how the owner's contacts know the custodian.
type ReceiptKey [32]byte

// ParcelID is the SHA-256 digest of a sealed parcel.
type ParcelID [32]byte

// SlotHash is the SHA-256 digest of a SlotID: what a custodian keeps of it.
type SlotHash [32]byte

// SlotID is the right to deposit in one slot at one custodian. It is secret
// until it is shown to that custodian.
type SlotID [32]byte

// Hash is what the owner registers.
func (s SlotID) Hash() SlotHash { return sha256.Sum256(s[:]) }

// String is the id in hexadecimal.
func (b BoxID) String() string { return hex.EncodeToString(b[:]) }

// String is the id in hexadecimal.
func (p ParcelID) String() string { return hex.EncodeToString(p[:]) }

// hidden makes a type that holds it print as "redacted" and not compare.
type hidden struct{ _ [0]func() }

// Format prints "redacted" under every verb.
func (hidden) Format(w fmt.State, _ rune) { io.WriteString(w, "redacted") }

// MarshalText gives "redacted" to every encoder.
func (hidden) MarshalText() ([]byte, error) { return []byte("redacted"), nil }

// BoxKey is the private key of a box: who has it may collect and delete.
type BoxKey struct {
	hidden
	key ed25519.PrivateKey
}

// NewBoxKey makes a random box key, for a user's personal or first-contact box.
// One key serves at all custodians of the user, so that a parcel has the same id
// at each of them.
func NewBoxKey() *BoxKey {
	var seed [32]byte
	rand.Read(seed[:])
	return BoxKeyFromSeed(seed)
}

// BoxKeyFromSeed returns the box key of a 32-byte seed.
func BoxKeyFromSeed(seed [32]byte) *BoxKey {
	return &BoxKey{key: ed25519.NewKeyFromSeed(seed[:])}
}

// GroupBoxKey returns the box key that all members of an epoch share, from the
// epoch's mailbox secret (spec section 1).
func GroupBoxKey(kmbx [32]byte) *BoxKey {
	return BoxKeyFromSeed(seal.Expand(kmbx, label.MailboxGroupBox))
}

// ID returns the name of the box.
func (k *BoxKey) ID() BoxID { return BoxID(k.key.Public().(ed25519.PublicKey)) }

// Seed returns the 32 bytes that the key is made from: the secret itself.
func (k *BoxKey) Seed() [32]byte { return [32]byte(k.key.Seed()) }

// GroupDepositSecret returns the deposit secret of one writer in the group box
// of an epoch. A writer is any 32 bytes that the members agree on: a log key, or
// zero for what anyone may park (the bridge parcel). Every member can compute
// it for every other, so shares keep members honest and no more.
func GroupDepositSecret(kmbx, writer [32]byte) [32]byte {
	return seal.Expand(kmbx, label.MailboxGroupDeposit, writer[:])
}

// WeekOf numbers the week of a time: 0 began on Thursday, 1 January 1970, UTC.
func WeekOf(t time.Time) uint64 { return uint64(max(0, t.Unix())) / uint64(week/time.Second) }

// weekStart is when a week begins.
func weekStart(w uint64) time.Time { return time.Unix(int64(w)*int64(week/time.Second), 0) }

// A Slot is the right to deposit in one box during one week, and the key of the
// parcels that lie there.
type Slot struct {
	hidden
	secret [32]byte
}

// SlotOf returns the slot of a week from the deposit secret of one contact.
func SlotOf(deposit [32]byte, box BoxID, week uint64) Slot {
	var w [8]byte
	binary.BigEndian.PutUint64(w[:], week)
	return Slot{secret: seal.Expand(deposit, label.MailboxSlot, box[:], w[:])}
}

// RequestSlot returns the slot in which the holder of an invite's deposit token
// may leave a request. It has no week: it ends with the stand-in.
func RequestSlot(token [32]byte) Slot { return Slot{secret: token} }

// ID returns what to show to the custodian that has this receipt key; shown to
// another one it opens nothing.
func (s Slot) ID(custodian ReceiptKey) SlotID {
	return SlotID(seal.Expand(s.secret, label.MailboxSlotID, custodian[:]))
}

// Hash returns what the owner registers at that custodian, and how the owner
// finds out whose slot a parcel lay in.
func (s Slot) Hash(custodian ReceiptKey) SlotHash { return s.ID(custodian).Hash() }
