package seal

import (
	"crypto/hpke"
	"encoding/binary"
	"fmt"

	"causeway/internal/label"
)

// Suite 1: HPKE base mode with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305.
var (
	suiteKEM  = hpke.MLKEM768X25519()
	suiteKDF  = hpke.HKDFSHA256()
	suiteAEAD = hpke.ChaCha20Poly1305()
)

// A KEM is the private X-Wing key of one generation of a user.
type KEM struct {
	hidden
	seed   [32]byte
	key    hpke.PrivateKey
	public []byte
}

// UserKEM returns a user's key of one generation, from the secret that all of
// the user's devices hold (docs/spec/03-keys.md, section 5).
func UserKEM(secret [32]byte, gen uint64) *KEM {
	return KEMFromSeed(Expand(secret, label.UserKEM, binary.BigEndian.AppendUint64(nil, gen)))
}

// KEMFromSeed returns the key of a 32-byte seed.
func KEMFromSeed(seed [32]byte) *KEM {
	key, err := suiteKEM.NewPrivateKey(seed[:])
	if err != nil {
		panic(err) // every 32 bytes are a key
	}
	return &KEM{seed: seed, key: key, public: key.PublicKey().Bytes()}
}

// Seed returns what KEMFromSeed takes: the secret itself, for the store or for
// pairing.
func (k *KEM) Seed() [32]byte { return k.seed }

// Public returns the public key, KEMSize bytes, for the caller to keep.
func (k *KEM) Public() []byte { return append([]byte(nil), k.public...) }

// SealTo seals plain to the holder of a KEM key, for one purpose (a constant of
// package label): enc ‖ commit ‖ ciphertext. It says nothing of who sealed it.
// Errors: ErrRecipient, ErrTooLarge.
func SealTo(public []byte, purpose string, plain []byte) ([]byte, error) {
	if len(plain)+BoxToOverhead > MaxBox {
		return nil, fmt.Errorf("%w: box of %d bytes", ErrTooLarge, len(plain))
	}
	enc, s, err := newSender(public, append([]byte(purpose), 0))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecipient, err)
	}
	commit, err := s.Export(label.SealCommit, commitSize)
	if err != nil {
		return nil, fmt.Errorf("seal to: %w", err)
	}
	ct, err := s.Seal(nil, plain)
	if err != nil {
		return nil, fmt.Errorf("seal to: %w", err)
	}
	return append(append(enc, commit...), ct...), nil
}

// OpenTo opens what SealTo sealed to this key; ErrOpen if anything differs.
func OpenTo(k *KEM, purpose string, box []byte) ([]byte, error) {
	if len(box) < BoxToOverhead || len(box) > MaxBox {
		return nil, fmt.Errorf("%w: box of %d bytes", ErrOpen, len(box))
	}
	enc, commit, ct := box[:encSize], box[encSize:encSize+commitSize], box[encSize+commitSize:]
	r, err := hpke.NewRecipient(enc, k.key, suiteKDF, suiteAEAD, append([]byte(purpose), 0))
	if err != nil {
		return nil, ErrOpen
	}
	want, err := r.Export(label.SealCommit, commitSize)
	if err != nil || !equal(want, commit) {
		return nil, ErrOpen
	}
	plain, err := r.Open(nil, ct)
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
