package dagsync

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/merkle"
	"causeway/store"
)

// A user is a member's device in the tests: one log in every conversation.
type user struct {
	name string
	key  ed25519.PrivateKey
}

func newUser(name string) user {
	seed := sha256.Sum256([]byte(name))
	return user{name, ed25519.NewKeyFromSeed(seed[:])}
}

func (u user) Public() [32]byte { return u.log() }

func (u user) log() merkle.LogKey { return merkle.LogKey(u.key.Public().(ed25519.PublicKey)) }

func (u user) Sign(b []byte) [64]byte { return [64]byte(ed25519.Sign(u.key, b)) }

// A node is what dagsync sees of a node: conversations over a real store. It
// implements Logs.
type node struct {
	user
	t  testing.TB
	id peer.ID
	db *store.DB

	mu       sync.Mutex
	keys     []Key
	members  map[merkle.LogKey]bool
	removals map[merkle.LogKey]merkle.ID
	shared   []Conv
	seen     map[merkle.LogKey]map[Mark]bool
	taken    map[merkle.LogKey][]Range
	withhold map[merkle.ID]bool // entries that Read leaves out
	forks    int                // proofs that Add found
	added    int                // entries that came by Add
	onAdd    func()             // hears of every Add
	service  *Service
}

var group = Conv{1}

// newNode returns a node of a group whose members it knows.
func newNode(t testing.TB, name string, members ...user) *node {
	n := &node{
		user: newUser(name), t: t, id: peer.ID("peer of " + name), db: store.OpenMemory(),
		members: map[merkle.LogKey]bool{}, removals: map[merkle.LogKey]merkle.ID{},
		seen: map[merkle.LogKey]map[Mark]bool{}, taken: map[merkle.LogKey][]Range{},
		keys: []Key{synKey(group, 1)},
	}
	for _, m := range members {
		n.members[m.log()] = true
	}
	t.Cleanup(func() { n.db.Close() })
	return n
}

// synKey is the key of an epoch of a conversation.
func synKey(c Conv, epoch byte) Key {
	return Key{Conv: c, Epoch: [32]byte{epoch}, Syn: sha256.Sum256([]byte{c[0], epoch})}
}

func users(names ...string) []user {
	var us []user
	for _, n := range names {
		us = append(us, newUser(n))
	}
	return us
}

func (n *node) dag(c Conv) *merkle.DAG { return merkle.Open(c) }

// view and update run a transaction that must not fail.
func (n *node) view(fn func(tx *store.Tx) error) error   { return n.db.View(fn) }
func (n *node) update(fn func(tx *store.Tx) error) error { return n.db.Update(fn) }

// write appends an entry of u over the heads at this node.
func (n *node) write(u user, text string) merkle.Entry {
	n.t.Helper()
	e, err := n.append(u, text, nil)
	if err != nil {
		n.t.Fatalf("%s writes %q: %v", n.name, text, err)
	}
	return e
}

// writeAlone appends an entry of u that has seen no other log.
func (n *node) writeAlone(u user, text string) merkle.Entry {
	n.t.Helper()
	e, err := n.append(u, text, func(dr *merkle.Draft) {
		dr.Parents, dr.Height = nil, 1
		if dr.Seq > 0 {
			dr.Height = n.height(dr.Prev) + 1
		}
	})
	if err != nil {
		n.t.Fatalf("%s writes %q: %v", n.name, text, err)
	}
	return e
}

func (n *node) append(u user, text string, change func(*merkle.Draft)) (e merkle.Entry, err error) {
	err = n.update(func(tx *store.Tx) error {
		dr, err := n.dag(group).Draft(tx, u.log())
		if err != nil {
			return err
		}
		if change != nil {
			change(&dr)
		}
		e, err = n.dag(group).Append(tx, u, dr, []byte(text))
		return err
	})
	return e, err
}

// holds says whether an entry is delivered here.
func (n *node) holds(id merkle.ID) (held bool) {
	if err := n.view(func(tx *store.Tx) (err error) {
		held, err = n.dag(group).Has(tx, id)
		return err
	}); err != nil {
		n.t.Fatal(err)
	}
	return held
}

func (n *node) height(id merkle.ID) (height uint64) {
	err := n.view(func(tx *store.Tx) error {
		e, err := n.dag(group).Get(tx, id)
		height = e.Height
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return height
}

// within returns an entry and its past.
func (n *node) within(id merkle.ID) map[merkle.ID]bool {
	set := map[merkle.ID]bool{id: true}
	err := n.view(func(tx *store.Tx) error {
		past := n.dag(group).Past(tx)
		for other := range n.ids() {
			if past.Before(other, id) {
				set[other] = true
			}
		}
		return past.Err()
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return set
}

// logOf makes the first entries of a log that saw no other.
func logOf(u user, count int) []merkle.Block {
	return logWith(u, count, func(i int) []byte { return []byte(text(i)) })
}

func logWith(u user, count int, says func(i int) []byte) []merkle.Block {
	var blocks []merkle.Block
	h := merkle.Header{Log: u.log()}
	for i := range count {
		body := says(i)
		h.Seq, h.Height = uint64(i), uint64(i+1)
		h.Body, h.BodySize = sha256.Sum256(body), uint64(len(body))
		h.Sig = u.Sign(h.Signed())
		blocks = append(blocks, merkle.Block{Header: h.Encode(), Body: body})
		h.Prev = h.ID()
	}
	return blocks
}

// entriesOf reads the headers of blocks.
func entriesOf(t testing.TB, blocks []merkle.Block) []merkle.Entry {
	t.Helper()
	var es []merkle.Entry
	for _, b := range blocks {
		h, err := merkle.DecodeHeader(b.Header)
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, merkle.Entry{ID: h.ID(), Header: h, Body: b.Body})
	}
	return es
}

// keep adds blocks without counting them as pulled.
func (n *node) keep(blocks []merkle.Block) {
	n.t.Helper()
	for part := range slices.Chunk(blocks, maxBatch) {
		err := n.update(func(tx *store.Tx) error {
			res, err := n.dag(group).Add(tx, part)
			if len(res.Delivered) != len(part) {
				n.t.Fatalf("%d of %d blocks delivered: %+v", len(res.Delivered), len(part), res.Refused)
			}
			return err
		})
		if err != nil {
			n.t.Fatal(err)
		}
	}
}

// ids returns the delivered entries of the group, as a set.
func (n *node) ids() map[merkle.ID]bool {
	set := map[merkle.ID]bool{}
	err := n.view(func(tx *store.Tx) error {
		es, err := n.dag(group).ByOffset(tx, 0, 1<<30)
		for _, e := range es {
			set[e.ID] = true
		}
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return set
}

func (n *node) Keys() []Key {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.keys)
}

func (n *node) Shared(Conv, merkle.LogKey) []Conv {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.shared)
}

func (n *node) Own(Conv) merkle.LogKey { return n.log() }

func (n *node) Prove(_ Conv, tag []byte) (Proof, error) {
	return Proof{Log: n.log(), Sig: n.Sign(ProofMessage(tag))}, nil
}

func (n *node) Standing(_ Conv, log merkle.LogKey) Standing {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch _, removed := n.removals[log]; {
	case removed:
		return Removed
	case n.members[log]:
		return Member
	}
	return Unknown
}

func (n *node) removal(log merkle.LogKey) merkle.ID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.removals[log]
}

func (n *node) Frontier(c Conv, reader merkle.LogKey) (tips []merkle.Tip, err error) {
	standing := n.Standing(c, reader)
	if reader != noLog && standing == Unknown {
		return nil, nil
	}
	err = n.view(func(tx *store.Tx) (err error) {
		if reader == noLog || standing == Member {
			tips, err = n.dag(c).Frontier(tx)
		} else {
			tips, err = FrontierAt(tx, n.dag(c), n.removal(reader))
		}
		return err
	})
	return tips, err
}

func (n *node) At(c Conv, log merkle.LogKey, seq uint64) (ids []merkle.ID, err error) {
	err = n.view(func(tx *store.Tx) (err error) {
		ids, err = EntriesAt(tx, n.dag(c), log, seq)
		return err
	})
	return ids, err
}

func (n *node) Read(c Conv, reader merkle.LogKey, w Want) (es []merkle.Entry, rest Want, err error) {
	standing := n.Standing(c, reader)
	if standing == Unknown {
		return nil, Want{}, ErrNotYet
	}
	err = n.view(func(tx *store.Tx) (err error) {
		past := n.dag(c).Past(tx)
		var may func(merkle.Entry) bool
		if standing == Removed {
			may = Within(past, n.removal(reader))
		}
		es, rest, err = Select(tx, n.dag(c), w, may)
		return errors.Join(err, past.Err())
	})
	es = slices.DeleteFunc(es, func(e merkle.Entry) bool { return n.withhold[e.ID] })
	return es, rest, err
}

func (n *node) Add(c Conv, _ peer.ID, blocks []merkle.Block) (res merkle.Result, err error) {
	err = n.update(func(tx *store.Tx) (err error) {
		res, err = n.dag(c).Add(tx, blocks)
		return err
	})
	n.tookIn(c, blocks, res)
	return res, err
}

func (n *node) AddLater(c Conv, _ peer.ID, blocks []merkle.Block, durable func()) (res merkle.Result, err error) {
	err = n.db.UpdateLater(func(tx *store.Tx) (err error) {
		res, err = n.dag(c).Add(tx, blocks)
		tx.OnCommit(func() {
			n.tookIn(c, blocks, res)
			durable()
		})
		return err
	})
	return res, err
}

func (n *node) tookIn(c Conv, blocks []merkle.Block, res merkle.Result) {
	n.mu.Lock()
	n.added += len(blocks)
	n.forks += len(res.Forks)
	heard, s := n.onAdd, n.service
	n.mu.Unlock()
	if heard != nil {
		heard()
	}
	if s != nil {
		s.Announce(c)
	}
}

func (n *node) Seen(_ Conv, log merkle.LogKey, marks []Mark) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[log] == nil {
		n.seen[log] = map[Mark]bool{}
	}
	for _, m := range marks {
		n.seen[log][m] = true
	}
}

func (n *node) Taken(_ Conv, log merkle.LogKey, own []Range) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range own {
		if r.Log != n.log() {
			n.t.Errorf("%s is told of a log that is not its own", n.name)
		}
		n.taken[log] = extend(n.taken[log], r)
	}
}

// hasTaken says how many first entries of n's log the holder of a log has taken.
func (n *node) hasTaken(by merkle.LogKey) uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if rs := n.taken[by]; len(rs) > 0 && rs[0].From == 0 {
		return rs[0].To + 1
	}
	return 0
}

// hasSeen says whether the holder of a log has said that it has an entry.
func (n *node) hasSeen(by merkle.LogKey, e merkle.Entry) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[by][Mark{Log: e.Log, Seq: e.Seq, ID: e.ID}]
}

func text(i int) string { return fmt.Sprintf("message %d", i) }
