package contact

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/identity"
	"causeway/internal/wire"
	"causeway/store"
)

// An Issued is an invite in the book of the user who made it.
type Issued struct {
	Invite  Invite
	How     How // what it proves of those who use it
	Uses    int
	Left    int
	Revoked bool
	SpentBy []identity.UID
	turn    uint64
	spent   [][32]byte // digest of the request of each use
}

// Open returns why the invite cannot be used at now, or nil.
func (i Issued) Open(now time.Time) error {
	switch {
	case i.Revoked:
		return ErrRevoked
	case i.Left == 0:
		return ErrUsed
	}
	return i.Invite.Valid(now)
}

type issuedRecord struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	UID     identity.UID
	Secret  [16]byte
	Expires int64
	Hints   []string
	How     How
	Uses    int
	Left    int
	Revoked bool
	Turn    uint64
	SpentBy []identity.UID
	Spent   [][32]byte
}

const issuedVersion = 1

func inviteKey(id InviteID) []byte { return store.Key(store.SpaceContact, subInvite, id) }

func (i Issued) encode() ([]byte, error) {
	r := issuedRecord{Version: issuedVersion, UID: i.Invite.UID, Secret: i.Invite.secret, Hints: i.Invite.Hints, How: i.How,
		Uses: i.Uses, Left: i.Left, Revoked: i.Revoked, Turn: i.turn, SpentBy: i.SpentBy, Spent: i.spent}
	if !i.Invite.Expires.IsZero() {
		r.Expires = i.Invite.Expires.Unix()
	}
	return wire.Marshal(r)
}

func (b Book) putInvite(tx *store.Tx, i Issued) error {
	v, err := i.encode()
	if err != nil {
		return err
	}
	return tx.Set(inviteKey(i.Invite.ID()), v)
}

func decodeInvite(v []byte) (Issued, error) {
	var r issuedRecord
	if err := wire.Unmarshal(v, &r); err != nil {
		return Issued{}, fmt.Errorf("invite record: %w", err)
	}
	if r.Version != issuedVersion {
		return Issued{}, fmt.Errorf("invite record: %w %d", identity.ErrVersion, r.Version)
	}
	i := Issued{Invite: Invite{UID: r.UID, Hints: r.Hints, secret: r.Secret}, How: r.How, Uses: r.Uses, Left: r.Left,
		Revoked: r.Revoked, SpentBy: r.SpentBy, turn: r.Turn, spent: r.Spent}
	if r.Expires != 0 {
		i.Invite.Expires = time.Unix(r.Expires, 0).UTC()
	}
	return i, nil
}

// Issue makes an invite good for so many uses; issuing it is the user's consent
// to each. With how ByQR, whoever uses it counts as verified.
func (b Book) Issue(tx *store.Tx, inv Invite, uses int, how How) (Issued, error) {
	if inv.UID != b.self {
		return Issued{}, fmt.Errorf("issue: %w: it names another user", ErrTampered)
	}
	if uses < 1 || uses > MaxUses {
		return Issued{}, fmt.Errorf("%w: %d uses, from 1 to %d", ErrTooLarge, uses, MaxUses)
	}
	all, err := b.Invites(tx)
	if err != nil {
		return Issued{}, err
	}
	if len(all) >= MaxInvites {
		return Issued{}, fmt.Errorf("%w: %d invites", ErrFull, len(all))
	}
	if taken, err := tx.Has(inviteKey(inv.ID())); err != nil || taken {
		return Issued{}, errors.Join(err, fmt.Errorf("issue %s: %w", inv.ID(), ErrExists))
	}
	t, err := turn(tx)
	if err != nil {
		return Issued{}, err
	}
	i := Issued{Invite: inv, How: how, Uses: uses, Left: uses, turn: t}
	return i, b.putInvite(tx, i)
}

// Invite returns the invite of this id, or ErrUnknownInvite.
func (b Book) Invite(tx *store.Tx, id InviteID) (Issued, error) {
	v, err := tx.Get(inviteKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return Issued{}, fmt.Errorf("%w: %s", ErrUnknownInvite, id)
	}
	if err != nil {
		return Issued{}, err
	}
	return decodeInvite(v)
}

// Invites returns all invites issued here, spent and ended ones too, oldest first.
func (b Book) Invites(tx *store.Tx) ([]Issued, error) {
	var all []Issued
	for _, v := range tx.Scan(store.Key(store.SpaceContact, subInvite)) {
		i, err := decodeInvite(v)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	slices.SortFunc(all, func(x, y Issued) int { return int(x.turn) - int(y.turn) })
	return all, tx.Err()
}

// Revoke takes an invite back: from now on nobody can use it.
func (b Book) Revoke(tx *store.Tx, id InviteID) (Issued, error) {
	i, err := b.Invite(tx, id)
	if err != nil {
		return Issued{}, err
	}
	i.Revoked = true
	return i, b.putInvite(tx, i)
}

// RevokeAll takes every invite back that could still be used: a restored book
// does not know which ones were.
func (b Book) RevokeAll(tx *store.Tx) error {
	all, err := b.Invites(tx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Left == 0 || i.Revoked {
			continue
		}
		if _, err := b.Revoke(tx, i.Invite.ID()); err != nil {
			return err
		}
	}
	return nil
}

// Prune forgets invites that expired more than thirty days before now.
func (b Book) Prune(tx *store.Tx, now time.Time) error {
	all, err := b.Invites(tx)
	if err != nil {
		return err
	}
	for _, i := range all {
		end := i.Invite.Expires
		if !end.IsZero() && now.Unix()-end.Unix() > keepEnded {
			if err := errors.Join(tx.Delete(inviteKey(i.Invite.ID())), tx.Delete(usesKey(i.Invite.ID()))); err != nil {
				return err
			}
		}
	}
	return nil
}

// Check says whether Redeem would accept the request at now, and changes
// nothing. now is when the request arrived at the user's own node, or at a
// custodian that signed for it.
func (b Book) Check(tx *store.Tx, r *Request, now time.Time) error {
	_, _, err := b.redeemable(tx, r, now)
	return err
}

// Redeem spends a use of the invite on a request and makes its author a contact,
// both in this transaction or neither. A second copy of a redeemed request
// returns the contact and fresh false. Every refusal leaves the book as it was:
// ErrUnknownInvite, ErrTampered, ErrRevoked, ErrExpired, ErrUsed, ErrBlocked.
func (b Book) Redeem(tx *store.Tx, r *Request, now time.Time) (c Contact, fresh bool, err error) {
	i, again, err := b.redeemable(tx, r, now)
	if err != nil {
		return Contact{}, false, err
	}
	if again {
		c, err = b.read(tx, r.UID())
		return c, false, err
	}
	c, known, err := b.find(tx, r.UID())
	if err != nil {
		return Contact{}, false, err
	}
	if !known {
		if c.Name, err = b.freeName(tx, "", r.Leaf.Name, c.UID); err != nil {
			return Contact{}, false, err
		}
	}
	if c.State != Accepted && c.State != PendingOut {
		c.How, c.Invite = i.How, i.Invite.ID()
	}
	c.Verified = c.Verified || i.How == ByQR
	if err := b.admit(tx, &c, r, i.turn, now); err != nil {
		return Contact{}, false, err
	}
	i.Left--
	i.SpentBy, i.spent = append(i.SpentBy, c.UID), append(i.spent, r.digest())
	return c, true, errors.Join(keepUse(tx, i.Invite.ID(), r.Conversation()), b.putInvite(tx, i))
}

// redeemable finds the invite of a request. The MAC comes first: who has not
// seen the link learns nothing about the invite from the answer.
func (b Book) redeemable(tx *store.Tx, r *Request, now time.Time) (i Issued, again bool, err error) {
	if r.to != b.self {
		return Issued{}, false, fmt.Errorf("%w: request to another user", ErrTampered)
	}
	if i, err = b.Invite(tx, r.Invite); err != nil {
		return Issued{}, false, err
	}
	if !r.proven(i.Invite) {
		return Issued{}, false, fmt.Errorf("%w: request: MAC", ErrTampered)
	}
	c, known, err := b.find(tx, r.UID())
	switch {
	case err != nil:
		return Issued{}, false, err
	case c.State == Blocked:
		return Issued{}, false, fmt.Errorf("%w: %s", ErrBlocked, c.Name)
	case known && slices.Contains(i.spent, r.digest()):
		return i, true, nil
	}
	return i, false, i.Open(now)
}

// admit writes what a request tells of its author, now a contact.
func (b Book) admit(tx *store.Tx, c *Contact, r *Request, begun uint64, now time.Time) error {
	t, err := turn(tx)
	if err != nil {
		return err
	}
	c.accept(r.Conversation(), begun, t, now.Unix())
	c.Leaf, c.Custodians, c.Deposit = r.Leaf.Encode(), r.Custodians, r.Deposit
	return errors.Join(tx.Delete(waitingKey(c.UID)), b.put(tx, *c))
}
