package seal

import (
	"crypto/rand"
	"fmt"
	"io"

	"causeway/internal/wire"
)

// A Key is what a slot brings a member: K, from which all secrets of an epoch
// follow, and H, under which the keys of earlier epochs lie. A zero H says that
// history is withheld; there is no zero K.
type Key struct{ K, H [32]byte }

// NewKey makes the key of a new epoch.
func NewKey() Key {
	var k Key
	rand.Read(k.K[:])
	rand.Read(k.H[:])
	return k
}

// WithoutHistory returns the key as a member gets it from whom history is
// withheld.
func (k Key) WithoutHistory() Key { return Key{K: k.K} }

// Format prints "redacted" under every verb.
func (Key) Format(w fmt.State, _ rune) { io.WriteString(w, "redacted") }

// MarshalText gives "redacted" to every encoder.
func (Key) MarshalText() ([]byte, error) { return []byte("redacted"), nil }

// contentKey is the kind of slot content that holds an epoch's key.
const contentKey = 1

// Content returns the slot content for this key: [1, K, H]. Its length does not
// tell whether history is withheld.
func (k Key) Content() []byte {
	b := wire.AppendUint(wire.AppendArray(nil, 3), contentKey)
	return wire.AppendBytes(wire.AppendBytes(b, k.K[:]), k.H[:])
}

// ParseContent reads slot content. A kind other than an epoch's key, or a zero
// K, is ErrFormat.
func ParseContent(b []byte) (Key, error) {
	var k Key
	d := wire.NewDecoder(b)
	if n := d.Array(3); d.Err() == nil && n != 3 {
		return Key{}, fmt.Errorf("%w: slot content of %d fields", ErrFormat, n)
	}
	kind := d.Uint(1 << 16)
	d.Fixed(k.K[:])
	d.Fixed(k.H[:])
	if err := d.End(); err != nil {
		return Key{}, fmt.Errorf("%w: slot content: %w", ErrFormat, err)
	}
	if kind != contentKey || !known(k.K) {
		return Key{}, fmt.Errorf("%w: slot content of kind %d", ErrFormat, kind)
	}
	return k, nil
}
