package contact

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/store"
)

// An Ending is the inviter's word, in the place of its offer, that an invite can
// be used no more. To the joiner it is an error that wraps Why.
type Ending struct {
	Why  error      // ErrUsed or ErrRevoked
	Uses [][32]byte // the conversations that its requests proposed, as useOf hides them
}

func (e *Ending) Error() string { return e.Why.Error() }

// Unwrap returns Why.
func (e *Ending) Unwrap() error { return e.Why }

// Tells reports whether the invite ended with this very conversation, so that
// its answer is on the way.
func (e *Ending) Tells(inv Invite, conv [32]byte) bool {
	return slices.Contains(e.Uses, useOf(inv.ID(), conv))
}

// useOf names a conversation to those who know it, and to nobody else.
func useOf(id InviteID, conv [32]byte) [32]byte { return sha256.Sum256(append(id[:], conv[:]...)) }

type endingClaim struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Leaf    []byte
	Why     uint64
	Uses    [][32]byte
}

type endingWire struct {
	_     struct{} `cbor:",toarray"`
	Claim endingClaim
	Sig   [64]byte // by the leaf's log key, over the invite's id and the claim
}

type endingSigned struct {
	_      struct{} `cbor:",toarray"`
	Invite InviteID
	Claim  endingClaim
}

const endingVersion = 2 // of an offer's claim

// endings are the reasons by their numbers.
var endings = []error{1: ErrUsed, 2: ErrRevoked}

// Ending returns what to tell the holders of an invite at now: nil while it is
// open, and once it has expired, which its link tells.
func (b Book) Ending(tx *store.Tx, i Issued, now time.Time) (*Ending, error) {
	why := slices.IndexFunc(endings, func(e error) bool { return e != nil && errors.Is(i.Open(now), e) })
	if why < 0 || i.Invite.Valid(now) != nil {
		return nil, nil
	}
	e := &Ending{Why: endings[why]}
	var err error
	e.Uses, err = readUses(tx, i.Invite.ID())
	return e, err
}

func usesKey(id InviteID) []byte { return store.Key(store.SpaceContact, subUses, id) }

// readUses returns what an ending of an invite names. It is kept apart from the
// contacts: whoever used the invite did so, removed since or not.
func readUses(tx *store.Tx, id InviteID) (uses [][32]byte, err error) {
	v, err := tx.Get(usesKey(id))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := wire.Unmarshal(v, &uses); err != nil {
		return nil, fmt.Errorf("uses of invite %s: %w", id, err)
	}
	return uses, nil
}

// keepUse notes that a use of an invite was spent on a conversation.
func keepUse(tx *store.Tx, id InviteID, conv [32]byte) error {
	uses, err := readUses(tx, id)
	if err != nil {
		return err
	}
	uses = append(uses, useOf(id, conv))
	v, err := wire.Marshal(uses[max(0, len(uses)-maxEndingUses):])
	if err != nil {
		return err
	}
	return tx.Set(usesKey(id), v)
}

// SealEnding is SealOffer for an invite that has ended.
func SealEnding(inv Invite, leaf *identity.Leaf, e *Ending, sign func([]byte) [64]byte) ([]byte, error) {
	why := slices.Index(endings, e.Why)
	if leaf.UID() != inv.UID || why < 1 {
		return nil, fmt.Errorf("seal ending: %w: leaf of another user, or no reason", ErrTampered)
	}
	claim := endingClaim{Version: endingVersion, Leaf: leaf.Encode(), Why: uint64(why), Uses: e.Uses}
	msg, err := signable(label.OfferSignature, endingSigned{Invite: inv.ID(), Claim: claim})
	if err != nil {
		return nil, fmt.Errorf("seal ending: %w", err)
	}
	plain, err := wire.Marshal(endingWire{Claim: claim, Sig: sign(msg)})
	if err != nil {
		return nil, fmt.Errorf("seal ending: %w", err)
	}
	return inv.seal(plain)
}

// open verifies an ending as decodeOffer verifies an offer.
func (w endingWire) open(inv Invite) (*Ending, error) {
	leaf, err := inviterLeaf(inv, w.Claim.Leaf)
	if err != nil {
		return nil, err
	}
	if err := verify(leaf.Log, label.OfferSignature, endingSigned{Invite: inv.ID(), Claim: w.Claim}, w.Sig); err != nil {
		return nil, err
	}
	if w.Claim.Why < 1 || w.Claim.Why >= uint64(len(endings)) {
		return nil, fmt.Errorf("ended for reason %d", w.Claim.Why)
	}
	return &Ending{Why: endings[w.Claim.Why], Uses: w.Claim.Uses}, nil
}
