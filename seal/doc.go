// Package seal hides bodies from all but the members of an epoch: epoch keys,
// sealed entries, slots, links to earlier epochs and boxes for one reader. It
// does no input or output and knows no logs, files, sockets or clocks; ids are
// opaque 32-byte values to it. See docs/spec/03-keys.md.
package seal

import "errors"

// Errors that callers decide by. None of them says more: what failed to open
// is absent to its reader, and nobody's fault (rule K6).
var (
	// ErrFormat: bytes that no sealer writes.
	ErrFormat = errors.New("seal: malformed")
	// ErrOpen: well-formed, but not sealed under this key for this place.
	ErrOpen = errors.New("seal: does not open")
	// ErrNoSlot: no slot is addressed to this key.
	ErrNoSlot = errors.New("seal: no slot for this key")
	// ErrSlot: a slot is addressed to this key and does not open.
	ErrSlot = errors.New("seal: bad slot")
	// ErrNoKey: the secret asked for is not known here, so nothing can be
	// sealed under it.
	ErrNoKey = errors.New("seal: secret not known")
	// ErrRecipient: a public key that nothing can be sealed to, or one twice.
	ErrRecipient = errors.New("seal: unusable recipient")
	// ErrTooLarge: over the limits of limits.go.
	ErrTooLarge = errors.New("seal: too large")
	// ErrHistory: the part of a link that leads to earlier messages is bad.
	ErrHistory = errors.New("seal: bad history link")
	// ErrConflict: two different secrets where there can be only one.
	ErrConflict = errors.New("seal: secrets of one epoch differ")
	// ErrSpent: a chain key that was used and erased, or too old to be kept.
	ErrSpent = errors.New("seal: chain key is gone")
	// ErrSkip: a chain index too far ahead.
	ErrSkip = errors.New("seal: chain index too far ahead")
)
