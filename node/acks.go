package node

import (
	"context"
	"time"

	"causeway/chat"
	"causeway/merkle"
	"causeway/store"
)

// owe notes, in the transaction that brought them, that texts came by a way that
// shows their writers nothing: through a custodian, a file or another member.
func (n *Node) owe(tx *store.Tx, w *chat.Writer) error {
	c := w.Conversation()
	for _, m := range w.Got().Texts {
		if m.Own || n.online.in(c.ID, m.Author) {
			continue // what a session shows is a receipt
		}
		tx.OnCommit(n.wake["acks"].ring)
		return tx.Set(nodeKey(subOwed, c.ID), []byte{1})
	}
	return nil
}

// acks writes the acknowledgements that are owed.
func (n *Node) acks(context.Context) {
	var owed []*chat.Conversation
	err := n.db.View(func(tx *store.Tx) error {
		prefix := nodeKey(subOwed)
		for k := range tx.Scan(prefix) {
			if c := n.set.Get(merkle.ID(k[len(prefix):])); c != nil {
				owed = append(owed, c)
			}
		}
		return tx.Err()
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Error("read what is to be acknowledged", "err", err)
	}
	for _, c := range owed {
		n.acknowledge(c)
	}
}

// acknowledge writes an entry that says nothing but what it has in its past, if
// no entry since says as much: at most once a minute, in a large group once an
// hour. What is too soon is done later.
func (n *Node) acknowledge(c *chat.Conversation) {
	pause := ackPause
	if len(c.State().Fold.Members()) > ackMembers {
		pause = ackPauseLarge
	}
	if may, wait := n.pace.ack(c.ID, time.Now(), pause); !may {
		if wait > 0 {
			time.AfterFunc(wait, n.wake["acks"].ring)
		}
		return
	}
	err := n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		if err := tx.Delete(nodeKey(subOwed, c.ID)); err != nil {
			return nil, err
		}
		s := c.State()
		if _, in := s.Fold.Member(n.me.UID); !in {
			return nil, nil
		}
		owed, err := c.Unacknowledged(tx)
		if err != nil || !owed {
			return nil, err
		}
		tx.OnCommit(func() { n.pace.acked(c.ID, now) })
		w := c.Write(tx, now)
		return w, w.Ack()
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Info("acknowledge", "err", err)
	}
}
