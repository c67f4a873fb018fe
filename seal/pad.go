package seal

import (
	"fmt"
	"math/bits"
)

// paddedSize returns the size to which n bytes and the marker are padded: at
// least minPadded, then by Padmé, which tells of a length only its order of
// magnitude (Nikitin et al., PURBs, 2019; docs/spec/03-keys.md, section 3).
func paddedSize(n int) int {
	l := uint(n + 1)
	if l <= minPadded {
		return minPadded
	}
	e := bits.Len(l) - 1
	mask := uint(1)<<(e-bits.Len(uint(e))) - 1
	return int((l + mask) &^ mask)
}

// PadTo appends 0x80 and zeros to plain until it has size bytes; ErrTooLarge if
// it does not fit.
func PadTo(plain []byte, size int) ([]byte, error) {
	if len(plain) >= size {
		return nil, fmt.Errorf("%w: %d bytes into %d", ErrTooLarge, len(plain), size)
	}
	padded := make([]byte, size)
	padded[copy(padded, plain)] = 0x80
	return padded, nil
}

// Unpad takes off what PadTo appended.
func Unpad(padded []byte) ([]byte, error) {
	for i := len(padded) - 1; i >= 0; i-- {
		switch padded[i] {
		case 0:
			continue
		case 0x80:
			return padded[:i], nil
		}
		break
	}
	return nil, fmt.Errorf("%w: padding", ErrFormat)
}
