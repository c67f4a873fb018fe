package chat

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// Founding describes a conversation to be founded.
type Founding struct {
	Shape    Shape
	History  History
	Name     string
	Mine     *identity.Leaf   // the founder's, from Set.NewLog
	Founders []*identity.Leaf // further founders, in order of rank
	KEM      []byte           // Self: the device's own, else nil
}

// Found writes a conversation's first entry, which is its first epoch as well,
// and returns the conversation, visible when the transaction commits.
func (s *Set) Found(tx *store.Tx, now time.Time, f Founding) (*Conversation, merkle.Entry, error) {
	if err := checkName(f.Name, f.Shape == Group); err != nil {
		return nil, merkle.Entry{}, err
	}
	key := seal.NewKey()
	leaves := append([]*identity.Leaf{f.Mine}, f.Founders...)
	body, kems, contents := f.slots(leaves, key)
	d := merkle.Draft{Log: merkle.LogKey(f.Mine.Log), Height: 1}
	e, err := s.sealFound(tx, d, now, &body, key, kems, contents)
	if err != nil {
		return nil, merkle.Entry{}, err
	}
	c := s.newConversation(e.ID)
	w := c.founder(tx, now, record{
		Shape: f.Shape, History: f.History, Name: f.Name, Log: d.Log,
		Peer: otherUser(leaves, s.me.UID), Created: uint64(now.UnixMilli()),
	})
	w.founding = true
	if _, err := w.Receive([]merkle.Block{e.Block()}); err != nil {
		return nil, e, err
	}
	if !w.s.Found {
		return nil, e, errors.New("found does not read back")
	}
	return c, e, w.saveRecord()
}

func (f *Founding) slots(leaves []*identity.Leaf, key seal.Key) (body foundBody, kems, contents [][]byte) {
	body = foundBody{Version: 1, Shape: f.Shape, History: f.History, Name: f.Name}
	for _, l := range leaves {
		body.Founders = append(body.Founders, l.Encode())
		body.To = append(body.To, l.UID())
		kem := l.KEM
		if f.KEM != nil {
			kem = f.KEM
		}
		kems = append(kems, kem)
		contents = append(contents, key.Content())
	}
	sortUIDs(body.To)
	return body, kems, contents
}

func (s *Set) sealFound(tx *store.Tx, d merkle.Draft, now time.Time, body *foundBody, key seal.Key, kems, contents [][]byte) (merkle.Entry, error) {
	salt := seal.NewSalt()
	slots, err := seal.SealSlots(kems, seal.SlotInfo{Log: [32]byte(d.Log), Salt: salt}, contents)
	if err != nil {
		return merkle.Entry{}, err
	}
	p, err := newPlain(KindFound, uint64(now.UnixMilli()), body)
	if err != nil {
		return merkle.Entry{}, err
	}
	k := seal.Derive([32]byte{}, key)
	sealed, _, err := seal.Seal(k.Ctl(), salt, seal.Context{Log: [32]byte(d.Log)}, slots, p.encode())
	if err != nil {
		return merkle.Entry{}, err
	}
	signer, err := s.Signer(tx, d.Log)
	if err != nil {
		return merkle.Entry{}, err
	}
	h := merkle.Header{Log: d.Log, Height: d.Height, Body: sha256.Sum256(sealed), BodySize: uint64(len(sealed))}
	h.Sig = signer.Sign(h.Signed())
	return merkle.Entry{ID: h.ID(), Header: h, Body: sealed}, nil
}

// founder makes the writer of a conversation that has no committed state yet.
func (c *Conversation) founder(tx *store.Tx, now time.Time, r record) *Writer {
	w := &Writer{c: c, tx: tx, now: now, s: newState(r), mine: true, past: c.past(tx)}
	w.refold()
	empty := *w.s
	empty.Fold = empty.Fold.With(c.past(nil))
	c.state.Store(&empty) // all that is seen of c before it is committed
	w.publish()
	return w
}

// Adopt takes a 1:1 conversation that another user has founded with this one,
// whose log in it is mine. The caller has checked who asks.
func (s *Set) Adopt(tx *store.Tx, now time.Time, found merkle.Block, mine merkle.LogKey, peer identity.UID) (*Conversation, *Writer, error) {
	h, err := merkle.DecodeHeader(found.Header)
	if err != nil {
		return nil, nil, err
	}
	c := s.newConversation(h.ID())
	w := c.founder(tx, now, record{Shape: Direct, History: Forward, Log: mine, Peer: peer, Created: uint64(now.UnixMilli())})
	if _, err := w.Receive([]merkle.Block{found}); err != nil {
		return nil, nil, err
	}
	users := []identity.UID{s.me.UID, peer}
	sortUIDs(users)
	var got []identity.UID
	for _, m := range w.s.Fold.Members() {
		got = append(got, m.User)
	}
	sortUIDs(got)
	if !w.s.Found || w.s.Shape != Direct || w.s.History != Forward || !slices.Equal(users, got) {
		return nil, nil, fmt.Errorf("the proposed conversation is not one between the two of you")
	}
	if uid, ok := w.s.Fold.UserOf(mine); !ok || uid != s.me.UID {
		return nil, nil, fmt.Errorf("the proposed conversation names another log for you")
	}
	if err := w.saveRecord(); err != nil {
		return nil, nil, err
	}
	_, err = w.firstEntry()
	return c, w, err
}

// Welcome brings a newcomer to a group: enough to find its members and to be
// recognised by them; the keys to read with lie in slots of the log itself.
type Welcome struct {
	_     struct{} `cbor:",toarray"`
	Group merkle.ID
	Name  string
	Log   merkle.LogKey // the offered log that the grant admits
	Keys  []Secrets     // of the newest epoch and its parents
}

// ErrWelcome: a welcome that is not taken, and never will be.
var ErrWelcome = errors.New("not taken")

// Join takes a welcome from a contact. The conversation shows nothing until its
// log arrives. The log must be one that was offered to this very contact, and
// is used up: a log that stood in two conversations would be its own fork. A
// welcome to a group in which this user still belongs, as far as it knows, is
// kept for later, and no conversation returned. ErrWelcome; any other error is a
// failure of this node.
func (s *Set) Join(tx *store.Tx, now time.Time, from identity.UID, wc Welcome) (*Conversation, error) {
	if err := checkName(wc.Name, true); err != nil || len(wc.Keys) == 0 || len(wc.Keys) > maxLinks+1 {
		return nil, fmt.Errorf("%w: a welcome that makes no sense", ErrWelcome)
	}
	offered, err := tx.Has(offeredKey(from, wc.Log))
	if err != nil {
		return nil, err
	}
	if !offered {
		return nil, fmt.Errorf("%w: a welcome for a log that was not offered to its sender", ErrWelcome)
	}
	if err := tx.Delete(offeredKey(from, wc.Log)); err != nil {
		return nil, err
	}
	c := s.Get(wc.Group)
	if c == nil {
		if s.awaited() >= maxAwaited {
			return nil, fmt.Errorf("%w: a welcome while %d groups wait for their first entry", ErrWelcome, maxAwaited)
		}
		c = s.newConversation(wc.Group)
		return c, c.founder(tx, now, record{Shape: Group, Name: wc.Name, Log: wc.Log, Created: uint64(now.UnixMilli())}).accept(wc)
	}
	w := c.Write(tx, now) // not what is durable: a removal may be on its way to the disk
	switch {
	case w.s.Shape != Group:
		return nil, fmt.Errorf("%w: a welcome to a conversation that is no group", ErrWelcome)
	case w.s.Fold.MaySend(s.me.UID): // it was removed meanwhile, perhaps, and has not heard of it
		return nil, put(tx, c.key(subWelcome, from), &wc)
	}
	return c, w.accept(wc) // back again, with a new log
}

// accept takes the log that a welcome names for this device's, and the keys by
// which the others recognise it.
func (w *Writer) accept(wc Welcome) error {
	w.own().Log = wc.Log
	for _, g := range wc.Keys {
		if _, held := w.s.guests[g.Epoch]; held {
			continue
		}
		w.s.guests[g.Epoch] = g
		if err := put(w.tx, w.c.key(subGuest, g.Epoch), &g); err != nil {
			return err
		}
	}
	return w.saveRecord()
}

// comeBack takes a welcome that came before the removal that it undoes was read.
func (w *Writer) comeBack() error {
	if w.s.Shape != Group || !w.s.Found || w.s.Fold.MaySend(w.c.set.me.UID) {
		return nil
	}
	taken := false
	for k, v := range w.tx.Scan(w.c.key(subWelcome)) {
		var wc Welcome
		if err := wire.Unmarshal(v, &wc); err != nil {
			return err
		}
		if _, stale := w.s.Fold.UserOf(wc.Log); !stale && !taken { // else its grant has come and is over
			taken = true
			if err := w.accept(wc); err != nil {
				return err
			}
		}
		if err := w.tx.Delete(k); err != nil {
			return err
		}
	}
	return w.tx.Err()
}

// awaited counts the groups that a welcome announced and nothing was seen of.
func (s *Set) awaited() (n int) {
	for _, c := range s.All() {
		if !c.State().Found {
			n++
		}
	}
	return n
}

// DecodeWelcome reads the payload of a KindWelcome body.
func DecodeWelcome(b []byte) (Welcome, error) {
	var w Welcome
	err := wire.Unmarshal(b, &w)
	return w, err
}

func otherUser(leaves []*identity.Leaf, me identity.UID) identity.UID {
	for _, l := range leaves {
		if l.UID() != me {
			return l.UID()
		}
	}
	return identity.UID{}
}

func checkName(name string, needed bool) error {
	if name == "" && !needed {
		return nil
	}
	return identity.CheckName(name)
}
