package mailbox

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"causeway/internal/planted"
	"causeway/internal/wire"
	"causeway/store"
)

// The sub-spaces of store.SpaceMailbox, and what follows in the key.
const (
	subSecret  byte = iota // nothing: the custodian's own secret
	subGrant               // owner
	subToken               // grant id: the owner
	subBox                 // box
	subSlot                // box, first 8 bytes of the slot hash
	subParcel              // box, sequence number
	subHeld                // box, parcel: where it is, or a tombstone
	subBytes               // box, parcel: the sealed bytes
	subStandIn             // first 8 bytes of the ask hash
	subDue                 // time, kind, rest of the key of what ends then
	subClock               // nothing: what the clock said last
)

func key(sub byte, parts ...any) []byte {
	return store.Key(store.SpaceMailbox, append([]any{sub}, parts...)...)
}

// Records are addressed by eight bytes of a digest and compared in full and in
// constant time, so that the time of a look-up tells nothing of the rest.
func slotKey(box BoxID, h SlotHash) []byte { return key(subSlot, box, h[:8]) }

func askKey(h [32]byte) []byte { return key(subStandIn, h[:8]) }

func same(a, b [32]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

// usage counts parcels that lie somewhere and their bytes.
type usage struct {
	_              struct{} `cbor:",toarray"`
	Parcels, Bytes uint64
}

func (u *usage) add(size uint64) { u.Parcels++; u.Bytes += size }

func (u *usage) sub(size uint64) { u.Parcels--; u.Bytes -= size }

// room reports whether one more parcel fits under both limits.
func (u usage) room(size, parcels, bytes uint64) bool {
	if planted.Is(planted.OneTooMany) {
		parcels++
	}
	return u.Parcels < parcels && u.Bytes+size <= bytes
}

type grantRow struct {
	_          struct{} `cbor:",toarray"`
	Token      [32]byte
	MaxBytes   uint64
	MaxParcels uint64
	TTL        uint64 // seconds
	Until      uint64 // no deposits from then; 0: no end
	Drop       uint64 // everything goes then; 0: not ending
	Used       usage  // of its personal and group boxes
	Boxes      uint64
}

type boxRow struct {
	_          struct{} `cbor:",toarray"`
	Owner      [32]byte
	Class      Class
	Next       uint64 // sequence number of the next parcel
	Used       usage
	Slots      uint64
	StandIns   uint64
	Tombstones uint64
}

type slotRow struct {
	_           struct{} `cbor:",toarray"`
	Hash        SlotHash
	From, Until uint64
	MaxParcels  uint64 // 0: a share of the grant
	Closed      bool   // withdrawn by the owner
	Used        usage
}

// open reports whether the slot takes deposits.
func (s *slotRow) open(now time.Time) bool {
	t := seconds(now)
	return !s.Closed && s.From <= t && t < s.Until
}

// over reports whether the slot will never take deposits again.
func (s *slotRow) over(now time.Time) bool { return s.Closed || s.Until <= seconds(now) }

type parcelRow struct {
	_         struct{} `cbor:",toarray"`
	Parcel    ParcelID
	Size      uint64
	Slot      SlotHash
	Deposited uint64
	Expires   uint64
}

// heldRow says of a parcel id where its row is, or that the owner deleted it.
type heldRow struct {
	_     struct{} `cbor:",toarray"`
	Seq   uint64   // 0: a tombstone
	Until uint64   // when the parcel or the tombstone goes
	Note  []byte   // of a tombstone: the owner's signature
}

type standInRow struct {
	_       struct{} `cbor:",toarray"`
	Ask     [32]byte // SHA-256 of what a joiner shows
	Box     BoxID
	Slot    SlotHash
	Expires uint64
	Offer   []byte
	Tags    []DayTag
}

// The kinds of what ends at some time.
const (
	dueHeld    byte = iota + 1 // box, parcel
	dueSlot                    // box, first 8 bytes of the slot hash
	dueStandIn                 // first 8 bytes of the ask hash
	dueGrant                   // owner
)

// setDue has Sweep look at a record at a time. Entries that have become stale do
// no harm: the record itself decides.
func setDue(tx *store.Tx, at uint64, kind byte, parts ...any) error {
	return tx.Set(key(subDue, append([]any{at, kind}, parts...)...), nil)
}

// load reads a record into v and says whether there is one.
func load(tx *store.Tx, k []byte, v any) (bool, error) {
	b, err := tx.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := wire.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("mailbox: record %x: %w", k[:2], err)
	}
	return true, nil
}

func save(tx *store.Tx, k []byte, v any) error {
	b, err := wire.Marshal(v)
	if err != nil {
		return fmt.Errorf("mailbox: record %x: %w", k[:2], err)
	}
	return tx.Set(k, b)
}
