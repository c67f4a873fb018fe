package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
)

// secret is the private half of a signing key. It prints as "redacted" and
// cannot be compared.
type secret struct {
	_   [0]func()
	key ed25519.PrivateKey
}

func newSecret() secret {
	var seed [32]byte
	rand.Read(seed[:])
	return fromSeed(seed)
}

func fromSeed(seed [32]byte) secret { return secret{key: ed25519.NewKeyFromSeed(seed[:])} }

// Seed returns the 32 bytes that the key is made from: the secret itself, for
// the store or for pairing.
func (s *secret) Seed() [32]byte { return [32]byte(s.key.Seed()) }

func (s *secret) public() [32]byte { return [32]byte(s.key.Public().(ed25519.PublicKey)) }

func (s *secret) sign(purpose string, msg []byte) [64]byte {
	return [64]byte(ed25519.Sign(s.key, append([]byte(purpose), msg...)))
}

// Format prints "redacted" under every verb.
func (secret) Format(w fmt.State, _ rune) { io.WriteString(w, "redacted") }

// MarshalText gives "redacted" to every encoder.
func (secret) MarshalText() ([]byte, error) { return []byte("redacted"), nil }

// verify checks what sign signed. Signed messages are CBOR arrays, whose first
// byte no label can hold, so purpose and message cannot run into each other.
func verify(key [32]byte, purpose string, msg []byte, sig [64]byte) bool {
	return ed25519.Verify(key[:], append([]byte(purpose), msg...), sig[:])
}
