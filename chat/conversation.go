package chat

import (
	"cmp"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"causeway/group"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
)

// Conversation is one DAG of logs and what it means. Its State is a snapshot of
// what is committed; changes go through a Writer, which starts from what is
// applied: another change may still be on its way to the disk.
type Conversation struct {
	ID merkle.ID // of found

	set     *Set
	dag     *merkle.DAG
	state   atomic.Pointer[State] // replaced at commit, never changed in place
	applied atomic.Pointer[State] // replaced under the store's writer lock; not before state
}

// State is one committed state of a conversation. It is immutable.
type State struct {
	Shape   Shape
	History History
	Name    string
	Log     merkle.LogKey // this device's log, the present one
	Peer    identity.UID  // Direct only
	Created time.Time
	Fold    *group.State
	Found   bool // found is here and readable; false while a welcome is all there is

	rotate    bool // see record
	stopped   bool
	controls  map[merkle.ID]control
	epochs    map[merkle.ID]*epoch
	ranked    []*epoch // of epochs, the highest first
	guests    map[merkle.ID]Secrets
	leaves    map[identity.UID]*identity.Leaf  // the newest credential of each user
	byLog     map[merkle.LogKey]*identity.Leaf // the one that brought each log in
	mine      []merkle.LogKey                  // of these, the ones of this user
	mailboxes []namedMailbox
}

// State returns the present snapshot.
func (c *Conversation) State() *State { return c.state.Load() }

// DAG gives access to the entries themselves, for sync and export.
func (c *Conversation) DAG() *merkle.DAG { return c.dag }

func (s *State) clone() *State {
	n := *s
	n.controls = maps.Clone(s.controls)
	n.epochs = maps.Clone(s.epochs)
	n.guests = maps.Clone(s.guests)
	n.leaves = maps.Clone(s.leaves)
	n.byLog = maps.Clone(s.byLog)
	return &n
}

func (s *State) record() record {
	return record{
		Shape: s.Shape, History: s.History, Name: s.Name, Log: s.Log, Peer: s.Peer,
		Created: uint64(s.Created.UnixMilli()), Rotate: s.rotate, Stopped: s.stopped,
	}
}

func (c *Conversation) load(tx *store.Tx) error {
	var r record
	if err := get(tx, c.key(subRecord), &r); err != nil {
		return err
	}
	s := newState(r)
	c.state.Store(s)
	c.applied.Store(s)
	w := &Writer{c: c, tx: tx, s: s, mine: true, loading: true, past: c.past(tx)}
	for _, step := range []func() error{w.loadControls, w.loadEpochs, w.loadGuests} {
		if err := step(); err != nil {
			return err
		}
	}
	w.refold()
	if err := w.checkHead(); err != nil {
		return err
	}
	s.Fold = s.Fold.With(c.past(nil))
	return w.past.err
}

func newState(r record) *State {
	return &State{
		Shape: r.Shape, History: r.History, Name: r.Name, Log: r.Log, Peer: r.Peer,
		Created: time.UnixMilli(int64(r.Created)), rotate: r.Rotate, stopped: r.Stopped,
		controls: map[merkle.ID]control{}, epochs: map[merkle.ID]*epoch{},
		guests: map[merkle.ID]Secrets{}, leaves: map[identity.UID]*identity.Leaf{}, byLog: map[merkle.LogKey]*identity.Leaf{},
	}
}

func (w *Writer) loadControls() error {
	prefix := w.c.key(subControl)
	for k, v := range w.tx.Scan(prefix) {
		p, err := decodePlain(v)
		if err != nil {
			return err
		}
		id := merkle.ID(k[len(prefix):])
		e, err := w.c.dag.Get(w.tx, id)
		if err != nil {
			return err
		}
		if err := w.addControl(e, p); err != nil {
			return err
		}
	}
	return w.tx.Err()
}

func (w *Writer) loadEpochs() error {
	prefix := w.c.key(subEpoch)
	for k := range w.tx.Scan(prefix) {
		var r epochRecord
		if err := get(w.tx, k, &r); err != nil {
			return err
		}
		id := merkle.ID(k[len(prefix):])
		e, err := r.epoch(id)
		if err != nil {
			return err
		}
		h, err := w.c.dag.Get(w.tx, id)
		if err != nil {
			return err
		}
		e.height = h.Height
		w.s.epochs[id] = e
		w.s.ranked = append(w.s.ranked, e)
	}
	slices.SortFunc(w.s.ranked, func(a, b *epoch) int { return b.above(a) })
	return w.tx.Err()
}

func (w *Writer) loadGuests() error {
	prefix := w.c.key(subGuest)
	for k := range w.tx.Scan(prefix) {
		var g Secrets
		if err := get(w.tx, k, &g); err != nil {
			return err
		}
		w.s.guests[g.Epoch] = g
	}
	return w.tx.Err()
}

// Own reports whether a log is this user's: the present one, or one of before a
// removal or a stop. Who left and was added again has several.
func (s *State) Own(log merkle.LogKey) bool {
	return log == s.Log || slices.Contains(s.mine, log)
}

// OwnLogs lists the logs for which Own holds.
func (s *State) OwnLogs() []merkle.LogKey {
	if slices.Contains(s.mine, s.Log) {
		return s.mine
	}
	return append(slices.Clip(s.mine), s.Log)
}

// Writer returns the user whose log it is or was, or would be if what was to bring
// it in were not void: the credential says so, and the user's device signed it.
func (s *State) Writer(log merkle.LogKey) (identity.UID, bool) {
	if uid, ok := s.Fold.UserOf(log); ok {
		return uid, true
	}
	if l := s.byLog[log]; l != nil {
		return l.UID(), true
	}
	return identity.UID{}, false
}

// Secrets are the keys of one epoch by which members find and recognise each
// other and share a mailbox.
type Secrets struct {
	_     struct{} `cbor:",toarray"`
	Epoch merkle.ID
	Rank  uint64 // height of the epoch's entry, 0 if not known
	Syn   [32]byte
	Rdv   [32]byte
	Mbx   [32]byte
}

// Secrets lists the epochs that this device can meet others under, newest first.
//
// What a welcome brought counts until a member holds a key of its own.
func (c *Conversation) Secrets(tx *store.Tx) []Secrets {
	s := c.State()
	if out := s.secrets(); s.Fold.MaySend(c.set.me.UID) && len(out) > 0 {
		return out
	}
	return c.OpenedBy(tx)
}

// OpenedBy lists the epochs under which others may be recognised, newest first:
// those of Secrets, and for good what a welcome brought. A member who fell back
// behind this user's admission, by an old disk, may know no later one.
func (c *Conversation) OpenedBy(tx *store.Tx) []Secrets {
	s := c.State()
	out := s.secrets()
	for _, g := range s.guests {
		if e := s.epochs[g.Epoch]; e == nil || !e.keys.Full() {
			out = append(out, g)
		}
	}
	sortSecrets(out)
	return out
}

// secrets lists the epochs whose keys are held, newest first.
func (s *State) secrets() (out []Secrets) {
	for id, e := range s.epochs {
		if !e.keys.Full() {
			continue
		}
		out = append(out, Secrets{Epoch: id, Rank: e.height, Syn: e.keys.Syn(), Rdv: e.keys.Rdv(), Mbx: e.keys.Mbx()})
	}
	sortSecrets(out)
	return out
}

func sortSecrets(s []Secrets) {
	slices.SortFunc(s, func(a, b Secrets) int {
		return cmp.Or(cmp.Compare(b.Rank, a.Rank), slices.Compare(b.Epoch[:], a.Epoch[:]))
	})
}

// Members lists the other live users of the conversation.
func (s *State) Others(me identity.UID) []identity.UID {
	var out []identity.UID
	for _, m := range s.Fold.Members() {
		if m.User != me {
			out = append(out, m.User)
		}
	}
	return out
}

// NameOf returns what a user calls itself in this conversation.
func (s *State) NameOf(uid identity.UID) string {
	if l := s.leaves[uid]; l != nil {
		return l.Name
	}
	return ""
}

// LeafOf returns a user's newest credential seen here, or nil.
func (s *State) LeafOf(uid identity.UID) *identity.Leaf { return s.leaves[uid] }
