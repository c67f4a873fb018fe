package chat

import (
	"time"

	"causeway/group"
	"causeway/identity"
	"causeway/internal/planted"
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
	if e.Prev != (merkle.ID{}) {
		parents = w.clockAt(e.Prev)
	}
	for _, id := range e.Parents {
		parents = max(parents, w.clockAt(id))
	}
	if planted.Is(planted.ByArrival) {
		wall = uint64(w.now.UnixMilli())
	}
	if planted.Is(planted.NoHybrid) {
		return min(wall, maxWall), parents
	}
	return max(min(wall, maxWall), parents+1), parents
}

func (w *Writer) saveMeta(e merkle.Entry, m meta) (meta, error) {
	clock, parents := w.clockOf(e, m.Wall)
	m.Clock = clock
	now := uint64(w.now.UnixMilli())
	m.Shown = m.Wall
	if m.Wall > now+aheadMillis {
		m.Ahead, m.Shown = true, max(min(parents, now), 1) // the parents may be as far ahead
	}
	if shown(m.Kind) {
		late, err := w.place(w.timelineKey(e, clock))
		if err != nil {
			return meta{}, err
		}
		m.Late = late && e.Log != w.s.Log
	}
	if err := w.noteSeen(e); err != nil {
		return meta{}, err
	}
	w.warm().clocks[e.ID] = clock
	return m, put(w.tx, w.c.key(subMeta, e.ID), &m)
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
	out := c.said(s, e, m)
	if m.Kind == KindText {
		out.Text, out.Reply = readText(e, m)
	}
	return out
}

// said is message without the text of one.
func (c *Conversation) said(s *State, e merkle.Entry, m meta) Message {
	out := Message{
		ID: e.ID, Log: e.Log, Seq: e.Seq, Kind: m.Kind, Time: time.UnixMilli(int64(m.Shown)),
		Own: s.Own(e.Log), Late: m.Late, Ahead: m.Ahead,
	}
	out.Author, out.Verdict = s.counts(e)
	if ct, ok := s.controls[e.ID]; ok {
		out.Target, out.Role, out.Text = ct.target, ct.op.Role, ct.reason
	}
	return out
}

// counts tells who wrote an entry and whether it stands.
func (s *State) counts(e merkle.Entry) (identity.UID, group.Verdict) {
	if s.Fold == nil {
		return identity.UID{}, group.Verdict{}
	}
	return s.Fold.Counts(group.Ref{ID: e.ID, Log: e.Log, Seq: e.Seq, Height: e.Height, Parents: e.Parents})
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
	if err != nil {
		return "", merkle.ID{}
	}
	return p.text()
}

// text returns the text of a KindText, none if it is malformed.
func (p plain) text() (string, merkle.ID) {
	var t textBody
	if wire.Unmarshal(p.Payload, &t) != nil || len(t.Text) > MaxText || len(t.Reply) != 0 && len(t.Reply) != len(merkle.ID{}) {
		return "", merkle.ID{}
	}
	var reply merkle.ID
	copy(reply[:], t.Reply)
	return t.Text, reply
}

// Unread counts delivered entries that no key here opens yet, though their writers
// knew that this user belongs: what came before is perhaps not for it.
func (c *Conversation) Unread(tx *store.Tx) (n int) {
	me, in := c.State().Fold.Member(c.set.me.UID)
	if !in {
		return 0
	}
	prefix, past := c.key(subUnread), c.dag.Past(tx)
	for k := range tx.Scan(prefix) {
		if past.Before(me.Since, merkle.ID(k[len(prefix):])) {
			n++
		}
	}
	return n
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
