package chat

import (
	"fmt"
	"math"

	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
)

// Kind tells what an entry's body says. Kinds below 32 are control entries,
// sealed under the epoch's control key and readable to every later member;
// the others are messages, sealed as the history policy says.
type Kind uint8

// The kinds of entry (docs/spec/09-conversations.md, sections 2 and 3).
const (
	KindFound      Kind = 1
	KindGrant      Kind = 2
	KindRevoke     Kind = 3
	KindDemote     Kind = 4
	KindLeave      Kind = 5
	KindLeaf       Kind = 6
	KindFault      Kind = 7
	KindRekey      Kind = 8
	KindShare      Kind = 9
	KindCustodians Kind = 10 // the group's mailbox
	KindText       Kind = 32
	KindAck        Kind = 33 // says nothing: its parents say what was delivered
	KindWelcome    Kind = 34
	KindOffers     Kind = 35 // log keys under which the author may be added to groups
	KindMailbox    Kind = 36 // where to park mail for the author
	KindConsent    Kind = 37 // the author would keep the reader's mail
	KindWithdraw   Kind = 38 // and no longer does
	KindAsk        Kind = 39 // the author asks the reader to keep its mail
)

// Control reports whether entries of this kind are sealed under the control key.
func (k Kind) Control() bool { return k < KindText }

// Service reports whether the body speaks to the other node, not to a person.
func (k Kind) Service() bool { return k >= KindWelcome }

// plain is what a body decrypts to: [kind, wall time in ms, payload].
type plain struct {
	Kind    Kind
	Wall    uint64
	Payload []byte
}

// Shape tells the three uses of a conversation apart.
type Shape uint8

// The shapes.
const (
	Self   Shape = 0
	Direct Shape = 1
	Group  Shape = 2
)

// History is the policy that the founder fixes: what a newcomer may be given.
type History uint8

// The policies (docs/spec/03-keys.md, section 4).
const (
	Shared  History = 0
	Forward History = 1
)

func (h History) String() string { return [...]string{"shared", "forward"}[h&1] }

type foundBody struct {
	_        struct{} `cbor:",toarray"`
	Version  uint8
	Shape    Shape
	History  History
	Name     string
	Founders [][]byte // leaves, in order of rank
	To       []identity.UID
}

type grantBody struct {
	_       struct{} `cbor:",toarray"`
	Leaf    []byte
	Admin   bool
	History uint8 // group.History
}

type targetBody struct {
	_      struct{} `cbor:",toarray"`
	Target identity.UID
	Reason string
}

type leafBody struct {
	_    struct{} `cbor:",toarray"`
	Leaf []byte   // the log added; empty: none
	Cut  []merkle.LogKey
	Root []byte // root's signature over the leaf; empty: not by root
}

type faultBody struct {
	_ struct{} `cbor:",toarray"`
	A []byte   // two headers of one log with one seq
	B []byte
}

type rekeyBody struct {
	_     struct{} `cbor:",toarray"`
	To    []identity.UID
	Links []link
}

type link struct {
	_      struct{} `cbor:",toarray"`
	Parent merkle.ID
	Wrap   []byte
}

type shareBody struct {
	_     struct{} `cbor:",toarray"`
	Epoch merkle.ID
	To    []identity.UID
}

type textBody struct {
	_     struct{} `cbor:",toarray"`
	Text  string
	Reply []byte // 32 bytes, or none
}

// Nothing is the payload of entries whose kind says it all.
type Nothing struct {
	_ struct{} `cbor:",toarray"`
}

// SaysNothing reports whether a payload is that of Nothing.
func SaysNothing(payload []byte) bool {
	var n Nothing
	return wire.Unmarshal(payload, &n) == nil
}

func newPlain(k Kind, wall uint64, payload any) (plain, error) {
	b, err := wire.Marshal(payload)
	if err != nil {
		return plain{}, fmt.Errorf("encode %d: %w", k, err)
	}
	return plain{Kind: k, Wall: wall, Payload: b}, nil
}

const plainFields = 3

func (p plain) encode() []byte {
	b := wire.AppendArray(make([]byte, 0, 16+len(p.Payload)), plainFields)
	b = wire.AppendUint(wire.AppendUint(b, uint64(p.Kind)), p.Wall)
	return wire.AppendBytes(b, p.Payload)
}

// decodePlain leaves the payload where it is in b.
func decodePlain(b []byte) (p plain, err error) {
	d := wire.NewDecoder(b)
	n := d.Array(plainFields)
	p.Kind = Kind(d.Uint(math.MaxUint8))
	p.Wall = d.Uint(math.MaxUint64)
	p.Payload = d.Bytes(len(b))
	if err := d.End(); err != nil {
		return plain{}, err
	}
	if n != plainFields {
		return plain{}, fmt.Errorf("%w: body of %d fields", wire.ErrEncoding, n)
	}
	return p, nil
}
