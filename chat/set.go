package chat

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// Me is what conversations need of the user they belong to.
type Me struct {
	UID    identity.UID
	Device *identity.Device
	Chain  []identity.DeviceCert // device ← … ← root
	Card   identity.Card
	Name   string
	KEMs   []*seal.KEM // the user's generations, oldest first
	Own    []*seal.KEM // the device's own, which opens the self group
}

// Set is every conversation of one user in one store.
type Set struct {
	db *store.DB
	me Me

	mu    sync.RWMutex // guards convs
	convs map[merkle.ID]*Conversation
}

// The sub-spaces of store.SpaceChat, each followed by the conversation's id
// unless it says otherwise.
const (
	subRecord   = 'r' // → record
	subControl  = 'o' // entry → plain, of control entries
	subEpoch    = 'e' // epoch → epochRecord
	subGuest    = 'g' // epoch → secrets that a welcome brought
	subChain    = 'c' // epoch, log → the chain at the next index (policy forward)
	subMeta     = 'm' // entry → meta
	subTimeline = 't' // clock, height, log, entry → nothing
	subUnread   = 'u' // entry → nothing: delivered, not opened yet
	subSeen     = 'd' // my log, log, seq of my log that it acknowledged → when (ms)
	subSecret   = 's' // log key (no conversation) → seed
	subHead     = 'h' // → the entry that this device wrote last
	subWelcome  = 'w' // uid → a welcome of theirs that came while this user belonged
	subOffer    = 'f' // uid, log key (no conversation) → leaf on offer from a contact
	subOffered  = 'p' // uid, log key (no conversation) → nothing: own log on offer to a contact
)

// record is what a conversation remembers of itself.
type record struct {
	_       struct{} `cbor:",toarray"`
	Shape   Shape
	History History
	Name    string
	Log     merkle.LogKey // the log that this device writes
	Peer    identity.UID  // Direct: the other user
	Created uint64        // ms
	Rotate  bool          // the store was behind its own log: a new log is due
	Stopped bool          // two entries of this log have one seq: it is not continued
}

// Open loads every conversation of the store.
func Open(db *store.DB, me Me) (*Set, error) {
	s := &Set{db: db, me: me, convs: map[merkle.ID]*Conversation{}}
	err := db.View(func(tx *store.Tx) error {
		var ids []merkle.ID
		for k := range tx.Scan(store.Key(store.SpaceChat, byte(subRecord))) {
			ids = append(ids, merkle.ID(k[2:34]))
		}
		for _, id := range ids {
			c := s.newConversation(id)
			if err := c.load(tx); err != nil {
				return fmt.Errorf("conversation %v: %w", id, err)
			}
			s.convs[id] = c
		}
		return tx.Err()
	})
	return s, err
}

// Get returns the conversation with this id, or nil.
func (s *Set) Get(id merkle.ID) *Conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.convs[id]
}

// All returns the conversations, oldest first.
func (s *Set) All() []*Conversation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.convs), func(a, b *Conversation) int {
		return cmp.Or(a.State().Created.Compare(b.State().Created), a.ID.Compare(b.ID))
	})
}

// Direct returns the 1:1 conversation with a user, or nil.
func (s *Set) Direct(uid identity.UID) *Conversation {
	for _, c := range s.All() {
		if st := c.State(); st.Shape == Direct && st.Peer == uid {
			return c
		}
	}
	return nil
}

func (s *Set) newConversation(id merkle.ID) *Conversation {
	return &Conversation{ID: id, set: s, dag: merkle.Open([32]byte(id))}
}

func (s *Set) publish(c *Conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.convs[c.ID] = c
}

func (c *Conversation) key(sub byte, parts ...any) []byte {
	return store.Key(store.SpaceChat, append([]any{sub, c.ID}, parts...)...)
}

// NewLog makes a log key, keeps its secret and returns the leaf under which the
// user may be admitted with it.
func (s *Set) NewLog(tx *store.Tx) (*identity.Leaf, error) {
	log := identity.NewLogSigner()
	if err := s.KeepLog(tx, log); err != nil {
		return nil, err
	}
	k := s.me.KEMs[len(s.me.KEMs)-1]
	return identity.NewLeaf(s.me.Card, s.me.Chain, s.me.Device, log, uint64(len(s.me.KEMs)-1), k.Public(), s.me.Name)
}

// KeepLog stores the secret of a log that this device may write.
func (s *Set) KeepLog(tx *store.Tx, log *identity.LogSigner) error {
	seed := log.Seed()
	return tx.Set(store.Key(store.SpaceChat, byte(subSecret), log.Public()), seed[:])
}

// Signer returns the key of a log that this device writes.
func (s *Set) Signer(tx *store.Tx, log merkle.LogKey) (*identity.LogSigner, error) {
	seed, err := tx.Get(store.Key(store.SpaceChat, byte(subSecret), log))
	if err != nil {
		return nil, fmt.Errorf("the key of log %x: %w", log[:4], err)
	}
	return identity.LogSignerFromSeed([32]byte(seed)), nil
}

func put(tx *store.Tx, key []byte, v any) error {
	b, err := wire.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Set(key, b)
}

func get(tx *store.Tx, key []byte, v any) error {
	b, err := tx.Get(key)
	if err != nil {
		return err
	}
	return wire.Unmarshal(b, v)
}
