package dagsync

import (
	"errors"
	"fmt"
	"math"

	"causeway/internal/wire"
	"causeway/merkle"
)

// errProtocol is in the chain of every error that is the peer's fault: the
// stream ends and the peer is kept away for a while.
var errProtocol = errors.New("the peer broke the protocol")

// A frameType is the first byte of a frame's payload.
type frameType byte

const (
	typeHello frameType = iota + 1
	typeOpen
	typeState
	typeHeads
	typeWant
	typeEntries
	typeCredit
	typeNack
)

// A frame is one of the eight; docs/spec/06-sync.md, section 3. Each is a type
// byte and one array, laid out by hand so that nothing is allocated for a count
// before it is checked. decode reports what the limits forbid; errors of the
// encoding stick to the decoder.
type frame interface {
	kind() frameType
	append(b []byte) []byte
	decode(d *wire.Decoder) (ok bool)
}

func encode(f frame) []byte { return f.append([]byte{byte(f.kind())}) }

// decode reads the payload of a frame. What it returns aliases payload.
func decode(payload []byte) (frame, error) {
	if len(payload) == 0 {
		return nil, fmt.Errorf("%w: empty frame", errProtocol)
	}
	f := blank(frameType(payload[0]))
	if f == nil {
		return nil, fmt.Errorf("%w: frame of type %d", errProtocol, payload[0])
	}
	d := wire.NewDecoder(payload[1:])
	ok := f.decode(d)
	if err := d.End(); err != nil {
		return nil, fmt.Errorf("%w: frame of type %d: %w", errProtocol, payload[0], err)
	}
	if !ok {
		return nil, fmt.Errorf("%w: frame of type %d says what none may", errProtocol, payload[0])
	}
	return f, nil
}

func blank(t frameType) frame {
	switch t {
	case typeHello:
		return new(hello)
	case typeOpen:
		return new(open)
	case typeState:
		return new(state)
	case typeHeads:
		return new(heads)
	case typeWant:
		return new(want)
	case typeEntries:
		return new(entries)
	case typeCredit:
		return new(credit)
	case typeNack:
		return new(nack)
	}
	return nil
}

// array reads the head of an array of exactly n elements.
func array(d *wire.Decoder, n int) bool { return d.Array(n) == n }

func number(d *wire.Decoder) uint64 { return d.Uint(math.MaxUint64) }

func appendUints(b []byte, vs ...uint64) []byte {
	for _, v := range vs {
		b = wire.AppendUint(b, v)
	}
	return b
}

type nonce [32]byte

// hello starts each direction of a stream.
type hello struct {
	Version     uint64
	Caps        uint64 // bit set of capabilities; unknown bits mean nothing
	MaxFrame    uint64 // longest frame that the sender takes
	MaxInflight uint64 // bytes of ENTRIES without credit that the sender takes, over all sessions
	Nonce       nonce
}

func (*hello) kind() frameType { return typeHello }

func (f *hello) append(b []byte) []byte {
	b = appendUints(wire.AppendArray(b, 5), f.Version, f.Caps, f.MaxFrame, f.MaxInflight)
	return wire.AppendBytes(b, f.Nonce[:])
}

func (f *hello) decode(d *wire.Decoder) bool {
	ok := array(d, 5)
	f.Version, f.Caps, f.MaxFrame, f.MaxInflight = number(d), number(d), number(d), number(d)
	d.Fixed(f.Nonce[:])
	return ok && f.Version >= 1 && f.MaxFrame >= minFrame && f.MaxInflight >= minFrame
}

// open offers conversations, or answers offers under their sids.
type open struct{ Offers []offer }

type offer struct {
	Sid uint64
	Tag [32]byte
	Box []byte
}

func (*open) kind() frameType { return typeOpen }

func (f *open) append(b []byte) []byte {
	b = wire.AppendArray(wire.AppendArray(b, 1), len(f.Offers))
	for _, o := range f.Offers {
		b = wire.AppendUint(wire.AppendArray(b, 3), o.Sid)
		b = wire.AppendBytes(wire.AppendBytes(b, o.Tag[:]), o.Box)
	}
	return b
}

func (f *open) decode(d *wire.Decoder) bool {
	ok := array(d, 1)
	f.Offers = make([]offer, d.Array(maxOffers))
	for i := range f.Offers {
		o := &f.Offers[i]
		ok = array(d, 3) && ok
		o.Sid = number(d)
		d.Fixed(o.Tag[:])
		o.Box = d.Bytes(maxBox)
	}
	return ok && len(f.Offers) > 0
}

// boxed is what the box of an offer hides from strangers.
type boxed struct {
	_      struct{} `cbor:",toarray"`
	Log    merkle.LogKey
	Sig    [64]byte
	Digest digest // of the sender's rows now
	Credit uint64 // bytes of ENTRIES that the sender takes before a CREDIT
	Eager  uint64 // longest ENTRIES that the sender takes unasked; 0: none
}

// credit lets the peer send so many more bytes of ENTRIES.
type credit struct{ Sid, Bytes uint64 }

func (*credit) kind() frameType { return typeCredit }

func (f *credit) append(b []byte) []byte {
	return appendUints(wire.AppendArray(b, 2), f.Sid, f.Bytes)
}

func (f *credit) decode(d *wire.Decoder) bool {
	ok := array(d, 2)
	f.Sid, f.Bytes = number(d), number(d)
	return ok
}

// A nackCode says why something is not done.
type nackCode uint64

const (
	nackUnknown nackCode = iota + 1 // whatever went wrong with an offer
	nackRemoved                     // your log was removed, and you have what tells you so
	nackBusy                        // later
	nackNotYet                      // I do not serve you yet
)

type nack struct {
	Sid   uint64
	Req   uint64 // 0: the offer or the session
	Code  nackCode
	Retry uint64 // seconds
}

func (*nack) kind() frameType { return typeNack }

func (f *nack) append(b []byte) []byte {
	return appendUints(wire.AppendArray(b, 4), f.Sid, f.Req, uint64(f.Code), f.Retry)
}

func (f *nack) decode(d *wire.Decoder) bool {
	ok := array(d, 4)
	f.Sid, f.Req, f.Code, f.Retry = number(d), number(d), nackCode(number(d)), number(d)
	return ok && f.Code >= nackUnknown
}
