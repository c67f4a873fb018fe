package mailbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"causeway/internal/label"
	"causeway/seal"
)

// A Parcel is what a custodian keeps: bytes of a bucket's size that look random
// to it.
type Parcel struct {
	ID     ParcelID
	Sealed []byte
}

// A Piece is what one parcel holds. Set is the same for all pieces of one plain
// text, and random.
type Piece struct {
	Set          [16]byte
	Index, Count int
	Data         []byte
}

// ParcelOf names sealed bytes by their digest.
func ParcelOf(sealed []byte) Parcel { return Parcel{sha256.Sum256(sealed), sealed} }

// Seal cuts plain into pieces and seals each as a parcel of a bucket's size, no
// larger than the bucket `largest` (0 means MaxParcel). Sealing twice gives
// different parcels; depositing one parcel twice leaves one. Errors: ErrTooLarge
// (over MaxPieces), ErrParcel (no such bucket).
func (s Slot) Seal(plain []byte, largest int) ([]Parcel, error) {
	if largest == 0 {
		largest = MaxParcel
	}
	if !isBucket(uint64(largest)) {
		return nil, fmt.Errorf("%w: no bucket of %d bytes", ErrParcel, largest)
	}
	most := capacity(largest)
	count := max(1, (len(plain)+most-1)/most)
	if count > MaxPieces {
		return nil, fmt.Errorf("%w: %d pieces", ErrTooLarge, count)
	}
	var set [16]byte
	rand.Read(set[:])
	parcels := make([]Parcel, 0, count)
	for i := range count {
		data := plain[i*most : min(len(plain), (i+1)*most)]
		p, err := s.sealPiece(Piece{Set: set, Index: i, Count: count, Data: data})
		if err != nil {
			return nil, err
		}
		parcels = append(parcels, p)
	}
	return parcels, nil
}

// capacity is how much data a parcel of a bucket holds.
func capacity(bucket int) int { return bucket - parcelOverhead - pieceHeader - 1 }

func isBucket(size uint64) bool {
	for _, b := range Buckets {
		if size == uint64(b) {
			return true
		}
	}
	return false
}

func (s Slot) sealPiece(p Piece) (Parcel, error) {
	plain := append(make([]byte, 0, pieceHeader+len(p.Data)+1), p.Set[:]...)
	plain = binary.BigEndian.AppendUint16(plain, uint16(p.Index))
	plain = binary.BigEndian.AppendUint16(plain, uint16(p.Count))
	plain = append(plain, p.Data...)
	for _, bucket := range Buckets {
		if len(p.Data) > capacity(bucket) {
			continue
		}
		padded, err := seal.PadTo(plain, bucket-parcelOverhead)
		if err != nil {
			return Parcel{}, err
		}
		sealed, err := seal.SealBytes(s.secret, label.MailboxParcel, nil, padded)
		if err != nil {
			return Parcel{}, fmt.Errorf("seal a parcel: %w", err)
		}
		return ParcelOf(sealed), nil
	}
	return Parcel{}, fmt.Errorf("%w: piece of %d bytes", ErrTooLarge, len(p.Data))
}

// Open opens a parcel that lay in this slot; ErrParcel if it is not one.
func (s Slot) Open(sealed []byte) (Piece, error) {
	if !isBucket(uint64(len(sealed))) {
		return Piece{}, fmt.Errorf("%w: %d bytes", ErrParcel, len(sealed))
	}
	padded, err := seal.OpenBytes(s.secret, label.MailboxParcel, nil, sealed)
	if err != nil {
		return Piece{}, fmt.Errorf("%w: %w", ErrParcel, err)
	}
	plain, err := seal.Unpad(padded)
	if err != nil || len(plain) < pieceHeader {
		return Piece{}, fmt.Errorf("%w: padding", ErrParcel)
	}
	p := Piece{
		Set:   [16]byte(plain[:16]),
		Index: int(binary.BigEndian.Uint16(plain[16:])),
		Count: int(binary.BigEndian.Uint16(plain[18:])),
		Data:  plain[pieceHeader:],
	}
	if p.Count < 1 || p.Count > MaxPieces || p.Index >= p.Count {
		return Piece{}, fmt.Errorf("%w: piece %d of %d", ErrParcel, p.Index, p.Count)
	}
	return p, nil
}

// Join puts the pieces of one plain text together, in any order, repeated ones
// included. ErrParcel: they are of different sets, disagree or one is missing.
// The caller keeps apart the pieces of different contacts.
func Join(pieces []Piece) ([]byte, error) {
	if len(pieces) == 0 {
		return nil, fmt.Errorf("%w: no pieces", ErrParcel)
	}
	first := pieces[0]
	parts := make([][]byte, first.Count)
	for _, p := range pieces {
		if p.Set != first.Set || p.Count != first.Count || p.Index < 0 || p.Index >= p.Count {
			return nil, fmt.Errorf("%w: pieces of different sets", ErrParcel)
		}
		parts[p.Index] = p.Data
	}
	var plain []byte
	for i, part := range parts {
		if part == nil {
			return nil, fmt.Errorf("%w: piece %d of %d is missing", ErrParcel, i, first.Count)
		}
		plain = append(plain, part...)
	}
	return plain, nil
}
