package seal

// Limits of what is sealed (docs/spec/03-keys.md, section 9).
const (
	// MaxBody bounds a sealed body, in bytes.
	MaxBody = 128 << 10
	// MaxPlain bounds the plain text of a body without slots, in bytes: the
	// largest that is still padded to within MaxBody.
	MaxPlain = 63<<11 - 1
	// MaxSlots bounds the slots of one entry.
	MaxSlots = 64
	// MaxContent bounds what one slot holds, in bytes.
	MaxContent = 256
	// MaxBox bounds what SealTo and SealBytes write, in bytes.
	MaxBox = 4 << 20
	// BoxOverhead is what SealBytes adds to the plain text, in bytes.
	BoxOverhead = saltSize + commitSize + aeadSize
	// BoxToOverhead is what SealTo adds to the plain text, in bytes.
	BoxToOverhead = encSize + commitSize + aeadSize
	// MaxSkip bounds how far a chain jumps at once, and the keys kept on the way.
	MaxSkip = 1000
	// MaxIndex bounds the index in a chain.
	MaxIndex = 1 << 53
	// minPadded is the least size of a padded plain text, in bytes.
	minPadded = 256
	// KEMSize is the length of an X-Wing public key, in bytes.
	KEMSize = 1216

	saltSize   = 16
	commitSize = 32
	tagSize    = 8
	aeadSize   = 16
	encSize    = 1120 // X-Wing ciphertext
)
