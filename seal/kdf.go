package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"

	"causeway/internal/label"
)

// Expand is HKDF-Expand with SHA-256 under a secret that is already uniform:
// info = label ‖ 0x00 ‖ context, 32 bytes out (docs/spec/03-keys.md, section 1).
func Expand(secret [32]byte, label string, context ...[]byte) [32]byte {
	return [32]byte(expand(secret, 32, label, context...))
}

func expand(secret [32]byte, size int, label string, context ...[]byte) []byte {
	info := append([]byte(label), 0)
	for _, c := range context {
		info = append(info, c...)
	}
	out, err := hkdf.Expand(sha256.New, secret[:], string(info), size)
	if err != nil {
		panic(err) // sizes here are far below 255 hashes
	}
	return out
}

// extract is HKDF-Extract. A salt of 32 zero bytes equals no salt.
func extract(secret, salt [32]byte) [32]byte {
	prk, err := hkdf.Extract(sha256.New, secret[:], salt[:])
	if err != nil {
		panic(err) // only a non-approved hash fails
	}
	return [32]byte(prk)
}

// keyed turns the key of one sealing into what the AEAD takes and what commits
// to it. Each such key seals once, so the nonce is zero.
func keyed(entryKey [32]byte) (key, commit []byte) {
	out := expand(entryKey, 64, label.SealCommit)
	return out[:32], out[32:]
}

func aeadSeal(key, dst, plain, ad []byte) []byte {
	a, err := chacha20poly1305.New(key)
	if err != nil {
		panic(err) // keys have 32 bytes
	}
	return a.Seal(dst, make([]byte, chacha20poly1305.NonceSize), plain, ad)
}

func aeadOpen(key, ct, ad []byte) ([]byte, error) {
	a, err := chacha20poly1305.New(key)
	if err != nil {
		panic(err) // keys have 32 bytes
	}
	plain, err := a.Open(nil, make([]byte, chacha20poly1305.NonceSize), ct, ad)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

func known(secret [32]byte) bool { return secret != [32]byte{} }

// hidden makes a type that holds it print as "redacted" and not compare.
type hidden struct{ _ [0]func() }

// Format prints "redacted" under every verb.
func (hidden) Format(w fmt.State, _ rune) { io.WriteString(w, "redacted") }

// MarshalText gives "redacted" to every encoder.
func (hidden) MarshalText() ([]byte, error) { return []byte("redacted"), nil }
