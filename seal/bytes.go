package seal

import (
	"fmt"

	"causeway/internal/label"
)

// SealBytes seals plain under a secret that both ends hold, for one purpose (a
// constant of package label) and bound to ad: salt ‖ commit ‖ ciphertext. It
// hides nothing of the length. Errors: ErrNoKey, ErrTooLarge.
func SealBytes(secret [32]byte, purpose string, ad, plain []byte) ([]byte, error) {
	if !known(secret) {
		return nil, ErrNoKey
	}
	if len(plain)+BoxOverhead > MaxBox {
		return nil, fmt.Errorf("%w: box of %d bytes", ErrTooLarge, len(plain))
	}
	return sealBytes(secret, NewSalt(), purpose, ad, plain), nil
}

func sealBytes(secret [32]byte, salt [16]byte, purpose string, ad, plain []byte) []byte {
	key, commit := keyed(boxKey(secret, purpose, salt[:]))
	box := append(make([]byte, 0, len(plain)+BoxOverhead), salt[:]...)
	return aeadSeal(key, append(box, commit...), plain, ad)
}

// OpenBytes opens what SealBytes sealed; ErrOpen if anything differs.
func OpenBytes(secret [32]byte, purpose string, ad, box []byte) ([]byte, error) {
	if !known(secret) {
		return nil, ErrNoKey
	}
	if len(box) < BoxOverhead || len(box) > MaxBox {
		return nil, fmt.Errorf("%w: box of %d bytes", ErrOpen, len(box))
	}
	salt, commit, ct := box[:saltSize], box[saltSize:saltSize+commitSize], box[saltSize+commitSize:]
	key, want := keyed(boxKey(secret, purpose, salt))
	if !equal(want, commit) {
		return nil, ErrOpen
	}
	return aeadOpen(key, ct, ad)
}

// boxKey keeps the purposes of boxes apart from every other use of a secret.
func boxKey(secret [32]byte, purpose string, salt []byte) [32]byte {
	return Expand(secret, label.SealBox, []byte(purpose), []byte{0}, salt)
}
