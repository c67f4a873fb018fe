package node

import (
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/contact"
	"causeway/merkle"
	"causeway/store"
	dagsync "causeway/sync"
)

// logs is the node as the sync service sees it: conversations by id, and who
// may have what of them. Every answer is of the committed state.
type logs Node

func (l *logs) node() *Node { return (*Node)(l) }

func (l *logs) conv(c dagsync.Conv) (*chat.Conversation, error) {
	if conv := l.set.Get(merkle.ID(c)); conv != nil {
		return conv, nil
	}
	return nil, errors.New("no such conversation")
}

// Keys returns the epochs of every conversation that is synced with others.
func (l *logs) Keys() []dagsync.Key {
	var out []dagsync.Key
	l.node().look("read the keys of the conversations", func(tx *store.Tx) error {
		for _, c := range l.set.All() {
			open, err := l.open(tx, c)
			if err != nil {
				return err
			}
			if !open {
				continue
			}
			for _, s := range c.OpenedBy(tx) {
				out = append(out, dagsync.Key{Conv: dagsync.Conv(c.ID), Epoch: [32]byte(s.Epoch), Syn: s.Syn})
			}
		}
		return tx.Err()
	})
	return out
}

// open reports whether a conversation is synced at all: the self group of one
// device has nobody to sync with, and a blocked contact is not answered.
func (l *logs) open(tx *store.Tx, c *chat.Conversation) (bool, error) {
	s := c.State()
	if s.Shape == chat.Self {
		return false, nil
	}
	if s.Shape == chat.Direct {
		k, err := l.book.Get(tx, s.Peer)
		if errors.Is(err, contact.ErrNotFound) {
			return false, nil
		}
		return k.State != contact.Blocked, err
	}
	return true, nil
}

// Shared returns the conversations in which the user behind a log may be met.
func (l *logs) Shared(c dagsync.Conv, log merkle.LogKey) []dagsync.Conv {
	conv, err := l.conv(c)
	if err != nil {
		return nil
	}
	out := []dagsync.Conv{c}
	uid, ok := conv.State().Fold.UserOf(log)
	if !ok {
		return out
	}
	for _, other := range l.set.All() {
		s := other.State()
		_, in := s.Fold.Member(uid)
		if _, gone := s.Fold.Removed(uid); other.ID != conv.ID && s.Shape != chat.Self && (in || gone || !s.Found) {
			out = append(out, dagsync.Conv(other.ID))
		}
	}
	return out
}

// Own returns this device's log in a conversation.
func (l *logs) Own(c dagsync.Conv) merkle.LogKey {
	conv, err := l.conv(c)
	if err != nil {
		return merkle.LogKey{}
	}
	return conv.State().Log
}

// Prove signs an OPEN tag by this device's log in the conversation.
func (l *logs) Prove(c dagsync.Conv, tag []byte) (dagsync.Proof, error) {
	conv, err := l.conv(c)
	if err != nil {
		return dagsync.Proof{}, err
	}
	p := dagsync.Proof{Log: conv.State().Log}
	err = l.db.View(func(tx *store.Tx) error {
		key, err := l.set.Signer(tx, p.Log)
		if err != nil {
			return err
		}
		p.Sig = key.Sign(dagsync.ProofMessage(tag))
		return nil
	})
	return p, err
}

// Standing says what the fold of membership says of a log.
func (l *logs) Standing(c dagsync.Conv, log merkle.LogKey) dagsync.Standing {
	conv, err := l.conv(c)
	if err != nil {
		return dagsync.Unknown
	}
	standing, _ := standing(conv.State(), log)
	return standing
}

// standing also returns the removal after which a removed log gets nothing.
func standing(s *chat.State, log merkle.LogKey) (dagsync.Standing, merkle.ID) {
	uid, ok := s.Fold.UserOf(log)
	if !ok {
		return dagsync.Unknown, merkle.ID{}
	}
	if s.Fold.MayRead(log) {
		return dagsync.Member, merkle.ID{}
	}
	if by, gone := s.Fold.Ended(log); gone {
		return dagsync.Removed, by
	}
	if by, gone := s.Fold.Removed(uid); gone {
		return dagsync.Removed, by
	}
	return dagsync.Unknown, merkle.ID{}
}

// Frontier returns the tips that a reader may see.
func (l *logs) Frontier(c dagsync.Conv, reader merkle.LogKey) ([]merkle.Tip, error) {
	conv, err := l.conv(c)
	if err != nil {
		return nil, err
	}
	var tips []merkle.Tip
	err = l.db.View(func(tx *store.Tx) (err error) {
		if reader == (merkle.LogKey{}) {
			tips, err = conv.DAG().Frontier(tx)
			return err
		}
		switch st, by := standing(conv.State(), reader); st {
		case dagsync.Member:
			tips, err = conv.DAG().Frontier(tx)
		case dagsync.Removed:
			tips, err = dagsync.FrontierAt(tx, conv.DAG(), by)
		}
		return err
	})
	return tips, err
}

// At returns the entries of a log with this seq.
func (l *logs) At(c dagsync.Conv, log merkle.LogKey, seq uint64) ([]merkle.ID, error) {
	conv, err := l.conv(c)
	if err != nil {
		return nil, err
	}
	var ids []merkle.ID
	err = l.db.View(func(tx *store.Tx) (err error) {
		ids, err = dagsync.EntriesAt(tx, conv.DAG(), log, seq)
		return err
	})
	return ids, err
}

// Read returns entries of a want that the reader may have.
func (l *logs) Read(c dagsync.Conv, reader merkle.LogKey, w dagsync.Want) ([]merkle.Entry, dagsync.Want, error) {
	conv, err := l.conv(c)
	if err != nil {
		return nil, dagsync.Want{}, err
	}
	st, by := standing(conv.State(), reader)
	if st == dagsync.Unknown {
		return nil, dagsync.Want{}, dagsync.ErrNotYet
	}
	var got []merkle.Entry
	var rest dagsync.Want
	err = l.db.View(func(tx *store.Tx) (err error) {
		var may func(merkle.Entry) bool
		past := conv.DAG().Past(tx)
		if st == dagsync.Removed {
			may = dagsync.Within(past, by)
		}
		got, rest, err = dagsync.Select(tx, conv.DAG(), w, may)
		return errors.Join(err, past.Err())
	})
	return got, rest, err
}

// Add keeps blocks from a peer.
func (l *logs) Add(c dagsync.Conv, _ peer.ID, blocks []merkle.Block) (merkle.Result, error) {
	conv, err := l.conv(c)
	if err != nil {
		return merkle.Result{}, err
	}
	return l.node().receive(conv, blocks)
}

// Seen keeps what a proven peer says that it has delivered of this user's logs.
func (l *logs) Seen(c dagsync.Conv, log merkle.LogKey, marks []dagsync.Mark) {
	conv, err := l.conv(c)
	if err != nil {
		return
	}
	s := conv.State()
	own := slices.DeleteFunc(slices.Clone(marks), func(m dagsync.Mark) bool { return !s.Own(m.Log) })
	if len(own) == 0 {
		return
	}
	err = l.node().change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		w := conv.Write(tx, now)
		for _, m := range own {
			if err := w.Seen(m.Log, log, m.Seq); err != nil {
				return nil, err
			}
		}
		return w, nil
	})
	if err != nil && !errors.Is(err, ErrClosed) {
		l.log.Error("keep a receipt", "err", err)
	}
}

// Taken keeps what a proven member has taken of this device's log and not
// acknowledged yet.
func (l *logs) Taken(c dagsync.Conv, log merkle.LogKey, own []dagsync.Range) {
	conv, err := l.conv(c)
	if err != nil {
		return
	}
	n, s := l.node(), conv.State()
	if st, _ := standing(s, log); st != dagsync.Member {
		return
	}
	err = l.db.Update(func(tx *store.Tx) error {
		acked := conv.Acknowledged(tx)[log]
		for _, r := range own {
			if r.Log != s.Log {
				continue // a log that this device has ended since
			}
			if err := n.noteTaken(tx, conv, log, acked, r.From, r.To); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.log.Error("keep what was handed over", "err", err)
	}
}
