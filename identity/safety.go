package identity

import (
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"causeway/internal/label"
)

// safetyRounds makes every try of a forger cost as many hashes.
const safetyRounds = 5200

// SafetyID returns the 30 digits of one user. They depend on the root alone,
// through the UID, and so do not change with devices.
func (u UID) SafetyID() string {
	h := sha512.Sum512(append([]byte(label.SafetyNumber), u[:]...))
	for range safetyRounds - 1 {
		h = sha512.Sum512(append(h[:], u[:]...))
	}
	digits := make([]byte, 0, 30)
	for i := range 6 {
		var n [8]byte
		copy(n[3:], h[i*5:])
		digits = fmt.Appendf(digits, "%05d", binary.BigEndian.Uint64(n[:])%100000)
	}
	return string(digits)
}

// SafetyNumber returns the 60 digits that two users read to each other: the
// SafetyIDs of both, the smaller first, so that both see the same.
func SafetyNumber(a, b UID) string {
	x, y := a.SafetyID(), b.SafetyID()
	if y < x {
		x, y = y, x
	}
	return x + y
}
