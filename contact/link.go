package contact

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode"

	"causeway/identity"
	"causeway/internal/label"
)

// A link is "causeway:", 78 characters of base 58, and the hints, each of which
// begins with "/", separated by commas. The characters hold 57 bytes:
// version ‖ uid ‖ secret ‖ expiry ‖ check (docs/spec/04-people.md, section 5).
const (
	linkScheme  = "causeway:"
	linkDigits  = 78
	linkChars   = len(linkScheme) + linkDigits
	linkVersion = 1
	linkCheck   = 4
	linkBytes   = 1 + 32 + 16 + 4 + linkCheck
	maxExpiry   = 1<<32 - 1 // seconds since 1970: in 2106
	base58      = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
)

// Link returns the text of the invite: its secret, for the one invited.
func (inv Invite) Link() string {
	b := append(make([]byte, 0, linkBytes), linkVersion)
	b = append(append(b, inv.UID[:]...), inv.secret[:]...)
	var expiry uint32
	if !inv.Expires.IsZero() {
		expiry = uint32(inv.Expires.Unix())
	}
	b = binary.BigEndian.AppendUint32(b, expiry)
	hints := strings.Join(inv.Hints, ",")
	return linkScheme + encode58(append(b, linkSum(b, hints)...)) + hints
}

// linkSum returns the check bytes; they cover the hints, so that a link cut
// anywhere is told from one that was used.
func linkSum(b []byte, hints string) []byte {
	h := sha256.New()
	h.Write(append([]byte(label.InviteCheck), 0))
	h.Write(b)
	h.Write([]byte(hints))
	return h.Sum(nil)[:linkCheck]
}

// ParseInvite reads a link as people pass it on: with space around it or line
// breaks inside, quotes or angle brackets around it, and the scheme in either
// case. Every error wraps ErrMalformed and says what is wrong. It does not look
// at the time: see Valid.
func ParseInvite(s string) (Invite, error) {
	text, err := linkText(s)
	if err != nil {
		return Invite{}, err
	}
	digits, hints := text[:linkDigits], text[linkDigits:]
	b, err := decode58(digits)
	if err != nil {
		return Invite{}, err
	}
	if string(linkSum(b[:linkBytes-linkCheck], hints)) != string(b[linkBytes-linkCheck:]) {
		return Invite{}, fmt.Errorf("%w: %s", ErrMalformed, mistake(digits))
	}
	if b[0] != linkVersion {
		return Invite{}, fmt.Errorf("%w: it has version %d; this program knows %d", ErrMalformed, b[0], linkVersion)
	}
	inv := Invite{UID: identity.UID(b[1:33]), secret: [16]byte(b[33:49])}
	if expiry := binary.BigEndian.Uint32(b[49:53]); expiry != 0 {
		inv.Expires = time.Unix(int64(expiry), 0).UTC()
	}
	if hints != "" {
		inv.Hints = strings.Split(hints, ",")
	}
	if err := checkHints(inv.Hints); err != nil {
		return Invite{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return inv, nil
}

// linkText takes off what people and programs put around and into a link, and
// its scheme; what is left has at least its digits.
func linkText(s string) (string, error) {
	if len(s) > 2*MaxLink {
		return "", fmt.Errorf("%w: %d characters", ErrMalformed, len(s))
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("\"'<>`\u200b\u2060\ufeff", r) {
			return -1
		}
		return r
	}, s)
	if len(s) > MaxLink || len(s) < len(linkScheme) || !strings.EqualFold(s[:len(linkScheme)], linkScheme) {
		return "", fmt.Errorf("%w: an invite begins with %q", ErrMalformed, linkScheme)
	}
	if len(s) < linkChars {
		return "", fmt.Errorf("%w: it is cut short by %d characters", ErrMalformed, linkChars-len(s))
	}
	return s[len(linkScheme):], nil
}

// mistake says in words why check characters may not match.
func mistake(digits string) string {
	if digits == strings.ToLower(digits) || digits == strings.ToUpper(digits) {
		return "its capital and small letters were changed on the way; copy it again"
	}
	return "it was mistyped or cut short; copy it again"
}

// encode58 writes linkBytes bytes as linkDigits digits, zeros in front included.
func encode58(b []byte) string {
	n, digit, radix := new(big.Int).SetBytes(b), new(big.Int), big.NewInt(int64(len(base58)))
	out := make([]byte, linkDigits)
	for i := linkDigits - 1; i >= 0; i-- {
		n.DivMod(n, radix, digit)
		out[i] = base58[digit.Int64()]
	}
	return string(out)
}

func decode58(s string) ([]byte, error) {
	n, radix := new(big.Int), big.NewInt(int64(len(base58)))
	for i := range len(s) {
		v := strings.IndexByte(base58, s[i])
		if v < 0 {
			return nil, fmt.Errorf("%w: %q cannot stand in an invite", ErrMalformed, s[i])
		}
		n.Add(n.Mul(n, radix), big.NewInt(int64(v)))
	}
	if n.BitLen() > 8*linkBytes {
		return nil, fmt.Errorf("%w: %s", ErrMalformed, mistake(s))
	}
	return n.FillBytes(make([]byte, linkBytes)), nil
}
