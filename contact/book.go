package contact

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/identity"
	"causeway/store"
)

// A Book is the address book of one user, in the store. It holds no state of its
// own: every method reads and writes through the transaction it is given, so
// that a contact and its conversation begin in one.
type Book struct{ self identity.UID }

// NewBook returns the book of the user self.
func NewBook(self identity.UID) Book { return Book{self} }

// What lies under store.SpaceContact.
const (
	subTurn    byte = iota // the book's counter
	subContact             // UID → contact
	subInvite              // InviteID → invite issued here
	subWaiting             // UID → request that waits
	subUses                // InviteID → what its ending names
)

func contactKey(uid identity.UID) []byte { return store.Key(store.SpaceContact, subContact, uid) }

// turn counts what happens in the book, for Contact.accept.
func turn(tx *store.Tx) (uint64, error) {
	key := store.Key(store.SpaceContact, subTurn)
	var n uint64
	b, err := tx.Get(key)
	switch {
	case err == nil && len(b) == 8:
		n = binary.BigEndian.Uint64(b)
	case !errors.Is(err, store.ErrNotFound):
		return 0, fmt.Errorf("book's counter: %w", errors.Join(err, store.ErrDamaged))
	}
	n++
	return n, tx.Set(key, binary.BigEndian.AppendUint64(nil, n))
}

// Get returns the contact of this UID, or ErrNotFound. Its slices are not to be
// written to.
func (b Book) Get(tx *store.Tx, uid identity.UID) (Contact, error) {
	h := b.hot(tx)
	if c, ok := h.byID[uid]; ok {
		return c, nil
	}
	c, err := b.read(tx, uid)
	if err == nil && len(h.byID) < maxHot {
		h.byID[uid] = c
	}
	return c, err
}

func (b Book) read(tx *store.Tx, uid identity.UID) (Contact, error) {
	v, err := tx.Get(contactKey(uid))
	if errors.Is(err, store.ErrNotFound) {
		return Contact{}, fmt.Errorf("%w: %s", ErrNotFound, uid)
	}
	if err != nil {
		return Contact{}, err
	}
	return decodeContact(v)
}

// find is Get, with absence no error.
func (b Book) find(tx *store.Tx, uid identity.UID) (c Contact, known bool, err error) {
	c, err = b.read(tx, uid)
	if errors.Is(err, ErrNotFound) {
		return Contact{UID: uid}, false, nil
	}
	return c, err == nil, err
}

func (b Book) put(tx *store.Tx, c Contact) error {
	v, err := c.encode()
	if err != nil {
		return err
	}
	tx.Forget(hotBook)
	return tx.Set(contactKey(c.UID), v)
}

// All returns every contact, by name. Their slices are not to be written to.
func (b Book) All(tx *store.Tx) ([]Contact, error) {
	h := b.hot(tx)
	if h.all == nil {
		all, err := b.readAll(tx)
		if err != nil || len(all) > maxHot {
			return all, err
		}
		h.all = all
	}
	return slices.Clone(h.all), nil
}

func (b Book) readAll(tx *store.Tx) ([]Contact, error) {
	var all []Contact
	for _, v := range tx.Scan(store.Key(store.SpaceContact, subContact)) {
		c, err := decodeContact(v)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if err := tx.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(x, y Contact) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// Edit changes what change changes of a contact, but its UID and name. An error
// of change is returned and nothing is written.
func (b Book) Edit(tx *store.Tx, uid identity.UID, change func(*Contact) error) (Contact, error) {
	c, err := b.read(tx, uid)
	if err != nil {
		return Contact{}, err
	}
	name := c.Name
	if err := change(&c); err != nil {
		return Contact{}, err
	}
	c.UID, c.Name = uid, name
	return c, b.put(tx, c)
}

// Verify notes that the user compared the safety number, or found it wrong.
func (b Book) Verify(tx *store.Tx, uid identity.UID, verified bool) (Contact, error) {
	return b.Edit(tx, uid, func(c *Contact) error { c.Verified = verified; return nil })
}

// Block makes a contact one from whom nothing is taken. A request of theirs that
// waits is dropped.
func (b Book) Block(tx *store.Tx, uid identity.UID) (Contact, error) {
	if err := tx.Delete(waitingKey(uid)); err != nil {
		return Contact{}, err
	}
	return b.Edit(tx, uid, func(c *Contact) error {
		if c.State != Blocked {
			c.Before, c.State = c.State, Blocked
		}
		return nil
	})
}

// Unblock makes a blocked contact what it was before. One whose request was
// dropped is removed, and the contact returned has no state.
func (b Book) Unblock(tx *store.Tx, uid identity.UID) (Contact, error) {
	c, err := b.read(tx, uid)
	if err != nil || c.State != Blocked {
		return c, err
	}
	c.State, c.Before = c.Before, 0
	if c.State == PendingIn {
		return Contact{UID: uid}, b.Remove(tx, uid)
	}
	return c, b.put(tx, c)
}

// Remove forgets a contact, and a request of theirs that waits.
func (b Book) Remove(tx *store.Tx, uid identity.UID) error {
	if _, err := b.Get(tx, uid); err != nil {
		return err
	}
	tx.Forget(hotBook)
	return errors.Join(tx.Delete(contactKey(uid)), tx.Delete(waitingKey(uid)))
}

// A Proposal is what the joiner keeps when it has used a link.
type Proposal struct {
	Invite       Invite
	Offer        *Offer
	How          How
	Name         string // what the user wants to call them; "" for their own name
	Conversation [32]byte
}

// Propose keeps the inviter as a contact whose answer is awaited. ErrExpired,
// ErrSelf, ErrBlocked; ErrExists with the contact if this link was used before.
// Someone known already stays as they are and gains the proposed conversation.
func (b Book) Propose(tx *store.Tx, p Proposal, now time.Time) (Contact, error) {
	uid := p.Invite.UID
	if uid == b.self {
		return Contact{}, ErrSelf
	}
	if err := p.Invite.Valid(now); err != nil {
		return Contact{}, err
	}
	c, known, err := b.find(tx, uid)
	if err != nil {
		return Contact{}, err
	}
	switch {
	case c.State == Blocked:
		return Contact{}, fmt.Errorf("%w: %s", ErrBlocked, c.Name)
	case known && c.Invite == p.Invite.ID():
		return c, fmt.Errorf("%w: %s", ErrExists, c.Name)
	case !known:
		if c.Name, err = b.freeName(tx, p.Name, p.Offer.Leaf.Name, uid); err != nil {
			return Contact{}, err
		}
	}
	if c.ProposedTurn, err = turn(tx); err != nil {
		return Contact{}, err
	}
	if c.State != Accepted {
		c.State, c.How, c.Conversation = PendingOut, p.How, p.Conversation
	}
	c.Verified = c.Verified || p.How == ByQR
	c.Invite, c.Leaf = p.Invite.ID(), p.Offer.Leaf.Encode()
	c.Proposed = appendConv(c.Proposed, p.Conversation)
	c.Custodians, c.Deposit, c.Addrs = p.Offer.Custodians, p.Offer.Deposit, p.Offer.Hints
	return c, errors.Join(tx.Delete(waitingKey(uid)), b.put(tx, c))
}

// Confirm notes that the inviter accepted the conversation that we proposed.
// ErrNotFound if we proposed no such one to it, ErrBlocked. It may be said twice.
func (b Book) Confirm(tx *store.Tx, uid identity.UID, conv [32]byte, now time.Time) (Contact, error) {
	c, err := b.read(tx, uid)
	switch {
	case err != nil:
		return Contact{}, err
	case c.State == Blocked:
		return Contact{}, fmt.Errorf("%w: %s", ErrBlocked, c.Name)
	case slices.Contains(c.Proposed, conv):
	case slices.Contains(c.Conversations(), conv):
		return c, nil
	default:
		return Contact{}, fmt.Errorf("%w: no such conversation was proposed to %s", ErrNotFound, c.Name)
	}
	t, err := turn(tx)
	if err != nil {
		return Contact{}, err
	}
	c.accept(conv, c.ProposedTurn, t, now.Unix())
	return c, b.put(tx, c)
}
