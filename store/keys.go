package store

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"causeway/internal/label"
)

// The keys file (docs/spec/08-store.md, section 2): the store key wrapped once
// for each way to unlock it, and what is known of the store as a whole, sealed
// under the store key.
const (
	keysMagic  = "CWYKEYS"
	keysFormat = 1
	// Schema is the version of all that rooms write; a store with another one
	// is left alone. 1: builds from before rows were known by heart (design 0009).
	Schema = 2

	slotHead = 1 + 4 + 4 + 1 + 16
	slotSize = slotHead + 32 + tagSize
	metaSize = 16 + 4 + 16 + tagSize
	keysHead = len(keysMagic) + 2
)

type slotKind byte

const (
	slotPassphrase slotKind = 1
	slotKeyFile    slotKind = 2
)

// slot wraps the store key under one secret.
type slot struct {
	kind    slotKind
	cost    cost // of Argon2id; zero for a key file
	salt    [16]byte
	wrapped [32 + tagSize]byte
}

// meta is what is known of the store as a whole.
type meta struct {
	schema      uint32
	incarnation [16]byte
}

// keysFile is a decoded keys file.
type keysFile struct {
	slots []slot
	meta  [metaSize]byte // sealed
}

func (s *slot) head() []byte {
	b := append(make([]byte, 0, slotSize), byte(s.kind))
	b = binary.BigEndian.AppendUint32(b, s.cost.time)
	b = binary.BigEndian.AppendUint32(b, s.cost.memory)
	b = append(b, s.cost.lanes)
	return append(b, s.salt[:]...)
}

func (s *slot) ad() []byte { return append([]byte(label.StoreSlot+"\x00"), s.head()...) }

// newSlot wraps root under u.
func newSlot(root [32]byte, u Unlock, c cost) (slot, error) {
	s := slot{kind: u.kind()}
	if s.kind == slotPassphrase {
		s.cost = c
	}
	rand.Read(s.salt[:])
	kek, err := u.derive(&s)
	if err != nil {
		return slot{}, err
	}
	s.wrap(kek, root)
	return s, nil
}

// wrap needs no nonce: a salt, and so a kek, serves once.
func (s *slot) wrap(kek, root [32]byte) {
	newGCM(kek[:]).Seal(s.wrapped[:0], nonce(0, false), root[:], s.ad())
}

// open returns the store key, or ErrLocked.
func (s *slot) open(u Unlock) (root [32]byte, err error) {
	if s.kind != u.kind() {
		return root, ErrLocked
	}
	kek, err := u.derive(s)
	if err != nil {
		return root, err
	}
	if _, err := newGCM(kek[:]).Open(root[:0], nonce(0, false), s.wrapped[:], s.ad()); err != nil {
		return root, ErrLocked
	}
	return root, nil
}

func (k *keysFile) encode() []byte {
	b := append([]byte(keysMagic), keysFormat, byte(len(k.slots)))
	for i := range k.slots {
		b = append(append(b, k.slots[i].head()...), k.slots[i].wrapped[:]...)
	}
	return appendSum(append(b, k.meta[:]...))
}

func appendSum(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeKeys takes exactly what encode makes. The sum comes first, so that a
// damaged file is never mistaken for a newer one or for a wrong passphrase.
func decodeKeys(b []byte) (*keysFile, error) {
	if len(b) < keysHead+sha256.Size {
		return nil, fmt.Errorf("%w: keys file cut short to %d bytes", ErrDamaged, len(b))
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	want := sha256.Sum256(body)
	if subtle.ConstantTimeCompare(want[:], sum) == 0 || !bytes.HasPrefix(body, []byte(keysMagic)) {
		return nil, fmt.Errorf("%w: keys file does not match its own checksum", ErrDamaged)
	}
	if f := body[len(keysMagic)]; f != keysFormat {
		return nil, fmt.Errorf("%w: keys file of format %d, known is %d", ErrNewer, f, keysFormat)
	}
	n := int(body[len(keysMagic)+1])
	if n < 1 || n > maxSlots || len(body) != keysHead+n*slotSize+metaSize {
		return nil, fmt.Errorf("%w: keys file of %d bytes with %d slots", ErrDamaged, len(b), n)
	}
	k := &keysFile{meta: [metaSize]byte(body[len(body)-metaSize:])}
	for i := range n {
		s, err := decodeSlot(body[keysHead+i*slotSize:])
		if err != nil {
			return nil, err
		}
		k.slots = append(k.slots, s)
	}
	return k, nil
}

func decodeSlot(b []byte) (slot, error) {
	s := slot{
		kind: slotKind(b[0]),
		cost: cost{
			time:   binary.BigEndian.Uint32(b[1:]),
			memory: binary.BigEndian.Uint32(b[5:]),
			lanes:  b[9],
		},
		salt:    [16]byte(b[10:]),
		wrapped: [48]byte(b[slotHead:]),
	}
	switch {
	case s.kind == slotPassphrase && s.cost.sane(), s.kind == slotKeyFile && s.cost == cost{}:
		return s, nil
	}
	return slot{}, fmt.Errorf("%w: key slot of kind %d", ErrDamaged, s.kind)
}

// unlock finds the slot that u opens.
func (k *keysFile) unlock(u Unlock) (root [32]byte, index int, err error) {
	err = ErrLocked
	for i := range k.slots {
		if root, err = k.slots[i].open(u); err == nil {
			return root, i, nil
		}
	}
	return root, 0, err
}

func sealMeta(root [32]byte, m meta) (sealed [metaSize]byte) {
	rand.Read(sealed[:16])
	plain := append(binary.BigEndian.AppendUint32(nil, m.schema), m.incarnation[:]...)
	metaAEAD(root, sealed[:16]).Seal(sealed[:16], nonce(0, false), plain, nil)
	return sealed
}

func openMeta(root [32]byte, sealed [metaSize]byte) (meta, error) {
	plain, err := metaAEAD(root, sealed[:16]).Open(nil, nonce(0, false), sealed[16:], nil)
	if err != nil {
		return meta{}, fmt.Errorf("%w: keys file does not belong to its store key", ErrDamaged)
	}
	m := meta{schema: binary.BigEndian.Uint32(plain), incarnation: [16]byte(plain[4:])}
	switch {
	case m.schema > Schema:
		return m, fmt.Errorf("%w: schema %d, known is %d", ErrNewer, m.schema, Schema)
	case m.schema < Schema:
		return m, fmt.Errorf("%w: schema %d, known is %d", ErrOlder, m.schema, Schema)
	}
	return m, nil
}

func metaAEAD(root [32]byte, salt []byte) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, root[:], salt, label.StoreMeta, 32)
	if err != nil {
		panic(err)
	}
	return newGCM(key)
}
