package seal

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"causeway/internal/label"
	"causeway/internal/planted"
	"causeway/internal/wire"
)

// A Context says where in which log an entry stands. It is bound to the body as
// additional data, so a body does not open anywhere else. A zero Prev is none.
type Context struct {
	Log  [32]byte
	Seq  uint64
	Prev [32]byte
}

const bodyVersion = 1

// ad returns the additional data: [version, log, seq, prev or null, slots].
func (c Context) ad(slots []byte) []byte {
	b := make([]byte, 0, 96+len(slots))
	b = wire.AppendUint(wire.AppendArray(b, 5), bodyVersion)
	b = wire.AppendUint(wire.AppendBytes(b, c.Log[:]), c.Seq)
	if c.Prev == ([32]byte{}) {
		b = wire.AppendNull(b)
	} else {
		b = wire.AppendBytes(b, c.Prev[:])
	}
	return wire.AppendBytes(b, slots)
}

// NewSalt makes the salt of one entry.
func NewSalt() (salt [16]byte) {
	if planted.Is(planted.StaleSalt) {
		return salt
	}
	rand.Read(salt[:])
	return salt
}

// Seal returns the body of an entry, and the key of this entry alone, with
// which the view opens it again after the secret is erased. The salt must be
// fresh from NewSalt; slots are from SealSlots, with the same salt, or empty.
// Errors: ErrNoKey for a zero secret, ErrTooLarge (docs/spec/03-keys.md, section 3).
func Seal(secret [32]byte, salt [16]byte, c Context, slots, plain []byte) (body []byte, entryKey [32]byte, err error) {
	if !known(secret) {
		return nil, entryKey, ErrNoKey
	}
	size := paddedSize(len(plain))
	total := saltSize + commitSize + binary.MaxVarintLen32 + len(slots) + size + aeadSize
	padded, err := PadTo(plain, size)
	if err != nil || total > MaxBody {
		return nil, entryKey, fmt.Errorf("%w: body of %d bytes", ErrTooLarge, total)
	}
	entryKey = Expand(secret, label.SealEntry, salt[:])
	key, commit := keyed(entryKey)
	body = append(make([]byte, 0, total), salt[:]...)
	body = append(body, commit...)
	body = binary.AppendUvarint(body, uint64(len(slots)))
	body = append(body, slots...)
	return aeadSeal(key, body, padded, c.ad(slots)), entryKey, nil
}

// A Sealed is a body cut into its parts, unopened. It aliases the body.
type Sealed struct {
	hidden
	Salt   [16]byte
	Slots  []byte // empty but in entries that bring keys
	commit [32]byte
	ct     []byte
	key    []byte   // of the AEAD, once Try has found the secret
	opens  [32]byte // the entry key that key comes from
}

// Parse cuts a body into its parts. It opens and checks nothing.
func Parse(body []byte) (Sealed, error) {
	const fixed = saltSize + commitSize
	if len(body) > MaxBody || len(body) < fixed+1+minPadded+aeadSize {
		return Sealed{}, fmt.Errorf("%w: body of %d bytes", ErrFormat, len(body))
	}
	n, used := binary.Uvarint(body[fixed:])
	if used <= 0 || used != len(binary.AppendUvarint(nil, n)) {
		return Sealed{}, fmt.Errorf("%w: length of slots", ErrFormat)
	}
	rest := body[fixed+used:]
	if n > MaxBody || len(rest) < int(n)+minPadded+aeadSize {
		return Sealed{}, fmt.Errorf("%w: slots of %d bytes", ErrFormat, n)
	}
	return Sealed{Salt: [16]byte(body), Slots: rest[:n:n], commit: [32]byte(body[saltSize:]), ct: rest[n:]}, nil
}

// Try says whether the body is sealed under this secret, and gives its entry
// key. It costs two hashes and decrypts nothing. Under a zero secret nothing is
// sealed.
func (s *Sealed) Try(secret [32]byte) (entryKey [32]byte, ok bool) {
	if !known(secret) {
		return entryKey, false
	}
	entryKey = Expand(secret, label.SealEntry, s.Salt[:])
	key, commit := keyed(entryKey)
	if !equal(commit, s.commit[:]) {
		return [32]byte{}, false
	}
	s.key, s.opens = key, entryKey
	return entryKey, true
}

// Open returns the plain text, or ErrOpen if the body was not sealed under this
// entry key in this place, with these slots.
func (s *Sealed) Open(entryKey [32]byte, c Context) ([]byte, error) {
	key := s.key
	if key == nil || entryKey != s.opens {
		var commit []byte
		if key, commit = keyed(entryKey); !known(entryKey) || !equal(commit, s.commit[:]) {
			return nil, ErrOpen
		}
	}
	padded, err := aeadOpen(key, s.ct, c.ad(s.Slots))
	if err != nil {
		return nil, err
	}
	plain, err := Unpad(padded)
	if err != nil || len(padded) != paddedSize(len(plain)) {
		return nil, fmt.Errorf("%w: padding", ErrOpen)
	}
	return plain, nil
}
