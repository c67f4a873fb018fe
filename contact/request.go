package contact

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/seal"
)

// A Request asks the inviter to become a contact. It is all that a stranger can
// leave: one parcel. One that OpenRequest returned is verified but for its MAC,
// which takes the invite's secret: see Book.Redeem.
type Request struct {
	Invite      InviteID       // zero: not by an invite
	Leaf        *identity.Leaf // of the joiner, for the 1:1 conversation
	FoundHeader []byte         // header block of the proposed first entry; opaque here
	FoundBody   []byte         // its body block; opaque here
	Custodians  []byte         // where to leave mail for the joiner; opaque here
	Deposit     []byte         // what depositing for the joiner takes; opaque here
	mac         [32]byte
	to          identity.UID
	raw         []byte
}

type requestClaim struct {
	_           struct{} `cbor:",toarray"`
	Version     uint64
	Invite      InviteID
	Leaf        []byte
	FoundHeader []byte
	FoundBody   []byte
	Custodians  []byte
	Deposit     []byte
}

type requestWire struct {
	_     struct{} `cbor:",toarray"`
	Claim requestClaim
	MAC   [32]byte // under the invite's MAC key; zero without an invite
	Sig   [64]byte // by the leaf's log key
}

// requestBound is what the MAC covers, and with the MAC the signature: it names
// the recipient, so that nobody can pass a request on to another.
type requestBound struct {
	_     struct{} `cbor:",toarray"`
	To    identity.UID
	Claim requestClaim
}

type requestSigned struct {
	_     struct{} `cbor:",toarray"`
	Bound requestBound
	MAC   [32]byte
}

const requestVersion = 1

// requestPadded is the size of a request within its box.
const requestPadded = RequestSize - seal.BoxToOverhead

// SealRequest builds the parcel for the inviter, RequestSize bytes: with the MAC
// of the invite (nil if none led here), signed by the leaf's log key (as
// LogSigner.Sign does), sealed to the KEM key of the inviter's leaf. ErrTooLarge
// if it does not fit. It sets r.Invite.
func SealRequest(to *identity.Leaf, inv *Invite, r *Request, sign func([]byte) [64]byte) ([]byte, error) {
	r.Invite, r.mac, r.to = InviteID{}, [32]byte{}, to.UID()
	if inv != nil {
		if inv.UID != r.to {
			return nil, fmt.Errorf("seal request: %w: the invite is of another user", ErrTampered)
		}
		r.Invite = inv.ID()
		mac, err := inv.mac(requestBound{To: r.to, Claim: r.claim()})
		if err != nil {
			return nil, fmt.Errorf("seal request: %w", err)
		}
		r.mac = mac
	}
	msg, err := signable(label.RequestSignature, r.signed())
	if err != nil {
		return nil, fmt.Errorf("seal request: %w", err)
	}
	if r.raw, err = wire.Marshal(requestWire{Claim: r.claim(), MAC: r.mac, Sig: sign(msg)}); err != nil {
		return nil, fmt.Errorf("seal request: %w", err)
	}
	padded, err := seal.PadTo(r.raw, requestPadded)
	if err != nil {
		return nil, fmt.Errorf("%w: request of %d bytes", ErrTooLarge, len(r.raw))
	}
	return seal.SealTo(to.KEM, label.Request, padded)
}

// OpenRequest opens a parcel with the first of the user's KEM keys that does,
// and verifies all that needs no book: form, leaf, and the log key's signature
// over everything and the recipient. Every error wraps ErrTampered or ErrSelf.
func OpenRequest(to identity.UID, parcel []byte, keys ...*seal.KEM) (*Request, error) {
	if len(parcel) != RequestSize {
		return nil, fmt.Errorf("%w: request of %d bytes", ErrTampered, len(parcel))
	}
	for _, k := range keys {
		padded, err := seal.OpenTo(k, label.Request, parcel)
		if errors.Is(err, seal.ErrOpen) {
			continue
		}
		plain, err := seal.Unpad(padded)
		if err != nil {
			return nil, fmt.Errorf("%w: request: %w", ErrTampered, err)
		}
		return decodeRequest(to, plain)
	}
	return nil, fmt.Errorf("%w: request: sealed to no key of ours", ErrTampered)
}

// decodeRequest reads and verifies what lies in the parcel, or in the book.
func decodeRequest(to identity.UID, plain []byte) (*Request, error) {
	var w requestWire
	if err := wire.Unmarshal(plain, &w); err != nil {
		return nil, fmt.Errorf("%w: request: %w", ErrTampered, err)
	}
	c := w.Claim
	if c.Version != requestVersion {
		return nil, fmt.Errorf("%w: request: %w %d", ErrTampered, identity.ErrVersion, c.Version)
	}
	leaf, err := identity.DecodeLeaf(c.Leaf)
	if err != nil {
		return nil, fmt.Errorf("%w: request: %w", ErrTampered, err)
	}
	r := &Request{Invite: c.Invite, Leaf: leaf, FoundHeader: c.FoundHeader, FoundBody: c.FoundBody,
		Custodians: c.Custodians, Deposit: c.Deposit, mac: w.MAC, to: to, raw: plain}
	if r.Invite == (InviteID{}) && r.mac != [32]byte{} {
		return nil, fmt.Errorf("%w: request: MAC without invite", ErrTampered)
	}
	if err := verify(leaf.Log, label.RequestSignature, r.signed(), w.Sig); err != nil {
		return nil, fmt.Errorf("%w: request: %w", ErrTampered, err)
	}
	if leaf.UID() == to {
		return nil, fmt.Errorf("request: %w", ErrSelf)
	}
	return r, nil
}

// UID returns who asks.
func (r *Request) UID() identity.UID { return r.Leaf.UID() }

// Conversation returns the id of the proposed conversation: the digest of the
// header of its first entry.
func (r *Request) Conversation() [32]byte { return sha256.Sum256(r.FoundHeader) }

func (r *Request) claim() requestClaim {
	return requestClaim{Version: requestVersion, Invite: r.Invite, Leaf: r.Leaf.Encode(),
		FoundHeader: r.FoundHeader, FoundBody: r.FoundBody, Custodians: r.Custodians, Deposit: r.Deposit}
}

func (r *Request) signed() requestSigned {
	return requestSigned{Bound: requestBound{To: r.to, Claim: r.claim()}, MAC: r.mac}
}

// digest tells a second copy of a request from a second request.
func (r *Request) digest() [32]byte { return sha256.Sum256(r.raw) }

// proven says whether who made the request had the invite's link.
func (r *Request) proven(inv Invite) bool {
	want, err := inv.mac(r.signed().Bound)
	return err == nil && hmac.Equal(want[:], r.mac[:])
}

func (inv Invite) mac(b requestBound) ([32]byte, error) {
	msg, err := signable(label.RequestMAC, b)
	if err != nil {
		return [32]byte{}, err
	}
	key := inv.derive(label.InviteMAC)
	h := hmac.New(sha256.New, key[:])
	h.Write(msg)
	return [32]byte(h.Sum(nil)), nil
}

// signable returns label ‖ canonical CBOR of v, which is an array: its first
// byte can stand in no label, so the two cannot run into each other.
func signable(purpose string, v any) ([]byte, error) {
	b, err := wire.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append([]byte(purpose), b...), nil
}

func verify(key [32]byte, purpose string, v any, sig [64]byte) error {
	msg, err := signable(purpose, v)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key[:], msg, sig[:]) {
		return identity.ErrSignature
	}
	return nil
}
