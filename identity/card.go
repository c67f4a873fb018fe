package identity

import (
	"crypto/sha256"
	"fmt"

	"causeway/internal/wire"
)

// A Key is the Ed25519 public key of a root or a device.
type Key [32]byte

// A Card is the genesis of a user: the payload of the first entry of the user's
// self group, and what the UID is the digest of.
type Card struct {
	Root Key
	Salt [16]byte
}

type cardWire struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Root    [32]byte
	Salt    [16]byte
}

const cardVersion = 1

func (c Card) wire() cardWire { return cardWire{Version: cardVersion, Root: c.Root, Salt: c.Salt} }

// Encode returns the canonical bytes of the card.
func (c Card) Encode() []byte { return mustEncode(c.wire()) }

// UID returns the name of the user that this card founds.
func (c Card) UID() UID { return sha256.Sum256(c.Encode()) }

// DecodeCard reads what Encode wrote. A card verifies itself: the UID is its
// digest.
func DecodeCard(b []byte) (Card, error) {
	var w cardWire
	if err := wire.Unmarshal(b, &w); err != nil {
		return Card{}, fmt.Errorf("card: %w", err)
	}
	return w.card()
}

func (w cardWire) card() (Card, error) {
	if w.Version != cardVersion {
		return Card{}, fmt.Errorf("card: %w %d", ErrVersion, w.Version)
	}
	return Card{Root: w.Root, Salt: w.Salt}, nil
}

// mustEncode encodes a value whose type and sizes the package itself fixes.
func mustEncode(v any) []byte {
	b, err := wire.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
