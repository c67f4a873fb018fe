package chat

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/group"
	"causeway/identity"
	"causeway/internal/planted"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// ErrNotAllowed: this user's role does not permit the act.
var ErrNotAllowed = errors.New("only an admin who is senior to them can do that")

// ErrNoChange: there is nothing to do, or no room to do it.
var ErrNoChange = errors.New("nothing changed")

// ErrNoOffer: the user to be added has offered no log key yet.
var ErrNoOffer = errors.New("their node has not said yet under which key it can be added; try again when you have both been online")

// Add admits a contact under a log key that it has on offer, and returns the
// welcome to be sent to it. history: how much of the past it may read.
func (w *Writer) Add(uid identity.UID, h group.History) (Welcome, error) {
	if !w.s.Fold.MayAdmit(w.c.set.me.UID) {
		return Welcome{}, ErrNotAllowed
	}
	if _, in := w.s.Fold.Member(uid); in {
		return Welcome{}, fmt.Errorf("%w: already a member", ErrNoChange)
	}
	if len(w.s.Fold.Members()) >= MaxMembers {
		return Welcome{}, fmt.Errorf("%w: a group has at most %d members for now", ErrNoChange, MaxMembers)
	}
	leaf, err := w.c.set.takeOffer(w.tx, uid)
	if err != nil {
		return Welcome{}, err
	}
	return w.admit(leaf, h, false)
}

// AddSince is Add for a newcomer who may read what was said from the first change
// of key after a time on: a key opens all that was said under it, so none older
// is given. ErrNoChange if no key was made since then.
func (w *Writer) AddSince(uid identity.UID, since time.Time) (Welcome, error) {
	var later []*epoch
	for _, e := range w.newestFirst() {
		if e.keys.Full() && e.created >= uint64(since.UnixMilli()) {
			later = append(later, e)
		}
	}
	if w.s.History == Forward || len(later) == 0 {
		return Welcome{}, fmt.Errorf("%w: no key of this group was made since then that could be given", ErrNoChange)
	}
	wc, err := w.Add(uid, group.HistoryNone)
	if err != nil {
		return wc, err
	}
	best := w.best()
	for _, e := range later {
		if err := w.share(best, e, []identity.UID{uid}); err != nil {
			return wc, err
		}
	}
	return wc, nil
}

func (w *Writer) admit(leaf *identity.Leaf, h group.History, admin bool) (Welcome, error) {
	if _, err := w.control(KindGrant, &grantBody{Leaf: leaf.Encode(), Admin: admin, History: uint8(h)}); err != nil {
		return Welcome{}, err
	}
	e, err := w.ready()
	if err != nil {
		return Welcome{}, err
	}
	return w.welcome(merkle.LogKey(leaf.Log), e)
}

// welcome carries the secrets of the newest epoch and of those before it, so
// that the newcomer is recognised by members who have not heard of it yet.
func (w *Writer) welcome(log merkle.LogKey, newest *epoch) (Welcome, error) {
	wc := Welcome{Group: w.c.ID, Name: w.s.Name, Log: log}
	for _, s := range w.s.secrets() {
		if len(wc.Keys) == maxLinks && s.Epoch != newest.id {
			continue
		}
		if s.Epoch != newest.id {
			s.Mbx = [32]byte{}
		}
		wc.Keys = append(wc.Keys, s)
	}
	slices.SortFunc(wc.Keys, func(a, b Secrets) int { return bytes.Compare(a.Epoch[:], b.Epoch[:]) })
	return wc, nil
}

// Remove ends a member's tenures and changes the key. The removal is sealed
// under the old key, so that the removed one can learn of it.
func (w *Writer) Remove(uid identity.UID, reason string) error {
	if !w.s.Fold.MayRemove(w.c.set.me.UID, uid) {
		return ErrNotAllowed
	}
	if _, err := w.control(KindRevoke, &targetBody{Target: uid, Reason: reason}); err != nil {
		return err
	}
	if planted.Is(planted.NoK4) {
		return nil
	}
	_, err := w.rekey()
	return err
}

// Promote makes a member an admin; Demote makes an admin a member again.
func (w *Writer) Promote(uid identity.UID) error {
	m, in := w.s.Fold.Member(uid)
	if !in || len(m.Logs) == 0 || !w.s.Fold.MayAdmit(w.c.set.me.UID) {
		return ErrNotAllowed
	}
	leaf := w.s.byLog[m.Logs[0]] // a promotion names the log already in use (rule D1)
	if leaf == nil {
		return ErrNotAllowed
	}
	if m.Role == group.Admin {
		return fmt.Errorf("%w: already an admin", ErrNoChange)
	}
	_, err := w.control(KindGrant, &grantBody{Leaf: leaf.Encode(), Admin: true, History: uint8(m.History)})
	return err
}

// Demote ends the admin tenures that the author outranks.
func (w *Writer) Demote(uid identity.UID) error {
	if !w.s.Fold.MayDemote(w.c.set.me.UID, uid) {
		return ErrNotAllowed
	}
	_, err := w.control(KindDemote, &targetBody{Target: uid})
	return err
}

// Leave ends this user's own tenure. The others change the key when they see it.
func (w *Writer) Leave() error {
	if _, in := w.s.Fold.Member(w.c.set.me.UID); !in {
		return ErrNotMember
	}
	_, err := w.control(KindLeave, &Nothing{})
	return err
}

// Senior reports whether a user is the most senior member: the one on whom it
// falls to act when any member could.
func (w *Writer) Senior(uid identity.UID) bool {
	all := w.s.Fold.Members()
	return len(all) > 0 && all[0].User == uid
}

func historyAll(m group.Member) bool { return m.History == group.HistoryAll }

// Offers is the payload of KindOffers: leaves under which the author may be
// added to groups.
type Offers struct {
	_      struct{} `cbor:",toarray"`
	Leaves [][]byte
}

// MakeOffers makes n fresh logs for one contact to add this user with.
func (s *Set) MakeOffers(tx *store.Tx, to identity.UID, n int) (Offers, error) {
	var o Offers
	for range n {
		l, err := s.NewLog(tx)
		if err == nil {
			err = tx.Set(offeredKey(to, l.Log), []byte{})
		}
		if err != nil {
			return o, err
		}
		o.Leaves = append(o.Leaves, l.Encode())
	}
	return o, nil
}

func offeredKey(to identity.UID, log merkle.LogKey) []byte {
	return store.Key(store.SpaceChat, byte(subOffered), to, log)
}

// KeepOffers stores what a contact offers; anything that is not its own is
// dropped, and no more than MaxOffers are kept.
func (s *Set) KeepOffers(tx *store.Tx, from identity.UID, payload []byte) error {
	var o Offers
	if err := wire.Unmarshal(payload, &o); err != nil {
		return nil // says nothing that we understand
	}
	have := 0
	for range tx.Scan(store.Key(store.SpaceChat, byte(subOffer), from)) {
		have++
	}
	for _, b := range o.Leaves {
		l, err := identity.DecodeLeaf(b)
		if err != nil || l.UID() != from || have >= MaxOffers {
			continue
		}
		have++
		if err := tx.Set(store.Key(store.SpaceChat, byte(subOffer), from, l.Log), b); err != nil {
			return err
		}
	}
	return tx.Err()
}

// Offered counts the log keys that a contact has on offer.
func (s *Set) Offered(tx *store.Tx, uid identity.UID) (n int) {
	for range tx.Scan(store.Key(store.SpaceChat, byte(subOffer), uid)) {
		n++
	}
	return n
}

func (s *Set) takeOffer(tx *store.Tx, uid identity.UID) (*identity.Leaf, error) {
	for k, v := range tx.Scan(store.Key(store.SpaceChat, byte(subOffer), uid)) {
		leaf, err := identity.DecodeLeaf(v)
		if err != nil {
			return nil, err
		}
		return leaf, tx.Delete(k)
	}
	return nil, errors.Join(tx.Err(), ErrNoOffer)
}

func sortUIDs(u []identity.UID) {
	slices.SortFunc(u, func(a, b identity.UID) int { return bytes.Compare(a[:], b[:]) })
}

func sortLinks(l []link) {
	slices.SortFunc(l, func(a, b link) int { return bytes.Compare(a.Parent[:], b.Parent[:]) })
}

func containsUID(us []identity.UID, u identity.UID) bool { return slices.Contains(us, u) }

func (s *Set) kems(shape Shape) []*seal.KEM {
	if shape == Self {
		return s.me.Own
	}
	return s.me.KEMs
}
