package mailbox

import (
	"time"

	"causeway/seal"
)

// Limits of the mailbox (docs/spec/07-mailbox.md, section 9).
const (
	// DefaultBytes, DefaultParcels and DefaultTTL are the terms of a grant that
	// names none.
	DefaultBytes   = 64 << 20
	DefaultParcels = 10_000
	DefaultTTL     = 30 * day
	// MinTTL and MaxTTL bound how long a parcel is kept.
	MinTTL = time.Hour
	MaxTTL = 90 * day
	// MinGrantBytes is what a grant should allow at least: with less, one sender's
	// share would hold no parcel.
	MinGrantBytes = share * 4 << 10
	// MaxGrantBytes and MaxGrantParcels bound the terms of a grant.
	MaxGrantBytes   = 1 << 40
	MaxGrantParcels = 100_000
	// WithdrawNotice is how long parcels stay after their grant is withdrawn.
	WithdrawNotice = 72 * time.Hour
	// TombstoneTTL is how long a custodian remembers a deletion: as long as a
	// weekly slot is open in all.
	TombstoneTTL = week + 2*slotSlack
	// RegisterWeeks is how many weeks ahead an owner registers slots at least.
	RegisterWeeks = 13
	// MaxRequest bounds a first-contact parcel in bytes, MaxRequests how many
	// of them wait in one box, RequestTTL how long.
	MaxRequest  = 16 << 10
	MaxRequests = 64
	RequestTTL  = 7 * day
	// MaxOffer bounds the sealed offer of a stand-in in bytes, MaxStandIns the
	// stand-ins of one box, MaxStandInTTL how far ahead one expires.
	MaxOffer      = 16 << 10
	MaxStandIns   = 64
	MaxStandInTTL = 90 * day
	// MaxStandInTags bounds the daily tags of one stand-in.
	MaxStandInTags = 128
	// MaxPieces bounds the parcels that one plain text is cut into.
	MaxPieces = 64
	// MaxParcel is the largest bucket, in bytes.
	MaxParcel = 1 << 20

	day  = 24 * time.Hour
	week = 7 * day

	// share: one slot holds at most 1/share of what the grant allows.
	share = 20
	// slotSlack: a slot is good this long before and after its week.
	slotSlack = day

	maxWeeksAhead  = 26
	maxSlots       = 16_384 // of one box
	maxSlotsFrame  = 4_096
	maxBoxes       = 1_024            // of one grant, of any class
	maxTombstones  = 20_000           // of one box
	maxPage        = 1_000            // rows of a list, deletions of a frame
	maxSessions    = 64               // streams served at once
	maxFetch       = 256              // parcels of one FETCH, MaxParcel bytes in all
	maxSteps       = 128              // frames of a peer that is no owner, but for bytes
	maxGreeting    = 512              // bytes of a frame of such a peer, but for bytes
	frameOverhead  = 16               // what a frame adds to its bytes
	chunk          = 64 << 10         // bytes of a parcel in one frame
	frameTimeout   = 15 * time.Second // for one frame
	greetTimeout   = 20 * time.Second // for all until a peer has shown a right
	clockJump      = 7 * day          // a clock that went on so far at once is doubted
	clockDoubt     = day              // for so long
	sweepBatch     = 256
	parcelOverhead = seal.BoxOverhead
	pieceHeader    = 20 // set, index, count
)

// Buckets are the sizes that a sealed parcel may have, in bytes.
var Buckets = [...]int{4 << 10, 16 << 10, 64 << 10, 256 << 10, MaxParcel}
