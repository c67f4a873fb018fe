package contact

import (
	"fmt"

	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/seal"
)

// An Offer is what the inviter leaves for the joiner, at its custodians if it
// is away. Who has the link opens it; a custodian cannot.
type Offer struct {
	Leaf       *identity.Leaf // of the inviter, for the 1:1 conversation
	Custodians []byte         // where to leave the request; opaque here
	Deposit    []byte         // what depositing for the inviter takes; opaque here
	Hints      []string       // multiaddrs of the inviter
}

type offerClaim struct {
	_          struct{} `cbor:",toarray"`
	Version    uint64
	Leaf       []byte
	Custodians []byte
	Deposit    []byte
	Hints      []string
}

type offerWire struct {
	_     struct{} `cbor:",toarray"`
	Claim offerClaim
	Sig   [64]byte // by the leaf's log key, over the invite's id and the claim
}

type offerSigned struct {
	_      struct{} `cbor:",toarray"`
	Invite InviteID
	Claim  offerClaim
}

const offerVersion = 1

// SealOffer signs the offer with the leaf's log key (as LogSigner.Sign does) and
// seals it under the invite's secret, to OfferSmall or OfferLarge bytes.
func SealOffer(inv Invite, o Offer, sign func([]byte) [64]byte) ([]byte, error) {
	if o.Leaf.UID() != inv.UID {
		return nil, fmt.Errorf("seal offer: %w: leaf of another user", ErrTampered)
	}
	if err := checkHints(o.Hints); err != nil {
		return nil, fmt.Errorf("seal offer: %w", err)
	}
	claim := offerClaim{Version: offerVersion, Leaf: o.Leaf.Encode(), Custodians: o.Custodians, Deposit: o.Deposit, Hints: o.Hints}
	msg, err := signable(label.OfferSignature, offerSigned{Invite: inv.ID(), Claim: claim})
	if err != nil {
		return nil, fmt.Errorf("seal offer: %w", err)
	}
	plain, err := wire.Marshal(offerWire{Claim: claim, Sig: sign(msg)})
	if err != nil {
		return nil, fmt.Errorf("seal offer: %w", err)
	}
	return inv.seal(plain)
}

// seal hides what is left for the holders of an invite, to one of two sizes.
func (inv Invite) seal(plain []byte) ([]byte, error) {
	size := OfferSmall
	if len(plain) >= OfferSmall-seal.BoxOverhead {
		size = OfferLarge
	}
	padded, err := seal.PadTo(plain, size-seal.BoxOverhead)
	if err != nil {
		return nil, fmt.Errorf("%w: offer of %d bytes", ErrTooLarge, len(plain))
	}
	return seal.SealBytes(inv.derive(label.InviteOffer), label.Offer, inv.UID[:], padded)
}

// OpenOffer opens and verifies what SealOffer sealed: that the leaf leads to the
// UID in the link, and that its log key signed the rest for this invite. An
// invite that the inviter says has ended is an *Ending; every other error wraps
// ErrTampered.
func OpenOffer(inv Invite, box []byte) (*Offer, error) {
	if len(box) != OfferSmall && len(box) != OfferLarge {
		return nil, fmt.Errorf("%w: offer of %d bytes", ErrTampered, len(box))
	}
	padded, err := seal.OpenBytes(inv.derive(label.InviteOffer), label.Offer, inv.UID[:], box)
	if err != nil {
		return nil, fmt.Errorf("%w: offer: %w", ErrTampered, err)
	}
	o, ended, err := decodeOffer(inv, padded)
	if err != nil {
		return nil, fmt.Errorf("%w: offer: %w", ErrTampered, err)
	}
	if ended != nil {
		return nil, ended
	}
	return o, nil
}

func decodeOffer(inv Invite, padded []byte) (*Offer, *Ending, error) {
	plain, err := seal.Unpad(padded)
	if err != nil {
		return nil, nil, err
	}
	var e endingWire
	if wire.Unmarshal(plain, &e) == nil && e.Claim.Version == endingVersion {
		ended, err := e.open(inv)
		return nil, ended, err
	}
	var w offerWire
	if err := wire.Unmarshal(plain, &w); err != nil {
		return nil, nil, err
	}
	if w.Claim.Version != offerVersion {
		return nil, nil, fmt.Errorf("%w %d", identity.ErrVersion, w.Claim.Version)
	}
	leaf, err := inviterLeaf(inv, w.Claim.Leaf)
	if err != nil {
		return nil, nil, err
	}
	if err := verify(leaf.Log, label.OfferSignature, offerSigned{Invite: inv.ID(), Claim: w.Claim}, w.Sig); err != nil {
		return nil, nil, err
	}
	if err := checkHints(w.Claim.Hints); err != nil {
		return nil, nil, err
	}
	return &Offer{Leaf: leaf, Custodians: w.Claim.Custodians, Deposit: w.Claim.Deposit, Hints: w.Claim.Hints}, nil, nil
}

// inviterLeaf verifies a leaf of the inviter.
func inviterLeaf(inv Invite, b []byte) (*identity.Leaf, error) {
	leaf, err := identity.DecodeLeaf(b)
	if err != nil {
		return nil, err
	}
	if leaf.UID() != inv.UID {
		return nil, fmt.Errorf("its leaf belongs to %s, the link to %s", leaf.UID(), inv.UID)
	}
	return leaf, nil
}
