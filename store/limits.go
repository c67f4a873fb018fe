package store

import "time"

// Limits of the store (docs/spec/08-store.md, section 7).
const (
	// MaxKey is the greatest length of a key in bytes, its Space included.
	MaxKey = 1 << 10
	// MaxValue is the greatest length of a value in bytes.
	MaxValue = 4 << 20
	// MaxTx is the greatest size in bytes of all that one Update writes.
	MaxTx = 64 << 20

	// maxPassphrase is the greatest length of a passphrase in bytes.
	maxPassphrase = 4 << 10
	// maxSlots is the greatest number of key slots in a keys file.
	maxSlots = 8
	// What a slot may ask of Argon2id: a damaged or planted file must not
	// make opening take all memory, or for ever.
	maxKDFTime   = 64
	maxKDFMemory = 1 << 20 // KiB: 1 GiB
	maxKDFLanes  = 64

	// maxSmallFile bounds what is read into memory whole: the keys file, a key
	// file, the inventory (some 30 bytes for each 2 MiB of the store).
	maxSmallFile = 16 << 20

	// stumblePause is how long a reader of damaged bytes waits after the first.
	stumblePause = 50 * time.Millisecond

	// maxPending is the greatest number of transactions between apply and sync.
	maxPending = 4096
)

// Sizes of the engine's parts: a desktop program that is idle must be small.
const (
	cacheBytes    = 48 << 20 // what memtables take (twice theirs) is taken from it
	memTableBytes = 16 << 20 // of 4 MiB a catch-up is compacted twice as often
	maxOpenFiles  = 200
)
