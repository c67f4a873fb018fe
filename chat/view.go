package chat

import (
	"encoding/binary"
	"time"

	"causeway/group"
	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// meta is what the view keeps of one delivered entry. The text is not among it:
// it is decrypted again from the body with the entry's own key.
type meta struct {
	_     struct{} `cbor:",toarray"`
	Kind  Kind     // 0: not opened yet
	Wall  uint64   // ms, as the author claims
	Shown uint64   // the time shown: Wall, or that of the parents if Wall was far ahead
	Clock uint64   // hybrid clock in ms, see clockOf
	Key   []byte   // entry key, 32 bytes
	Late  bool     // sorted above what was already shown
	Ahead bool     // its wall time was more than 10 minutes ahead of ours
}

// Message is one line of a conversation, text or event.
type Message struct {
	ID      merkle.ID
	Log     merkle.LogKey
	Seq     uint64
	Author  identity.UID // zero: not known to be anybody's
	Kind    Kind
	Time    time.Time // as the author claims; its parents' time if that is too far ahead
	Text    string
	Reply   merkle.ID
	Target  identity.UID // of grant, revoke, demote
	Role    group.Role   // of grant
	Own     bool
	Late    bool
	Ahead   bool
	Verdict group.Verdict
}

// clockOf is the hybrid clock of an entry: its wall time, but after all its
// parents. It orders the display and is a pure function of the DAG.
func (w *Writer) clockOf(e merkle.Entry, wall uint64) (clock, parents uint64) {
	for _, id := range append([]merkle.ID{e.Prev}, e.Parents...) {
		var m meta
		if id != (merkle.ID{}) && get(w.tx, w.c.key(subMeta, id), &m) == nil {
			parents = max(parents, m.Clock)
		}
	}
	return max(wall, parents+1), parents
}

func (w *Writer) saveMeta(e merkle.Entry, m meta) (Message, error) {
	clock, parents := w.clockOf(e, m.Wall)
	m.Clock = clock
	now := uint64(w.now.UnixMilli())
	m.Shown = m.Wall
	if m.Wall > now+aheadMillis {
		m.Ahead, m.Shown = true, max(parents, 1)
	}
	if shown(m.Kind) {
		k := w.timelineKey(e, clock)
		if e.Log != w.s.Log {
			for last := range w.tx.ScanBack(w.c.key(subTimeline), nil) {
				m.Late = string(last) > string(k)
				break
			}
		}
		if err := w.tx.Set(k, []byte{}); err != nil {
			return Message{}, err
		}
	}
	if err := w.noteSeen(e); err != nil {
		return Message{}, err
	}
	if err := put(w.tx, w.c.key(subMeta, e.ID), &m); err != nil {
		return Message{}, err
	}
	return w.c.message(w.s, e, m), nil
}

func (w *Writer) timelineKey(e merkle.Entry, clock uint64) []byte {
	return w.c.key(subTimeline, clock, e.Height, e.Log, e.ID)
}

func eventful(k Kind) bool {
	switch k {
	case KindFound, KindGrant, KindRevoke, KindDemote, KindLeave, KindRekey, KindFault:
		return true
	}
	return false
}

func shown(k Kind) bool { return k == KindText || eventful(k) && k != KindRekey }

// message gives an opened entry its meaning in a state.
func (c *Conversation) message(s *State, e merkle.Entry, m meta) Message {
	out := Message{
		ID: e.ID, Log: e.Log, Seq: e.Seq, Kind: m.Kind, Time: time.UnixMilli(int64(m.Shown)),
		Own: e.Log == s.Log, Late: m.Late, Ahead: m.Ahead,
	}
	if s.Fold != nil {
		out.Author, out.Verdict = s.Fold.Counts(refOf(e.Header))
	}
	if ct, ok := s.controls[e.ID]; ok {
		out.Target, out.Role, out.Text = ct.target, ct.op.Role, ct.reason
		return out
	}
	if m.Kind == KindText {
		out.Text, out.Reply = readText(e, m)
	}
	return out
}

func readText(e merkle.Entry, m meta) (string, merkle.ID) {
	s, err := seal.Parse(e.Body)
	if err != nil || len(m.Key) != 32 {
		return "", merkle.ID{}
	}
	b, err := s.Open([32]byte(m.Key), contextOf(e))
	if err != nil {
		return "", merkle.ID{}
	}
	p, err := decodePlain(b)
	var t textBody
	if err != nil || wire.Unmarshal(p.Payload, &t) != nil || len(t.Text) > MaxText {
		return "", merkle.ID{}
	}
	var reply merkle.ID
	copy(reply[:], t.Reply)
	return t.Text, reply
}

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

// Unread counts delivered entries that no key here opens yet.
func (c *Conversation) Unread(tx *store.Tx) (n int) {
	for range tx.Scan(c.key(subUnread)) {
		n++
	}
	return n
}

// noteSeen keeps, for every log of others, how far it has acknowledged this
// device's log: an entry is a signed receipt for its whole past.
func (w *Writer) noteSeen(e merkle.Entry) error {
	if e.Log == w.s.Log {
		return nil
	}
	seq, ok := w.past.memo.Known(e.ID, w.s.Log)
	if err := w.past.memo.Err(); err != nil || !ok {
		return err
	}
	return w.Seen(e.Log, seq)
}

// Seen records that the device of a log has delivered this device's log up to
// seq: by an entry of its own, or proven in a sync session.
func (w *Writer) Seen(log merkle.LogKey, seq uint64) error {
	prefix := w.c.key(subSeen, w.s.Log, log)
	next := uint64(0) // the first seq not acknowledged yet
	for k := range w.tx.ScanBack(prefix, nil) {
		next = binary.BigEndian.Uint64(k[len(prefix):]) + 1
		break
	}
	if err := w.tx.Err(); err != nil || next > seq {
		return err
	}
	w.got.Acked = append(w.got.Acked, Acked{Log: log, From: next, To: seq})
	return put(w.tx, w.c.key(subSeen, w.s.Log, log, seq), uint64(w.now.UnixMilli()))
}

// Acked says that the device of a log has delivered this device's entries From
// to To.
type Acked struct {
	Log      merkle.LogKey
	From, To uint64
}

// Delivered tells which users have a device that acknowledged this device's
// entry with this seq, and when this node learned of it.
func (c *Conversation) Delivered(tx *store.Tx, seq uint64) (map[identity.UID]time.Time, error) {
	s, out := c.State(), map[identity.UID]time.Time{}
	for _, m := range s.Fold.Members() {
		for _, log := range m.Logs {
			for _, v := range tx.ScanFrom(c.key(subSeen, s.Log, log), c.key(subSeen, s.Log, log, seq)) {
				var at uint64
				if err := wire.Unmarshal(v, &at); err != nil {
					return nil, err
				}
				if t := time.UnixMilli(int64(at)); out[m.User].IsZero() || t.Before(out[m.User]) {
					out[m.User] = t
				}
				break
			}
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

// Settled applies rule A6 to an entry of this conversation.
func (c *Conversation) Settled(tx *store.Tx, id merkle.ID) bool {
	e, err := c.dag.Get(tx, id)
	if err != nil {
		return false
	}
	tips, err := c.dag.Frontier(tx)
	if err != nil {
		return false
	}
	heads := map[merkle.LogKey]merkle.ID{}
	for _, t := range tips {
		heads[t.Log] = t.Head
	}
	return c.State().Fold.Settled(refOf(e.Header), heads)
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
		if e.Log == s.Log {
			continue
		}
		if err := get(tx, c.key(subMeta, e.ID), &m); err == nil && m.Kind == KindText {
			return true, nil
		}
	}
	return false, nil
}

// Logs lists every log that members may write, or might have written.
func (c *Conversation) Logs(tx *store.Tx) ([]merkle.LogKey, error) {
	s := c.State()
	seen := map[merkle.LogKey]bool{}
	tips, err := c.dag.Frontier(tx)
	for _, t := range tips {
		seen[t.Log] = true
	}
	for _, m := range s.Fold.Members() {
		for _, l := range m.Logs {
			seen[l] = true
		}
	}
	var out []merkle.LogKey
	for l := range seen {
		out = append(out, l)
	}
	return out, err
}
