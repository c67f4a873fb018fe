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

// logs is the node as the sync service sees it: what it serves, and what it
// takes.
type logs struct {
	Served
	n *Node
}

func (n *Node) logs() *logs {
	l := &logs{n: n}
	l.Served = Served{DB: n.db, Set: n.set, Open: l.open}
	return l
}

// Keys returns the epochs of every conversation that is synced with others.
func (l *logs) Keys() []dagsync.Key {
	keys, err := l.Served.Keys()
	if err != nil && l.n.ctx.Err() == nil {
		l.n.log.Error("read the keys of the conversations", "err", err)
	}
	return keys
}

// open reports whether a conversation is synced at all: the self group of one
// device has nobody to sync with, and a blocked contact is not answered.
func (l *logs) open(tx *store.Tx, c *chat.Conversation) (bool, error) {
	s := c.State()
	if s.Shape == chat.Self {
		return false, nil
	}
	if s.Shape == chat.Direct {
		k, err := l.n.book.Get(tx, s.Peer)
		if errors.Is(err, contact.ErrNotFound) {
			return false, nil
		}
		return k.State != contact.Blocked, err
	}
	return true, nil
}

// AddLater keeps blocks from a peer, and tells when they are durable.
func (l *logs) AddLater(c dagsync.Conv, _ peer.ID, blocks []merkle.Block, durable func()) (merkle.Result, error) {
	conv, err := l.Conv(c)
	if err != nil {
		return merkle.Result{}, err
	}
	return l.n.receiveBy(l.n.db.UpdateLater, conv, blocks, durable)
}

// Add keeps blocks from a peer.
func (l *logs) Add(c dagsync.Conv, _ peer.ID, blocks []merkle.Block) (merkle.Result, error) {
	conv, err := l.Conv(c)
	if err != nil {
		return merkle.Result{}, err
	}
	return l.n.receive(conv, blocks)
}

// Seen keeps what a proven peer says that it has delivered of this user's logs.
func (l *logs) Seen(c dagsync.Conv, log merkle.LogKey, marks []dagsync.Mark) {
	conv, err := l.Conv(c)
	if err != nil {
		return
	}
	s := conv.State()
	own := slices.DeleteFunc(slices.Clone(marks), func(m dagsync.Mark) bool { return !s.Own(m.Log) })
	if len(own) == 0 {
		return
	}
	err = l.n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		w := conv.Write(tx, now)
		for _, m := range own {
			if err := w.Seen(m.Log, log, m.Seq); err != nil {
				return nil, err
			}
		}
		return w, nil
	})
	if err != nil && !errors.Is(err, ErrClosed) {
		l.n.log.Error("keep a receipt", "err", err)
	}
}

// Taken keeps what a proven member has taken of this device's log and not
// acknowledged yet.
func (l *logs) Taken(c dagsync.Conv, log merkle.LogKey, own []dagsync.Range) {
	conv, err := l.Conv(c)
	if err != nil {
		return
	}
	s := conv.State()
	if st, _ := standing(s, log); st != dagsync.Member {
		return
	}
	err = l.n.db.Update(func(tx *store.Tx) error {
		acked := conv.Acknowledged(tx)[log]
		for _, r := range own {
			if r.Log != s.Log {
				continue // a log that this device has ended since
			}
			if err := l.n.noteTaken(tx, conv, log, acked, r.From, r.To); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.n.log.Error("keep what was handed over", "err", err)
	}
}
