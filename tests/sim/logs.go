package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/merkle"
	"causeway/node"
	"causeway/store"
	dagsync "causeway/sync"
)

type mID = merkle.ID

// logs is a node as the sync engine sees it. What it serves, and to whom, is the
// product's own; what it takes, the simulator watches.
type logs struct {
	node.Served
	n *device
}

func (n *device) logs() *logs { return &logs{node.Served{DB: n.db, Set: n.set}, n} }

var errNoConv = errors.New("no such conversation")

func (l *logs) must(err error) {
	if err != nil {
		l.n.w.violate("errors", "%s reads its store: %v", l.n.name, err)
	}
}

// Keys returns the epochs of every conversation.
func (l *logs) Keys() []dagsync.Key {
	keys, err := l.Served.Keys()
	l.must(err)
	return keys
}

// Frontier returns the tips that a reader may see, and more of somebody who lies.
func (l *logs) Frontier(c dagsync.Conv, reader merkle.LogKey) ([]merkle.Tip, error) {
	tips, err := l.Served.Frontier(c, reader)
	if l.n.lies {
		tips = l.n.exaggerate(tips)
	}
	return tips, err
}

// Read returns entries of a want that the reader may have, and fewer of somebody
// who withholds some.
func (l *logs) Read(c dagsync.Conv, reader merkle.LogKey, want dagsync.Want) ([]merkle.Entry, dagsync.Want, error) {
	got, rest, err := l.Served.Read(c, reader, want)
	if l.n.hoards {
		got = slices.DeleteFunc(got, func(e merkle.Entry) bool { return e.ID[0]%4 == 0 })
	}
	return got, rest, err
}

// Add keeps blocks from a peer, and now and then has them come once more.
func (l *logs) Add(c dagsync.Conv, from peer.ID, blocks []merkle.Block) (merkle.Result, error) {
	n, w := l.n, l.n.w
	conv, err := l.Conv(c)
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
func (n *device) again(id merkle.ID, blocks []merkle.Block) {
	if !n.up || n.deaf {
		return
	}
	if c := n.set.Get(id); c != nil {
		n.receive(c, blocks) //nolint:errcheck // reported there
	}
}

// Seen keeps what a proven peer says that it has delivered.
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
	conv, err := l.Conv(c)
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
func (n *device) knows(conv, id merkle.ID) (known bool) {
	n.look(func(tx *store.Tx) error {
		st, err := n.set.Get(conv).DAG().State(tx, id)
		known = st != merkle.Unknown
		return err
	})
	return known
}
