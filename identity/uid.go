package identity

import (
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// A UID names a user for good: the SHA-256 digest of the user's card. It does
// not change with devices.
type UID [32]byte

// ErrUID is in the chain of every error about a text that is no UID.
var ErrUID = errors.New("not a user id")

const (
	uidChars    = 52 // 256 bits, five a character, four zero bits at the end
	uidCheck    = 2
	uidModulus  = 1021 // the largest prime that two characters can hold
	base32Chars = "abcdefghijklmnopqrstuvwxyz234567"
)

var base32Lower = base32.NewEncoding(base32Chars).WithPadding(base32.NoPadding)

// String returns the 54 characters of the UID: base32 in lower case, the last
// two for checking (docs/spec/04-people.md, section 1).
func (u UID) String() string {
	s := base32Lower.EncodeToString(u[:])
	return s + checkChars(s)
}

// ParseUID reads what String wrote, in either case and with space around it. An
// error wraps ErrUID and says whether a character was mistyped.
func ParseUID(s string) (UID, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) != uidChars+uidCheck {
		return UID{}, fmt.Errorf("%w: %d characters, want %d", ErrUID, len(s), uidChars+uidCheck)
	}
	body, check := s[:uidChars], s[uidChars:]
	b, err := base32Lower.DecodeString(body)
	if err != nil || base32Lower.EncodeToString(b) != body {
		return UID{}, fmt.Errorf("%w: it has characters that no id has", ErrUID)
	}
	if check != checkChars(body) {
		return UID{}, fmt.Errorf("%w: mistyped, the check characters do not match", ErrUID)
	}
	return UID(b), nil
}

// checkChars returns the two digits that make s and them, read as one number in
// base 32, leave 1 when divided by 1021. They find every single wrong character
// and every two exchanged ones.
func checkChars(s string) string {
	r := 0
	for i := range len(s) {
		r = (r*32 + strings.IndexByte(base32Chars, s[i])) % uidModulus
	}
	r = (1 + uidModulus - r*32*32%uidModulus) % uidModulus
	return string([]byte{base32Chars[r/32], base32Chars[r%32]})
}
