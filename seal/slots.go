package seal

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// A SlotInfo says which entry of which group the slots belong to, so that they
// open in no other. Group is zero in the entry that founds it. Salt is the
// entry's.
type SlotInfo struct {
	Group, Log [32]byte
	Seq        uint64
	Salt       [16]byte
}

func (i SlotInfo) bytes() []byte {
	b := append([]byte(label.Slot), 0)
	b = append(append(b, i.Group[:]...), i.Log[:]...)
	return append(binary.BigEndian.AppendUint64(b, i.Seq), i.Salt[:]...)
}

// slotsInline is the kind of slots that lie in the body itself.
const slotsInline = 0

type slotsWire struct {
	_     struct{} `cbor:",toarray"`
	Kind  uint64
	Slots []slotWire
}

type slotWire struct {
	_      struct{} `cbor:",toarray"`
	Tag    [tagSize]byte
	Sealed []byte
}

// slotTag addresses a slot without naming its reader to anyone else.
func slotTag(salt [16]byte, public []byte) [tagSize]byte {
	h := sha256.New()
	h.Write(append([]byte(label.SlotTag), 0))
	h.Write(salt[:])
	h.Write(public)
	return [tagSize]byte(h.Sum(nil))
}

// SealSlots seals contents[i] to the KEM public key to[i], at most MaxSlots of
// them. The order of recipients does not show. ErrRecipient names the index of
// a key that cannot be used, or that stands there twice.
func SealSlots(to [][]byte, info SlotInfo, contents [][]byte) ([]byte, error) {
	if len(to) != len(contents) || len(to) > MaxSlots {
		return nil, fmt.Errorf("%w: %d recipients, %d contents", ErrTooLarge, len(to), len(contents))
	}
	w := slotsWire{Kind: slotsInline, Slots: make([]slotWire, len(to))}
	for i, public := range to {
		if len(contents[i]) > MaxContent {
			return nil, fmt.Errorf("%w: slot content of %d bytes", ErrTooLarge, len(contents[i]))
		}
		enc, s, err := newSender(public, info.bytes())
		if err != nil {
			return nil, fmt.Errorf("%w %d: %w", ErrRecipient, i, err)
		}
		sealed, err := s.Seal(nil, contents[i])
		if err != nil {
			return nil, fmt.Errorf("%w %d: %w", ErrRecipient, i, err)
		}
		w.Slots[i] = slotWire{Tag: slotTag(info.Salt, public), Sealed: append(enc, sealed...)}
	}
	slices.SortFunc(w.Slots, func(a, b slotWire) int { return bytes.Compare(a.Tag[:], b.Tag[:]) })
	if !ascending(w.Slots) {
		return nil, fmt.Errorf("%w: one key twice", ErrRecipient)
	}
	return wire.Marshal(w)
}

func ascending(s []slotWire) bool {
	for i := 1; i < len(s); i++ {
		if bytes.Compare(s[i-1].Tag[:], s[i].Tag[:]) >= 0 {
			return false
		}
	}
	return true
}

func parseSlots(b []byte) ([]slotWire, error) {
	var w slotsWire
	if len(b) > MaxBody {
		return nil, fmt.Errorf("%w: slots of %d bytes", ErrFormat, len(b))
	}
	if err := wire.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("%w: slots: %w", ErrFormat, err)
	}
	if w.Kind != slotsInline || len(w.Slots) > MaxSlots || !ascending(w.Slots) {
		return nil, fmt.Errorf("%w: slots", ErrFormat)
	}
	for _, s := range w.Slots {
		if len(s.Sealed) < encSize+aeadSize || len(s.Sealed) > encSize+aeadSize+MaxContent {
			return nil, fmt.Errorf("%w: slot of %d bytes", ErrFormat, len(s.Sealed))
		}
	}
	return w.Slots, nil
}

// OpenSlot returns the content of the slot for this key: ErrNoSlot if there is
// none, ErrSlot if there is one and it does not open, ErrFormat if these are no
// slots at all.
func OpenSlot(slots []byte, k *KEM, info SlotInfo) ([]byte, error) {
	all, err := parseSlots(slots)
	if err != nil {
		return nil, err
	}
	tag := slotTag(info.Salt, k.public)
	for _, s := range all {
		if s.Tag != tag {
			continue
		}
		content, err := hpke.Open(k.key, suiteKDF, suiteAEAD, info.bytes(), s.Sealed)
		if err != nil {
			return nil, ErrSlot
		}
		return content, nil
	}
	return nil, ErrNoSlot
}
