package identity

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/tyler-smith/go-bip39"

	"causeway/internal/label"
)

// A Root is the private root key of a user. It certifies the first device and
// recovers the user when all devices are lost; nothing else needs it.
type Root struct{ secret }

// ErrWords is in the chain of every error about words that hold no root key.
var ErrWords = errors.New("not the words of a root key")

// NewRoot makes a new user.
func NewRoot() *Root { return &Root{newSecret()} }

// RootFromSeed returns the root key of a 32-byte seed.
func RootFromSeed(seed [32]byte) *Root { return &Root{fromSeed(seed)} }

// RootFromWords returns the root key that Words wrote down. An error wraps
// ErrWords and says which word is unknown, or that one is wrong.
func RootFromWords(words []string) (*Root, error) {
	if len(words) != WordCount {
		return nil, fmt.Errorf("%w: %d words, want %d", ErrWords, len(words), WordCount)
	}
	clean := make([]string, len(words))
	for i, w := range words {
		clean[i] = strings.ToLower(strings.TrimSpace(w))
		if _, known := bip39.GetWordIndex(clean[i]); !known {
			return nil, fmt.Errorf("%w: word %d (%q) is not in the list", ErrWords, i+1, clean[i])
		}
	}
	seed, err := bip39.EntropyFromMnemonic(strings.Join(clean, " "))
	if err != nil || len(seed) != 32 {
		return nil, fmt.Errorf("%w: a word is wrong or out of place", ErrWords)
	}
	return RootFromSeed([32]byte(seed)), nil
}

// Words returns the 24 BIP 39 words that hold the seed itself.
func (r *Root) Words() []string {
	seed := r.Seed()
	words, err := bip39.NewMnemonic(seed[:])
	if err != nil {
		panic(err) // 32 bytes are always 24 words
	}
	return strings.Split(words, " ")
}

// Public returns the root's public key.
func (r *Root) Public() Key { return r.public() }

// Card returns the card of the user. Its salt comes from the seed, so the words
// alone bring back the UID.
func (r *Root) Card() Card {
	seed := r.Seed()
	salt, err := hkdf.Expand(sha256.New, seed[:], label.CardSalt+"\x00", 16)
	if err != nil {
		panic(err) // 16 bytes are within what HKDF gives
	}
	return Card{Root: r.Public(), Salt: [16]byte(salt)}
}

// Certify vouches for a device of this user.
func (r *Root) Certify(device Key) DeviceCert {
	return certify(&r.secret, r.Card().UID(), device)
}
