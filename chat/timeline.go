package chat

import (
	"encoding/binary"
	"time"

	"causeway/merkle"
	"causeway/store"
)

// Page selects messages in display order.
type Page struct {
	Limit  int
	Before merkle.ID // zero: from the end
	Since  time.Time // zero: no bound
}

// Timeline returns a page of what was said and what happened, oldest first.
func (c *Conversation) Timeline(tx *store.Tx, p Page) ([]Message, error) {
	var before []byte
	if p.Before != (merkle.ID{}) {
		k, err := c.position(tx, p.Before)
		if err != nil {
			return nil, err
		}
		before = k
	}
	s := c.State()
	var out []Message
	for k := range tx.ScanBack(c.key(subTimeline), before) {
		m, err := c.Message(tx, s, merkle.ID(k[len(k)-32:]))
		if err != nil {
			return nil, err
		}
		if !p.Since.IsZero() && clockIn(k).Before(p.Since) || len(out) == p.Limit {
			break
		}
		out = append(out, m)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, tx.Err()
}

func clockIn(k []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(k[34:])))
}

// Message reads one entry of the conversation; store.ErrNotFound if it is not
// held or not readable.
func (c *Conversation) Message(tx *store.Tx, s *State, id merkle.ID) (Message, error) {
	var m meta
	if err := get(tx, c.key(subMeta, id), &m); err != nil {
		return Message{}, err
	}
	if m.Kind == 0 {
		return Message{}, store.ErrNotFound
	}
	e, err := c.dag.Get(tx, id)
	if err != nil {
		return Message{}, err
	}
	return c.message(s, e, m), nil
}

// Kind returns the kind of an entry; 0 if it is not held or not readable.
func (c *Conversation) Kind(tx *store.Tx, id merkle.ID) Kind {
	var m meta
	if get(tx, c.key(subMeta, id), &m) != nil {
		return 0
	}
	return m.Kind
}

func (c *Conversation) position(tx *store.Tx, id merkle.ID) ([]byte, error) {
	var m meta
	if err := get(tx, c.key(subMeta, id), &m); err != nil {
		return nil, err
	}
	e, err := c.dag.Get(tx, id)
	if err != nil {
		return nil, err
	}
	return c.key(subTimeline, m.Clock, e.Height, e.Log, id), nil
}
