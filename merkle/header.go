package merkle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// version is the first field of every header.
const version = 1

// Reasons why a header is refused at sight.
var (
	ErrHeader    = errors.New("bad header")
	ErrSignature = errors.New("bad signature")
)

// A Header is the signed part of an entry: its place in the log and in the DAG,
// and the hash of its body (docs/spec/01-log.md, section 1).
type Header struct {
	Log      LogKey
	Seq      uint64 // 0 for the first entry of a log
	Prev     ID     // the entry before in the same log; zero if Seq is 0
	Parents  []ID   // heads of other logs that the writer saw; ascending, at most MaxParents
	Height   uint64 // 1 + the greatest height of prev and parents
	Body     BlockID
	BodySize uint64 // bytes
	Sig      [ed25519.SignatureSize]byte
}

const (
	signedFields = 8
	headerFields = signedFields + 1
)

// appendFields appends an array head for n elements and the signed fields.
func (h *Header) appendFields(b []byte, n int) []byte {
	b = wire.AppendArray(b, n)
	b = wire.AppendUint(b, version)
	b = wire.AppendBytes(b, h.Log[:])
	b = wire.AppendUint(b, h.Seq)
	if h.Prev == (ID{}) {
		b = wire.AppendNull(b)
	} else {
		b = wire.AppendLink(b, wire.DagCBOR, h.Prev)
	}
	b = wire.AppendArray(b, len(h.Parents))
	for _, p := range h.Parents {
		b = wire.AppendLink(b, wire.DagCBOR, p)
	}
	b = wire.AppendUint(b, h.Height)
	b = wire.AppendLink(b, wire.Raw, h.Body)
	return wire.AppendUint(b, h.BodySize)
}

// Encode returns the header block.
func (h *Header) Encode() []byte {
	b := h.appendFields(make([]byte, 0, MaxHeader), headerFields)
	return wire.AppendBytes(b, h.Sig[:])
}

// ID returns the hash of the header block.
func (h *Header) ID() ID { return sha256.Sum256(h.Encode()) }

// Signed returns the bytes that the log key signs: a label, then the array of
// all fields but the signature.
func (h *Header) Signed() []byte {
	b := append(make([]byte, 0, len(label.LogEntry)+MaxHeader), label.LogEntry...)
	return h.appendFields(b, signedFields)
}

// Verify checks the header's own signature. An entry with a bad one may still
// be valid, by a later entry of its log.
func (h *Header) Verify() error {
	if !ed25519.Verify(h.Log[:], h.Signed(), h.Sig[:]) {
		return fmt.Errorf("%w: log %s seq %d", ErrSignature, h.Log, h.Seq)
	}
	return nil
}

// DecodeHeader decodes a header block. It is strict: any bytes but those that
// Encode writes, and any header that no honest writer could have written, are
// an error with ErrHeader in its chain. It checks no signature.
func DecodeHeader(b []byte) (Header, error) {
	if len(b) > MaxHeader {
		return Header{}, fmt.Errorf("%w: %d bytes", ErrHeader, len(b))
	}
	var h Header
	d := wire.NewDecoder(b)
	fields := d.Array(headerFields)
	v := d.Uint(version)
	d.Fixed(h.Log[:])
	h.Seq = d.Uint(MaxCount)
	first := d.Null()
	if !first {
		h.Prev = d.Link(wire.DagCBOR)
	}
	if n := d.Array(MaxParents); n > 0 {
		h.Parents = make([]ID, n)
	}
	for i := range h.Parents {
		h.Parents[i] = d.Link(wire.DagCBOR)
	}
	h.Height = d.Uint(MaxCount)
	h.Body = d.Link(wire.Raw)
	h.BodySize = d.Uint(MaxBody)
	d.Fixed(h.Sig[:])
	if err := d.End(); err != nil {
		return Header{}, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	if fields != headerFields || v != version {
		return Header{}, fmt.Errorf("%w: version %d with %d fields", ErrHeader, v, fields)
	}
	if first != (h.Seq == 0) {
		return Header{}, fmt.Errorf("%w: seq %d, but prev is null: %t", ErrHeader, h.Seq, first)
	}
	return h, h.checkLinks(first)
}

// checkLinks refuses links to nothing and parents that are unsorted, repeated
// or prev.
func (h *Header) checkLinks(first bool) error {
	if !first && h.Prev == (ID{}) {
		return fmt.Errorf("%w: prev is zero", ErrHeader)
	}
	last := ID{}
	for _, p := range h.Parents {
		if p.Compare(last) <= 0 || p == h.Prev {
			return fmt.Errorf("%w: parents not in order, repeated, or prev among them", ErrHeader)
		}
		last = p
	}
	return nil
}
