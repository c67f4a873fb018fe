package store

// Limits of the store (docs/spec/08-store.md, section 6).
const (
	// MaxKey is the greatest length of a key in bytes, its Space included.
	MaxKey = 1 << 10
	// MaxValue is the greatest length of a value in bytes.
	MaxValue = 4 << 20
	// MaxTx is the greatest size in bytes of all that one Update writes.
	MaxTx = 64 << 20
)
