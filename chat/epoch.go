package chat

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"causeway/identity"
	"causeway/internal/planted"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// ErrNoKey: no usable key is held and none can be made.
var ErrNoKey = errors.New("no key of this conversation is held yet")

// epoch is what this device knows of one rekey (or of found, the first).
type epoch struct {
	id      merkle.ID
	keys    *seal.Epoch
	to      map[identity.UID]bool // users known to be able to derive it
	created uint64                // ms, as its author claims
	linked  bool                  // another held epoch names it as parent
}

// epochRecord is an epoch in the store.
type epochRecord struct {
	_       struct{} `cbor:",toarray"`
	Keys    []byte
	To      []identity.UID
	Created uint64
	Linked  bool
}

func (w *Writer) saveEpoch(e *epoch) error {
	r := epochRecord{Keys: e.keys.Encode(), Created: e.created, Linked: e.linked}
	for u := range e.to {
		r.To = append(r.To, u)
	}
	sortUIDs(r.To)
	w.own().epochs[e.id] = e
	return put(w.tx, w.c.key(subEpoch, e.id), &r)
}

func (r *epochRecord) epoch(id merkle.ID) (*epoch, error) {
	k, err := seal.DecodeEpoch(r.Keys)
	if err != nil {
		return nil, err
	}
	e := &epoch{id: id, keys: k, to: map[identity.UID]bool{}, created: r.Created, linked: r.Linked}
	for _, u := range r.To {
		e.to[u] = true
	}
	return e, nil
}

// adopt keeps the key of an epoch, better than what was known of it before. A
// key that somebody shares or links counts only if the epoch's own first body
// commits to it: else it is absent to me (K6).
func (w *Writer) adopt(id merkle.ID, k *seal.Epoch, created uint64, to []identity.UID) error {
	if !w.fits(id, k) {
		return nil
	}
	keys := *k // which may be held already, and read by others meanwhile
	e := &epoch{id: id, keys: &keys, to: map[identity.UID]bool{}, created: created}
	if old := w.s.epochs[id]; old != nil {
		e.linked, e.created = old.linked, max(old.created, created)
		for u := range old.to {
			e.to[u] = true
		}
		if err := e.keys.Merge(old.keys); err != nil {
			return nil // the same control key with another history key
		}
	}
	for _, u := range to {
		if _, in := w.s.Fold.Member(u); in { // an author may list anybody
			e.to[u] = true
		}
	}
	w.rescan, w.recent = true, nil
	return w.saveEpoch(e)
}

// fits reports whether the found or rekey entry that made an epoch is sealed
// under this key.
func (w *Writer) fits(id merkle.ID, k *seal.Epoch) bool {
	e, err := w.c.dag.Get(w.tx, id)
	if err != nil {
		return false
	}
	s, err := seal.Parse(e.Body)
	if err != nil || len(s.Slots) == 0 {
		return false
	}
	_, ok := s.Try(k.Ctl())
	return ok
}

// salt returns the group id that salts an epoch's keys: none for the first.
func (c *Conversation) salt(epoch merkle.ID) [32]byte {
	if epoch == c.ID {
		return [32]byte{}
	}
	return [32]byte(c.ID)
}

// best is the key to write under (K2): the usable held one that stands highest.
func (w *Writer) best() *epoch {
	var best *epoch
	var top merkle.Header
	for id, e := range w.s.epochs {
		if !e.keys.Full() || !w.s.Fold.Usable(id) {
			continue
		}
		h, err := w.c.dag.Get(w.tx, id)
		if err != nil {
			continue
		}
		if best == nil || h.Height > top.Height || h.Height == top.Height && bytes.Compare(id[:], best.id[:]) > 0 {
			best, top = e, h.Header
		}
	}
	return best
}

// due reports whether the routine rekey of K4 falls to this writer.
func (w *Writer) due(e *epoch) bool {
	if w.s.Shape == Self {
		return false
	}
	old := w.now.Sub(time.UnixMilli(int64(e.created))) > rekeyEvery
	return old || w.spent(e) >= rekeyCount
}

// spent counts this device's messages under a key.
func (w *Writer) spent(e *epoch) uint64 {
	var n uint64
	if err := get(w.tx, w.c.key(subChain, e.id, [32]byte{}), &n); err != nil {
		return 0
	}
	return n
}

func (w *Writer) spend(e *epoch) error {
	return put(w.tx, w.c.key(subChain, e.id, [32]byte{}), w.spent(e)+1)
}

func (w *Writer) fullHistory(users []identity.UID) bool {
	for _, u := range users {
		if m, ok := w.s.Fold.Member(u); !ok || !historyAll(m) {
			return false
		}
	}
	return true
}

// rekey publishes a fresh key for every live member (K4).
func (w *Writer) rekey() (*epoch, error) {
	key := seal.NewKey()
	k := seal.Derive([32]byte(w.c.ID), key)
	var body rekeyBody
	for _, e := range w.newestFirst() {
		if e.linked || len(body.Links) == maxLinks {
			continue
		}
		wrap, err := seal.Link(k, e.keys, [32]byte(e.id), w.s.History == Shared)
		if err != nil {
			return nil, err
		}
		body.Links = append(body.Links, link{Parent: e.id, Wrap: wrap})
		e := *e
		e.linked = true
		if err := w.saveEpoch(&e); err != nil {
			return nil, err
		}
	}
	sortLinks(body.Links)
	to, kems, contents := w.recipients(key, nil)
	if len(to) > MaxMembers {
		return nil, fmt.Errorf("a conversation has at most %d members for now", MaxMembers)
	}
	body.To = to
	e, err := w.appendSlots(KindRekey, &body, k.Ctl(), kems, contents)
	if err != nil {
		return nil, err
	}
	if err := w.adopt(e.ID, k, uint64(w.now.UnixMilli()), to); err != nil {
		return nil, err
	}
	w.refold()
	return w.s.epochs[e.ID], nil
}

// Rekey publishes a fresh key (K4), if this user is a member.
func (w *Writer) Rekey() error {
	if !w.s.Fold.MaySend(w.c.set.me.UID) {
		return ErrNotMember
	}
	if err := w.rotate(); err != nil {
		return err
	}
	_, err := w.rekey()
	return err
}

// share gives a held key to members who cannot derive it (K3), in an entry that
// only holders of another one can read: whoever was removed since that other was
// made shall not see whom an old key goes to.
func (w *Writer) share(under, e *epoch, users []identity.UID) error {
	key, ok := e.keys.Key()
	if !ok {
		return ErrNoKey
	}
	to, kems, contents := w.recipients(key, users)
	if _, err := w.appendSlots(KindShare, &shareBody{Epoch: e.id, To: to}, under.keys.Ctl(), kems, contents); err != nil {
		return err
	}
	return w.adopt(e.id, e.keys, e.created, to)
}

// recipients lists whom a slot is sealed to: the users given, or every live
// member; H is withheld from those admitted with less than full history.
func (w *Writer) recipients(k seal.Key, only []identity.UID) (to []identity.UID, kems, contents [][]byte) {
	for _, m := range w.reached() {
		leaf := w.s.leaves[m.User]
		if leaf == nil || only != nil && !containsUID(only, m.User) {
			continue
		}
		to = append(to, m.User)
	}
	sortUIDs(to)
	at := map[string]int{} // who announces the key of another has its slot in common with them
	for _, u := range to {
		m, _ := w.s.Fold.Member(u)
		slot, kem := k, w.s.leaves[u].KEM
		if !historyAll(m) {
			slot = slot.WithoutHistory()
		}
		i, shared := at[string(kem)]
		if !shared {
			at[string(kem)] = len(kems)
			kems, contents = append(kems, kem), append(contents, slot.Content())
		} else if historyAll(m) {
			contents[i] = slot.Content()
		}
	}
	return to, kems, contents
}

// messageSecret returns the secret for this writer's next message under e, and
// for policy forward steps its chain.
func (w *Writer) messageSecret(e *epoch) ([32]byte, error) {
	if w.s.History == Shared {
		return e.keys.Msg(), nil
	}
	chain, err := w.chain(e, w.s.Log)
	if err != nil {
		return [32]byte{}, err
	}
	mk := chain.Next()
	if planted.Is(planted.ChainStands) {
		return mk, nil
	}
	return mk, w.tx.Set(w.c.key(subChain, e.id, w.s.Log), chain.Encode())
}

func (w *Writer) chain(e *epoch, log merkle.LogKey) (*seal.Chain, error) {
	b, err := w.tx.Get(w.c.key(subChain, e.id, log))
	if errors.Is(err, store.ErrNotFound) {
		return e.keys.Chain([32]byte(log)), nil
	}
	if err != nil {
		return nil, err
	}
	return seal.DecodeChain(b)
}
