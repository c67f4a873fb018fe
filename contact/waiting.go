package contact

import (
	"errors"
	"fmt"
	"time"

	"causeway/identity"
	"causeway/store"
)

func waitingKey(uid identity.UID) []byte { return store.Key(store.SpaceContact, subWaiting, uid) }

// Hold keeps a request that no invite covers until the user answers it. Whether
// such requests are wanted at all is the caller's to know. A later request of
// the same author replaces an earlier. ErrBlocked, ErrFull; ErrExists with the
// contact if its author is one already.
func (b Book) Hold(tx *store.Tx, r *Request, how How, introducer identity.UID) (Contact, error) {
	if r.to != b.self || r.Invite != (InviteID{}) {
		return Contact{}, fmt.Errorf("hold request: %w", ErrTampered)
	}
	c, known, err := b.find(tx, r.UID())
	switch {
	case err != nil:
		return Contact{}, err
	case c.State == Blocked:
		return Contact{}, fmt.Errorf("%w: %s", ErrBlocked, c.Name)
	case known && c.State != PendingIn:
		return c, fmt.Errorf("%w: %s", ErrExists, c.Name)
	case !known:
		if c.Name, err = b.room(tx, r); err != nil {
			return Contact{}, err
		}
	}
	if c.ProposedTurn, err = turn(tx); err != nil {
		return Contact{}, err
	}
	c.State, c.How, c.Introducer = PendingIn, how, introducer
	return c, errors.Join(tx.Set(waitingKey(c.UID), r.raw), b.put(tx, c))
}

// room returns the name of a new contact whose request will wait, or ErrFull.
func (b Book) room(tx *store.Tx, r *Request) (string, error) {
	n := 0
	for range tx.Scan(store.Key(store.SpaceContact, subWaiting)) {
		n++
	}
	if err := tx.Err(); err != nil {
		return "", err
	}
	if n >= MaxWaiting {
		return "", fmt.Errorf("%w: %d requests", ErrFull, n)
	}
	return b.freeName(tx, "", r.Leaf.Name, r.UID())
}

// Waiting returns the requests that wait for the user, by UID.
func (b Book) Waiting(tx *store.Tx) ([]*Request, error) {
	var all []*Request
	for _, v := range tx.Scan(store.Key(store.SpaceContact, subWaiting)) {
		r, err := decodeRequest(b.self, v)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, tx.Err()
}

// Accept makes the author of a waiting request a contact and returns the
// request, whose conversation the caller joins; ErrNotFound if none waits.
func (b Book) Accept(tx *store.Tx, uid identity.UID, now time.Time) (Contact, *Request, error) {
	c, err := b.read(tx, uid)
	if err != nil {
		return Contact{}, nil, err
	}
	v, err := tx.Get(waitingKey(uid))
	if errors.Is(err, store.ErrNotFound) {
		return Contact{}, nil, fmt.Errorf("%w: no request of %s waits", ErrNotFound, c.Name)
	}
	if err != nil {
		return Contact{}, nil, err
	}
	r, err := decodeRequest(b.self, v)
	if err != nil {
		return Contact{}, nil, err
	}
	begun := c.ProposedTurn
	c.ProposedTurn = 0
	if err := b.admit(tx, &c, r, begun, now); err != nil {
		return Contact{}, nil, err
	}
	return c, r, nil
}

// Decline forgets a waiting request and its author; ErrNotFound if none waits.
func (b Book) Decline(tx *store.Tx, uid identity.UID) error {
	waits, err := tx.Has(waitingKey(uid))
	if err != nil {
		return err
	}
	if !waits {
		return fmt.Errorf("%w: no request of %s waits", ErrNotFound, uid)
	}
	return b.Remove(tx, uid)
}
