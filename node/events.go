package node

import (
	"context"
	"encoding/binary"
	"iter"
	"sync"
	"time"

	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/store"
)

// events is the numbered record of what happened: kept in the store, so that a
// consumer that was away resumes where it stopped, and told live.
type events struct {
	db *store.DB

	mu     sync.Mutex
	newest uint64        // guarded by mu: the number of the newest event
	news   chan struct{} // guarded by mu: closed and replaced at each event
	closed bool          // guarded by mu
}

// eventRecord is an event in the store, under its number. A message is named, not
// copied; several that came at once are as many events, the last of which has
// the number.
type eventRecord struct {
	_        struct{} `cbor:",toarray"`
	Time     uint64
	Kind     string
	Chat     string
	Conv     merkle.ID
	Messages []merkle.ID
	Contact  []byte
	Text     string
}

// count is how many events a record is.
func (r *eventRecord) count() uint64 { return uint64(max(1, len(r.Messages))) }

func openEvents(db *store.DB) (*events, error) {
	e := &events{db: db, news: make(chan struct{})}
	err := db.View(func(tx *store.Tx) (err error) {
		e.newest, err = lastEvent(tx)
		return err
	})
	return e, err
}

func lastEvent(tx *store.Tx) (uint64, error) {
	for k := range tx.ScanBack(eventPrefix(), nil) {
		return binary.BigEndian.Uint64(k[2:]), nil
	}
	return 0, tx.Err()
}

func eventPrefix() []byte { return store.Key(store.SpaceNode, byte(subEvent)) }

func eventKey(seq uint64) []byte { return store.Key(store.SpaceNode, byte(subEvent), seq) }

// add keeps an event in the caller's transaction; subscribers hear of it when
// that commits.
func (e *events) add(tx *store.Tx, r eventRecord) error {
	r.Time = uint64(time.Now().UnixMilli())
	b, err := wire.Marshal(&r)
	if err != nil {
		return err
	}
	newest, err := newestEvent(tx)
	if err != nil {
		return err
	}
	last := *newest
	seq := last + r.count()
	*newest = seq
	tx.OnCommit(func() { e.tell(seq) })
	if err := trimEvents(tx, last, seq); err != nil {
		return err
	}
	return tx.Set(eventKey(seq), b)
}

// newestEvent returns the number of the newest event, known by heart.
func newestEvent(tx *store.Tx) (*uint64, error) {
	var err error
	load := func() any {
		var n uint64
		n, err = lastEvent(tx)
		return &n
	}
	n, _ := tx.Hot("events", load).(*uint64)
	if err != nil {
		tx.Forget("events")
	}
	return n, err
}

// trimEvents deletes what is too old, now and then.
func trimEvents(tx *store.Tx, last, seq uint64) error {
	if seq <= keptEvents || last/trimEvery == seq/trimEvery {
		return nil
	}
	for k := range tx.Scan(eventPrefix()) {
		if binary.BigEndian.Uint64(k[2:]) > seq-keptEvents {
			break
		}
		if err := tx.Delete(k); err != nil {
			return err
		}
	}
	return tx.Err()
}

func (e *events) tell(seq uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.newest = max(e.newest, seq)
	if !e.closed {
		close(e.news)
		e.news = make(chan struct{})
	}
}

func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		close(e.news)
	}
}

// last returns the number of the newest event.
func (e *events) last() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.newest
}

func (e *events) wait() (news <-chan struct{}, closed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.news, e.closed
}

// Events replays the kept events after since, then follows live until ctx or
// the node ends. A jump in the numbers says that some were not kept.
func (n *Node) Events(ctx context.Context, since uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			news, closed := n.events.wait()
			batch, err := n.eventsAfter(since)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, ev := range batch {
				if !yield(ev, nil) {
					return
				}
				since = ev.Seq
			}
			if closed {
				return
			}
			select {
			case <-news:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (n *Node) eventsAfter(since uint64) ([]Event, error) {
	var out []Event
	err := n.db.View(func(tx *store.Tx) error {
		for k, v := range tx.ScanFrom(eventPrefix(), eventKey(since+1)) {
			var r eventRecord
			if err := wire.Unmarshal(v, &r); err != nil {
				return err
			}
			last := binary.BigEndian.Uint64(k[2:])
			for i := range r.count() {
				if seq := last - r.count() + 1 + i; seq > since {
					out = append(out, n.event(tx, seq, r, int(i)))
				}
			}
		}
		return tx.Err()
	})
	return out, err
}

func (n *Node) event(tx *store.Tx, seq uint64, r eventRecord, i int) Event {
	ev := Event{Seq: seq, Time: time.UnixMilli(int64(r.Time)).UTC(), Kind: r.Kind, Chat: r.Chat, Text: r.Text}
	if i < len(r.Messages) {
		if c := n.set.Get(r.Conv); c != nil {
			if m, err := n.showOne(tx, c, r.Messages[i]); err == nil {
				ev.Message = &m
			}
		}
	}
	if len(r.Contact) == 32 {
		if k, err := n.contactView(tx, [32]byte(r.Contact)); err == nil {
			ev.Contact = &k
		}
	}
	return ev
}
