package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/merkle"
	"causeway/store"
	dagsync "causeway/sync"
)

type mID = merkle.ID

// logs is a node as the sync engine sees it.
type logs struct{ n *node }

var errNoConv = errors.New("no such conversation")

func (l *logs) conv(c dagsync.Conv) (*chat.Conversation, error) {
	if conv := l.n.set.Get(merkle.ID(c)); conv != nil {
		return conv, nil
	}
	return nil, errNoConv
}

// Keys returns the epochs of every conversation.
func (l *logs) Keys() (out []dagsync.Key) {
	err := l.n.db.View(func(tx *store.Tx) error {
		for _, c := range l.n.set.All() {
			for _, s := range c.OpenedBy(tx) {
				out = append(out, dagsync.Key{Conv: dagsync.Conv(c.ID), Epoch: [32]byte(s.Epoch), Syn: s.Syn})
			}
		}
		return nil
	})
	l.must(err)
	return out
}

func (l *logs) must(err error) {
	if err != nil {
		l.n.w.violate("errors", "%s reads its store: %v", l.n.name, err)
	}
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
	for _, other := range l.n.set.All() {
		s := other.State()
		_, in := s.Fold.Member(uid)
		if _, gone := s.Fold.Removed(uid); other.ID != conv.ID && (in || gone || !s.Found) {
			out = append(out, dagsync.Conv(other.ID))
		}
	}
	return out
}

// Own returns the node's log in a conversation.
func (l *logs) Own(c dagsync.Conv) merkle.LogKey {
	conv, err := l.conv(c)
	if err != nil {
		return merkle.LogKey{}
	}
	return conv.State().Log
}

// Prove signs an OPEN tag by the node's log.
func (l *logs) Prove(c dagsync.Conv, tag []byte) (p dagsync.Proof, err error) {
	conv, err := l.conv(c)
	if err != nil {
		return p, err
	}
	p.Log = conv.State().Log
	err = l.n.db.View(func(tx *store.Tx) error {
		key, err := l.n.set.Signer(tx, p.Log)
		if err == nil {
			p.Sig = key.Sign(dagsync.ProofMessage(tag))
		}
		return err
	})
	return p, err
}

// Standing says what the fold of membership says of a log.
func (l *logs) Standing(c dagsync.Conv, log merkle.LogKey) dagsync.Standing {
	conv, err := l.conv(c)
	if err != nil {
		return dagsync.Unknown
	}
	s, _ := standing(conv.State(), log)
	return s
}

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
func (l *logs) Frontier(c dagsync.Conv, reader merkle.LogKey) (tips []merkle.Tip, err error) {
	conv, err := l.conv(c)
	if err != nil {
		return nil, err
	}
	err = l.n.db.View(func(tx *store.Tx) (err error) {
		st, by := dagsync.Member, merkle.ID{}
		if reader != (merkle.LogKey{}) {
			st, by = standing(conv.State(), reader)
		}
		switch st {
		case dagsync.Member:
			tips, err = conv.DAG().Frontier(tx)
		case dagsync.Removed:
			tips, err = dagsync.FrontierAt(tx, conv.DAG(), by)
		}
		return err
	})
	if l.n.lies {
		tips = l.n.exaggerate(tips)
	}
	return tips, err
}

// At returns the entries of a log with this seq.
func (l *logs) At(c dagsync.Conv, log merkle.LogKey, seq uint64) (ids []merkle.ID, err error) {
	conv, err := l.conv(c)
	if err != nil {
		return nil, err
	}
	err = l.n.db.View(func(tx *store.Tx) (err error) {
		ids, err = dagsync.EntriesAt(tx, conv.DAG(), log, seq)
		return err
	})
	return ids, err
}

// Read returns entries of a want that the reader may have.
func (l *logs) Read(c dagsync.Conv, reader merkle.LogKey, want dagsync.Want) (got []merkle.Entry, rest dagsync.Want, err error) {
	conv, err := l.conv(c)
	if err != nil {
		return nil, rest, err
	}
	st, by := standing(conv.State(), reader)
	if st == dagsync.Unknown {
		return nil, rest, dagsync.ErrNotYet
	}
	err = l.n.db.View(func(tx *store.Tx) (err error) {
		var may func(merkle.Entry) bool
		past := conv.DAG().Past(tx)
		if st == dagsync.Removed {
			may = dagsync.Within(past, by)
		}
		got, rest, err = dagsync.Select(tx, conv.DAG(), want, may)
		return errors.Join(err, past.Err())
	})
	if l.n.hoards {
		got = slices.DeleteFunc(got, func(e merkle.Entry) bool { return e.ID[0]%4 == 0 })
	}
	return got, rest, err
}

// Add keeps blocks from a peer, and now and then has them come once more.
func (l *logs) Add(c dagsync.Conv, from peer.ID, blocks []merkle.Block) (merkle.Result, error) {
	n, w := l.n, l.n.w
	conv, err := l.conv(c)
	if err != nil {
		return merkle.Result{}, err
	}
	if n.deaf {
		return merkle.Result{}, nil
	}
	if !w.calm && w.rng.Float64() < w.plan.Net.Replay {
		again := slices.Clone(blocks)
		w.rng.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		w.in(time.Duration(w.rng.Int64N(int64(time.Minute))), func() { n.again(conv.ID, again) })
	}
	res, err := n.receive(conv, blocks)
	w.stats.Entries += res.New
	w.trace.note([]byte(fmt.Sprint(n.name, from, res.New, res.Duplicates)))
	return res, err
}

// again gives blocks a second time, as an old file or parcel would.
func (n *node) again(id merkle.ID, blocks []merkle.Block) {
	if !n.up || n.deaf {
		return
	}
	if c := n.set.Get(id); c != nil {
		n.receive(c, blocks) //nolint:errcheck // reported there
	}
}

// Seen keeps what a proven peer says that it has delivered.
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
	err = l.n.change(conv, func(_ *store.Tx, w *chat.Writer) error {
		for _, m := range own {
			if err := w.Seen(m.Log, log, m.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errCrashed) && l.n.db.Err() == nil {
		l.must(err)
	}
}

// Taken checks what the engine says of a peer: it has got these entries.
func (l *logs) Taken(c dagsync.Conv, log merkle.LogKey, own []dagsync.Range) {
	conv, err := l.conv(c)
	if err != nil {
		return
	}
	s := conv.State()
	uid, _ := s.Fold.UserOf(log)
	of := l.n.w.person(uid)
	if of == nil || of.rival || l.n.rival || of.deaf || !of.up || of.set.Get(conv.ID) == nil {
		return
	}
	l.must(l.n.db.View(func(tx *store.Tx) error {
		for _, r := range own {
			for e, err := range conv.DAG().Range(tx, r.Log, r.From, r.To) {
				if err != nil {
					return err
				}
				if !of.knows(conv.ID, e.ID) {
					l.n.w.violate("no mark ahead of its fact", "%s takes %s for having been handed entry %d", l.n.name, of.name, e.Seq)
				}
			}
		}
		return nil
	}))
}

// knows reports whether an entry is on the node's disk, delivered or not.
func (n *node) knows(conv, id merkle.ID) (known bool) {
	n.look(func(tx *store.Tx) error {
		st, err := n.set.Get(conv).DAG().State(tx, id)
		known = st != merkle.Unknown
		return err
	})
	return known
}
