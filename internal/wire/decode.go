package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// CBOR major types (RFC 8949, section 3.1).
const (
	majorUint = iota << 5
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// Simple values, with their major type.
const (
	simpleFalse = majorSimple | 20
	simpleTrue  = majorSimple | 21
	simpleNull  = majorSimple | 22
)

const tagLink = 42

// A Decoder reads canonical values from a byte slice, one call for each. The
// first error sticks: later calls return zero values, and End reports it. The
// zero Decoder has nothing to read.
type Decoder struct {
	rest []byte
	err  error
}

// NewDecoder returns a Decoder over b. What it returns aliases b.
func NewDecoder(b []byte) *Decoder { return &Decoder{rest: b} }

// End reports the first error, or bytes that nobody read.
func (d *Decoder) End() error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes too many", len(d.rest))
	}
	return d.err
}

// Err reports the first error.
func (d *Decoder) Err() error { return d.err }

func (d *Decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrEncoding, fmt.Sprintf(format, args...))
	}
	d.rest = nil
}

// head reads an initial byte and its argument, which must be as short as it can.
func (d *Decoder) head() (major byte, arg uint64) {
	if len(d.rest) == 0 {
		d.fail("unexpected end")
		return 0, 0
	}
	major, info := d.rest[0]&0xe0, d.rest[0]&0x1f
	d.rest = d.rest[1:]
	if info < 24 {
		return major, uint64(info)
	}
	size := 1 << (info - 24)
	if info > 27 || len(d.rest) < size {
		d.fail("bad length of argument")
		return 0, 0
	}
	var least uint64
	switch size {
	case 1:
		arg, least = uint64(d.rest[0]), 24
	case 2:
		arg, least = uint64(binary.BigEndian.Uint16(d.rest)), math.MaxUint8+1
	case 4:
		arg, least = uint64(binary.BigEndian.Uint32(d.rest)), math.MaxUint16+1
	case 8:
		arg, least = binary.BigEndian.Uint64(d.rest), math.MaxUint32+1
	}
	d.rest = d.rest[size:]
	if arg < least {
		d.fail("integer is not minimal")
		return 0, 0
	}
	return major, arg
}

func (d *Decoder) expect(major byte) uint64 {
	got, arg := d.head()
	if d.err == nil && got != major {
		d.fail("major type %d, want %d", got>>5, major>>5)
	}
	if d.err != nil {
		return 0
	}
	return arg
}

// Array reads the head of an array of at most limit elements and returns how
// many follow.
func (d *Decoder) Array(limit int) int {
	n := d.expect(majorArray)
	if n > uint64(limit) || n > uint64(len(d.rest)) {
		d.fail("array of %d elements", n)
		return 0
	}
	return int(n)
}

// Uint reads an unsigned integer of at most limit.
func (d *Decoder) Uint(limit uint64) uint64 {
	n := d.expect(majorUint)
	if n > limit {
		d.fail("integer %d over %d", n, limit)
		return 0
	}
	return n
}

// Bytes reads a byte string of at most limit bytes.
func (d *Decoder) Bytes(limit int) []byte {
	n := d.expect(majorBytes)
	if n > uint64(limit) {
		d.fail("byte string of %d bytes", n)
	}
	return d.take(n)
}

// Fixed reads a byte string of exactly len(to) bytes into to.
func (d *Decoder) Fixed(to []byte) {
	b := d.Bytes(len(to))
	if d.err == nil && len(b) != len(to) {
		d.fail("byte string of %d bytes, want %d", len(b), len(to))
	}
	copy(to, b)
}

func (d *Decoder) take(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail("string of %d bytes runs past the end", n)
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// Null reads a null if one is next, and says whether it was.
func (d *Decoder) Null() bool {
	if len(d.rest) == 0 || d.rest[0] != simpleNull {
		return false
	}
	d.rest = d.rest[1:]
	return true
}

// Link reads a link to a block of this codec and returns its SHA-256 digest.
func (d *Decoder) Link(c Codec) (digest [32]byte) {
	if d.expect(majorTag) != tagLink {
		d.fail("tag is not a link")
		return digest
	}
	cid := d.Bytes(cidLen)
	if d.err == nil && (len(cid) != cidLen || [len(cidPrefix)]byte(cid) != prefix(c)) {
		d.fail("link is no CIDv1 of codec %#x", byte(c))
	}
	if d.err == nil {
		copy(digest[:], cid[len(cidPrefix):])
	}
	return digest
}

// Check says whether b is exactly one value of the canonical subset: minimal
// integers, definite lengths, valid text, no maps, floats or tags but links,
// within MaxValue and MaxDepth.
func Check(b []byte) error {
	if len(b) > MaxValue {
		return fmt.Errorf("%w: %d bytes", ErrEncoding, len(b))
	}
	d := NewDecoder(b)
	d.skip(MaxDepth)
	return d.End()
}

func (d *Decoder) skip(depth int) {
	if len(d.rest) == 0 {
		d.fail("unexpected end")
		return
	}
	switch first := d.rest[0]; first & 0xe0 {
	case majorUint, majorNegative:
		d.head()
	case majorBytes:
		d.Bytes(MaxValue)
	case majorText:
		if !utf8.Valid(d.take(d.expect(majorText))) {
			d.fail("text is not UTF-8")
		}
	case majorArray:
		n := d.Array(maxElements)
		if depth == 0 {
			d.fail("arrays nest too deep")
		}
		for range n {
			if d.err != nil {
				return
			}
			d.skip(depth - 1)
		}
	case majorTag:
		d.anyLink()
	default:
		if first != simpleFalse && first != simpleTrue && first != simpleNull {
			d.fail("initial byte %#x", first)
			return
		}
		d.rest = d.rest[1:]
	}
}

func (d *Decoder) anyLink() {
	codecAt := len(tagAndHead) + 2
	if len(d.rest) > codecAt && Codec(d.rest[codecAt]) == Raw {
		d.Link(Raw)
		return
	}
	d.Link(DagCBOR)
}
