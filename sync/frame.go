package dagsync

import (
	"errors"
	"fmt"

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

type nonce [32]byte

// hello starts each direction of a stream.
type hello struct {
	_           struct{} `cbor:",toarray"`
	Version     uint64
	Caps        uint64 // bit set of capabilities; unknown bits mean nothing
	MaxFrame    uint64 // longest frame that the sender takes
	MaxInflight uint64 // bytes of ENTRIES without credit that the sender takes, over all sessions
	Nonce       nonce
}

// offer opens one conversation, or answers an offer under its sid.
type offer struct {
	_   struct{} `cbor:",toarray"`
	Sid uint64
	Tag [32]byte
	Box []byte
}

type open struct {
	_      struct{} `cbor:",toarray"`
	Offers []offer
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

type (
	logTag  [8]byte
	headTag [8]byte
	digest  [16]byte
)

// row is one branch tip of one log, under the salt of the session.
type row struct {
	_    struct{} `cbor:",toarray"`
	Log  logTag
	Head headTag
	Seq  uint64
}

// Flags of STATE, HEADS and ENTRIES.
const (
	flagEqual uint64 = 1 << iota // STATE: my rows are those of your digest, which is mine
	flagMore                     // STATE: another STATE goes on with the rows
	flagHeld                     // STATE: no rows: I do not serve you yet
	flagEager                    // STATE, HEADS: the next frame of this session is an ENTRIES with req 0
	flagLast                     // ENTRIES: the answer is complete
)

// rows is the body of STATE and of HEADS.
type rows struct {
	_     struct{} `cbor:",toarray"`
	Sid   uint64
	Flags uint64
	Rows  []row
}

// wanted names entries From to To of the branch that a row advertised.
type wanted struct {
	_    struct{} `cbor:",toarray"`
	Log  logTag
	Head headTag
	From uint64
	To   uint64
}

type want struct {
	_      struct{} `cbor:",toarray"`
	Sid    uint64
	Req    uint64
	Ranges []wanted
	IDs    []Ask
}

type credit struct {
	_     struct{} `cbor:",toarray"`
	Sid   uint64
	Bytes uint64
}

// A nackCode says why something is not done.
type nackCode uint64

const (
	nackUnknown nackCode = iota + 1 // whatever went wrong with an offer or a session
	nackRemoved                     // your log was removed, and you have what tells you so
	nackBusy                        // later
	nackNotYet                      // I do not serve you yet
)

type nack struct {
	_     struct{} `cbor:",toarray"`
	Sid   uint64
	Req   uint64 // 0: the offer or the session
	Code  nackCode
	Retry uint64 // seconds
}

func encode(t frameType, v any) []byte {
	b, err := wire.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("dagsync: encode frame %d: %v", t, err)) // every frame type encodes
	}
	return append([]byte{byte(t)}, b...)
}

// decode returns a pointer to the frame that payload holds, within its limits.
func decode(payload []byte) (any, error) {
	if len(payload) == 0 {
		return nil, fmt.Errorf("%w: empty frame", errProtocol)
	}
	t, body := frameType(payload[0]), payload[1:]
	if t == typeEntries {
		return decodeEntries(body)
	}
	v := blank(t)
	if v == nil {
		return nil, fmt.Errorf("%w: frame of type %d", errProtocol, t)
	}
	if err := wire.Unmarshal(body, v); err != nil {
		return nil, fmt.Errorf("%w: frame of type %d: %w", errProtocol, t, err)
	}
	if !fits(v) {
		return nil, fmt.Errorf("%w: frame of type %d over its limits", errProtocol, t)
	}
	return v, nil
}

// heads is rows as a frame type of its own.
type heads rows

func blank(t frameType) any {
	switch t {
	case typeHello:
		return new(hello)
	case typeOpen:
		return new(open)
	case typeState:
		return new(rows)
	case typeHeads:
		return new(heads)
	case typeWant:
		return new(want)
	case typeCredit:
		return new(credit)
	case typeNack:
		return new(nack)
	}
	return nil
}

func fits(v any) bool {
	switch f := v.(type) {
	case *hello:
		return f.Version >= 1 && f.MaxFrame >= minFrame && f.MaxInflight >= minFrame
	case *open:
		return fitsOpen(f)
	case *rows:
		return fitsRows(f.Rows)
	case *heads:
		return fitsRows(f.Rows)
	case *want:
		return fitsWant(f)
	case *nack:
		return f.Code >= nackUnknown
	}
	return true
}

func fitsOpen(f *open) bool {
	for _, o := range f.Offers {
		if len(o.Box) > maxBox {
			return false
		}
	}
	return len(f.Offers) > 0 && len(f.Offers) <= maxOffers
}

func fitsRows(rs []row) bool {
	for i, r := range rs {
		if r.Seq > merkle.MaxCount || i > 0 && compareRows(rs[i-1], r) >= 0 {
			return false
		}
	}
	return len(rs) <= maxRows
}

func fitsWant(f *want) bool {
	for _, r := range f.Ranges {
		if r.From > r.To || r.To > merkle.MaxCount {
			return false
		}
	}
	for _, a := range f.IDs {
		if a.Depth > maxDepth {
			return false
		}
	}
	return f.Req > 0 && len(f.Ranges) <= maxRanges && len(f.IDs) <= maxIDs && len(f.Ranges)+len(f.IDs) > 0
}
