package wire

import "encoding/binary"

// A Codec says what a linked block holds: a multicodec code below 128.
type Codec byte

// The two codecs of Causeway's blocks.
const (
	Raw     Codec = 0x55 // bytes
	DagCBOR Codec = 0x71 // one canonical value
)

// A link is tag 42 over a byte string: 0x00, then a CIDv1 with a SHA-256
// multihash.
var (
	tagAndHead = [...]byte{majorTag | 24, tagLink, majorBytes | 24, cidLen}
	cidPrefix  = prefix(DagCBOR)
)

const cidLen = 5 + 32

func prefix(c Codec) [5]byte { return [5]byte{0x00, 0x01, byte(c), 0x12, 0x20} }

func appendHead(b []byte, major byte, arg uint64) []byte {
	switch {
	case arg < 24:
		return append(b, major|byte(arg))
	case arg < 1<<8:
		return append(b, major|24, byte(arg))
	case arg < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(arg))
	case arg < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(arg))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), arg)
}

// AppendArray appends the head of an array of n elements.
func AppendArray(b []byte, n int) []byte { return appendHead(b, majorArray, uint64(n)) }

// AppendUint appends an unsigned integer.
func AppendUint(b []byte, v uint64) []byte { return appendHead(b, majorUint, v) }

// AppendBytes appends a byte string.
func AppendBytes(b, v []byte) []byte { return append(appendHead(b, majorBytes, uint64(len(v))), v...) }

// AppendNull appends a null.
func AppendNull(b []byte) []byte { return append(b, simpleNull) }

// AppendLink appends a link to the block of this codec with this SHA-256 digest.
func AppendLink(b []byte, c Codec, digest [32]byte) []byte {
	p := prefix(c)
	b = append(append(b, tagAndHead[:]...), p[:]...)
	return append(b, digest[:]...)
}
