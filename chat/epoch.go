package chat

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"causeway/identity"
	"causeway/internal/planted"
	"causeway/merkle"
	"causeway/seal"
)

// ErrNoKey: no usable key is held and none can be made.
var ErrNoKey = errors.New("no key of this conversation is held yet")

// epoch is what this device knows of one rekey (or of found, the first).
type epoch struct {
	id      merkle.ID
	keys    *seal.Epoch
	to      map[identity.UID]bool // users known to be able to derive it
	created uint64                // ms, as its author claims
	height  uint64                // of the entry that made it
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
	s := w.own()
	s.epochs[e.id] = e
	s.ranked = ranked(s.ranked, e)
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
	height, fits := w.fits(id, k)
	if !fits {
		return nil
	}
	keys := *k // which may be held already, and read by others meanwhile
	e := &epoch{id: id, keys: &keys, to: map[identity.UID]bool{}, created: created, height: height}
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
// under this key, and how high that entry stands.
func (w *Writer) fits(id merkle.ID, k *seal.Epoch) (height uint64, fits bool) {
	e, err := w.c.dag.Get(w.tx, id)
	if err != nil {
		return 0, false
	}
	s, err := seal.Parse(e.Body)
	if err != nil || len(s.Slots) == 0 {
		return 0, false
	}
	_, fits = s.Try(k.Ctl())
	return e.Height, fits
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
	for _, e := range w.s.ranked {
		if e.keys.Full() && w.s.Fold.Usable(e.id) {
			return e
		}
	}
	return nil
}

// above orders epochs by the height of what made them, then id (K2).
func (e *epoch) above(o *epoch) int {
	return cmp.Or(cmp.Compare(e.height, o.height), e.id.Compare(o.id))
}

// due reports whether the routine rekey of K4 falls to this writer.
func (w *Writer) due(e *epoch) bool {
	if w.s.Shape == Self {
		return false
	}
	old := w.now.Sub(time.UnixMilli(int64(e.created))) > rekeyEvery
	return old || w.spent(e) >= rekeyCount
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
	return w.s.epochs[e.ID], w.past.failed()
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
	next := *chain
	mk := next.Next()
	if planted.Is(planted.ChainStands) {
		return mk, nil
	}
	w.moved(e, w.s.Log, &next)
	return mk, w.flush()
}
