package identity

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// A Leaf brings a log of a user into a conversation: who the user is, which
// device writes, under which log key, and where to seal keys for the user. A
// Leaf from NewLeaf or DecodeLeaf is verified; do not change its fields.
type Leaf struct {
	Card       Card
	Chain      []DeviceCert // root to device, at least one
	Log        [32]byte     // Ed25519 log key
	KEMGen     uint64       // generation of KEM
	KEM        []byte       // X-Wing public key, KEMSize bytes
	Name       string       // what the user calls itself; see CheckName
	Possession [64]byte     // by the log key, over UID and device
	Sig        [64]byte     // by the device, over all of the above
}

// ErrKEM: a KEM public key that nothing can be sealed to.
var ErrKEM = errors.New("unusable KEM key")

const leafVersion = 1

type leafSigned struct {
	_          struct{} `cbor:",toarray"`
	Version    uint64
	Card       cardWire
	Chain      []DeviceCert
	Log        [32]byte
	KEMGen     uint64
	KEM        []byte
	Name       string
	Possession [64]byte
}

type leafWire struct {
	_      struct{} `cbor:",toarray"`
	Signed leafSigned
	Sig    [64]byte
}

type possessionSigned struct {
	_      struct{} `cbor:",toarray"`
	UID    UID
	Device Key
}

// NewLeaf signs a leaf with the device and the log key. It fails where
// DecodeLeaf would.
func NewLeaf(card Card, chain []DeviceCert, d *Device, log *LogSigner, kemGen uint64, kem []byte, name string) (*Leaf, error) {
	l := &Leaf{Card: card, Chain: append([]DeviceCert(nil), chain...), Log: log.Public(), KEMGen: kemGen, KEM: bytes.Clone(kem), Name: name}
	l.Possession = log.sign(label.LeafPossession, mustEncode(possessionSigned{UID: l.UID(), Device: d.Public()}))
	l.Sig = d.sign(label.Leaf, mustEncode(l.signed()))
	if err := l.verify(); err != nil {
		return nil, fmt.Errorf("new leaf: %w", err)
	}
	return l, nil
}

// UID returns the user whose leaf it is.
func (l *Leaf) UID() UID { return l.Card.UID() }

// Device returns the public key of the device that signed the leaf.
func (l *Leaf) Device() Key { return l.Chain[len(l.Chain)-1].Device }

// Digest returns the SHA-256 digest of the encoded leaf, by which entries name it.
func (l *Leaf) Digest() [32]byte { return sha256.Sum256(l.Encode()) }

// Encode returns the canonical bytes of the leaf, at most MaxLeaf.
func (l *Leaf) Encode() []byte { return mustEncode(leafWire{Signed: l.signed(), Sig: l.Sig}) }

func (l *Leaf) signed() leafSigned {
	return leafSigned{Version: leafVersion, Card: l.Card.wire(), Chain: l.Chain, Log: l.Log,
		KEMGen: l.KEMGen, KEM: l.KEM, Name: l.Name, Possession: l.Possession}
}

// DecodeLeaf reads what Encode wrote and verifies all of it: sizes, name, KEM
// key, the chain from the root, the device's signature and the log key's. Errors
// wrap wire.ErrEncoding, ErrVersion, ErrName, ErrKEM, ErrChain or ErrSignature.
func DecodeLeaf(b []byte) (*Leaf, error) {
	if len(b) > MaxLeaf {
		return nil, fmt.Errorf("leaf: %w: %d bytes", wire.ErrEncoding, len(b))
	}
	var w leafWire
	if err := wire.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("leaf: %w", err)
	}
	s := w.Signed
	if s.Version != leafVersion {
		return nil, fmt.Errorf("leaf: %w %d", ErrVersion, s.Version)
	}
	card, err := s.Card.card()
	if err != nil {
		return nil, fmt.Errorf("leaf: %w", err)
	}
	l := &Leaf{Card: card, Chain: s.Chain, Log: s.Log, KEMGen: s.KEMGen, KEM: s.KEM, Name: s.Name, Possession: s.Possession, Sig: w.Sig}
	if err := l.verify(); err != nil {
		return nil, fmt.Errorf("leaf: %w", err)
	}
	return l, nil
}

func (l *Leaf) verify() error {
	if l.KEMGen > MaxKEMGen {
		return fmt.Errorf("%w: generation %d", ErrKEM, l.KEMGen)
	}
	if err := CheckName(l.Name); err != nil {
		return err
	}
	device, err := VerifyChain(l.Card, l.Chain)
	if err != nil {
		return err
	}
	if !verify(device, label.Leaf, mustEncode(l.signed()), l.Sig) {
		return fmt.Errorf("by the device: %w", ErrSignature)
	}
	if !verify(l.Log, label.LeafPossession, mustEncode(possessionSigned{UID: l.UID(), Device: device}), l.Possession) {
		return fmt.Errorf("by the log key: %w", ErrSignature)
	}
	return checkKEM(l.KEM)
}

// checkKEM refuses a public key to which sealing would fail, so that nobody can
// stop a rekey for all by announcing one.
func checkKEM(kem []byte) error {
	if len(kem) != KEMSize {
		return fmt.Errorf("%w: %d bytes", ErrKEM, len(kem))
	}
	if _, err := hpke.MLKEM768X25519().NewPublicKey(kem); err != nil {
		return fmt.Errorf("%w: %w", ErrKEM, err)
	}
	point, err := ecdh.X25519().NewPublicKey(kem[KEMSize-32:])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKEM, err)
	}
	if _, err := probe.ECDH(point); err != nil {
		return fmt.Errorf("%w: %w", ErrKEM, err)
	}
	return nil
}

// probe is any scalar at all: X25519 fails on points of low order whatever it is.
var probe = func() *ecdh.PrivateKey {
	k, err := ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		panic(err)
	}
	return k
}()
