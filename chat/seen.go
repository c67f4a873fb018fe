package chat

import (
	"encoding/binary"
	"time"

	"causeway/group"
	"causeway/identity"
	"causeway/internal/planted"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/store"
)

// noteSeen keeps, for every log of others, how far it has acknowledged the logs
// of this user: an entry is a signed receipt for its whole past.
func (w *Writer) noteSeen(e merkle.Entry) error {
	if w.s.Own(e.Log) {
		return nil
	}
	for _, own := range w.s.OwnLogs() {
		seq, ok := w.past.memo.Known(e.ID, own)
		if err := w.past.memo.Err(); err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := w.Seen(own, e.Log, seq); err != nil {
			return err
		}
	}
	return nil
}

// Seen records that the device of the log by has delivered a log of this user up
// to seq: by an entry of its own, or proven in a sync session. Of a log that has
// forked (an old disk was put back) a seq does not say which entry is meant, and
// nothing is recorded.
func (w *Writer) Seen(own, by merkle.LogKey, seq uint64) error {
	tip, begun, err := w.c.dag.Tip(w.tx, own)
	if err != nil || !begun || tip.Forked {
		return err
	}
	if planted.Is(planted.SeenAhead) {
		seq++
	}
	seq = min(seq, tip.Seq) // nobody has what is not written, whatever it says
	next, err := w.acknowledged(own, by)
	if err != nil || next > seq {
		return err
	}
	w.hot.seen[pair{own, by}] = seq + 1
	w.got.Acked = append(w.got.Acked, Acked{Own: own, By: by, From: next, To: seq})
	return put(w.tx, w.c.key(subSeen, own, by, seq), uint64(w.now.UnixMilli()))
}

// Acked says that the device of the log By has delivered the entries From to To
// of a log of this user.
type Acked struct {
	Own, By  merkle.LogKey
	From, To uint64
}

// MeantFor returns a test for the logs of those who can read an entry: they were
// admitted before it was written, or with what came before. Others may hold it.
func (c *Conversation) MeantFor(tx *store.Tx, id merkle.ID) func(merkle.LogKey) bool {
	s, past := c.State(), c.DAG().Past(tx)
	return func(log merkle.LogKey) bool {
		begin, h, ok := s.Fold.Admission(log)
		return ok && (begin == c.ID || s.History == Shared && h == group.HistoryAll || past.Before(begin, id))
	}
}

// Delivered tells which users, removed ones included, have a device that
// acknowledged this own message and can read it, and when this node learned of it.
func (c *Conversation) Delivered(tx *store.Tx, m Message) (map[identity.UID]time.Time, error) {
	s, out := c.State(), map[identity.UID]time.Time{}
	meant := c.MeantFor(tx, m.ID)
	for log := range s.byLog {
		uid, known := s.Fold.UserOf(log)
		if !known || s.Own(log) || !meant(log) {
			continue
		}
		for _, v := range tx.ScanFrom(c.key(subSeen, m.Log, log), c.key(subSeen, m.Log, log, m.Seq)) {
			var at uint64
			if err := wire.Unmarshal(v, &at); err != nil {
				return nil, err
			}
			if t := time.UnixMilli(int64(at)); out[uid].IsZero() || t.Before(out[uid]) {
				out[uid] = t
			}
			break
		}
	}
	return out, tx.Err()
}

// Acknowledged returns, for every other log of a member, the first seq of this
// device's log that it has not acknowledged yet.
func (c *Conversation) Acknowledged(tx *store.Tx) map[merkle.LogKey]uint64 {
	s, out := c.State(), map[merkle.LogKey]uint64{}
	for _, m := range s.Fold.Members() {
		if m.User == c.set.me.UID {
			continue
		}
		for _, log := range m.Logs {
			prefix := c.key(subSeen, s.Log, log)
			out[log] = 0
			for k := range tx.ScanBack(prefix, nil) {
				out[log] = binary.BigEndian.Uint64(k[len(prefix):]) + 1
				break
			}
		}
	}
	return out
}

// Unacknowledged reports whether a message of somebody else is here that no
// entry of this device's log has in its past: its author has no receipt of it
// that travels.
func (c *Conversation) Unacknowledged(tx *store.Tx) (bool, error) {
	s := c.State()
	tip, begun, err := c.dag.Tip(tx, s.Log)
	if err != nil {
		return false, err
	}
	have := []merkle.ID{}
	if begun {
		have = append(have, tip.Head)
	}
	missing, err := c.dag.Missing(tx, have)
	if err != nil {
		return false, err
	}
	for _, e := range missing {
		var m meta
		if s.Own(e.Log) {
			continue
		}
		if err := get(tx, c.key(subMeta, e.ID), &m); err == nil && m.Kind == KindText {
			return true, nil
		}
	}
	return false, nil
}
