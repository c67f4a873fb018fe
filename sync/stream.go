package dagsync

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/internal/wire"
)

// A stream drives an engine: the reader's goroutine gives it frames, the
// writer's everything else, and sends what comes out.
type stream struct {
	service *Service
	raw     network.Stream
	peer    peer.ID
	role    role
	prev    *stream       // that this one replaces: it ends first
	done    chan struct{} // closed when all is over
	ctx     context.Context
	cancel  context.CancelFunc

	mu     sync.Mutex // guards engine; held while Logs works, never while the network does
	engine *engine

	newsMu sync.Mutex // guards news
	news   news

	wake    chan struct{} // the writer has something to look at
	drained chan struct{} // the engine has room for frames
	read    atomic.Int64  // when the last large part of a frame came, in Unix nanoseconds
	proven  atomic.Bool
}

// news is what the writer tells the engine next.
type news struct {
	offers  []Conv
	all     bool
	dirty   []Conv
	refresh bool
	durable []kept
}

// kept are entries of a session that are durable.
type kept struct{ sid, size uint64 }

func newStream(s *Service, raw network.Stream, r role) *stream {
	st := &stream{
		service: s, raw: raw, peer: raw.Conn().RemotePeer(), role: r,
		done: make(chan struct{}), wake: make(chan struct{}, 1), drained: make(chan struct{}, 1),
	}
	st.ctx, st.cancel = context.WithCancel(s.ctx)
	c := config{
		logs: s.logs, self: s.host.ID(), peer: st.peer, role: r,
		ledger: s.ledger, leases: s.leases,
		landed: func(sid, size uint64) { st.post(news{durable: []kept{{sid, size}}}) },
	}
	c.lazy, _ = s.logs.(LateLogs)
	rand.Read(c.nonce[:])
	st.engine = newEngine(c, time.Now())
	return st
}

// replaces says whether a new stream with a peer takes the place of the old one.
// Both ends keep the one that the lesser peer id dialled; of two that the peer
// dialled the newer, since it has given up the other.
func replaces(self, other peer.ID, r, old role) bool {
	if r == old {
		return r == listener
	}
	return (r == dialer) == (self < other)
}

// inherit takes over what the old stream was to offer.
func (st *stream) inherit(old *stream) {
	old.newsMu.Lock()
	defer old.newsMu.Unlock()
	st.news.offers, st.news.all = old.news.offers, old.news.all
}

// post leaves news for the writer.
func (st *stream) post(n news) {
	st.newsMu.Lock()
	st.news.all = st.news.all || n.all
	st.news.refresh = st.news.refresh || n.refresh
	st.news.offers = merged(st.news.offers, n.offers)
	st.news.dirty = merged(st.news.dirty, n.dirty)
	st.news.durable = append(st.news.durable, n.durable...)
	st.newsMu.Unlock()
	signal(st.wake)
}

func merged(a, b []Conv) []Conv {
	for _, c := range b {
		if !slices.Contains(a, c) {
			a = append(a, c)
		}
	}
	return a
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run is the writer's goroutine, which owns the stream: it starts the reader's
// and ends after it.
func (st *stream) run() {
	defer close(st.done)
	defer st.cancel()
	if st.prev != nil {
		<-st.prev.done
		st.prev = nil
	}
	context.AfterFunc(st.ctx, func() { st.raw.Reset() }) // wakes whoever waits for the network
	readErr := make(chan error, 1)
	st.service.wg.Go(func() {
		defer st.cancel()
		readErr <- st.receive()
	})
	writeErr := st.send()
	st.cancel()
	err := errors.Join(<-readErr, writeErr)
	st.service.gone(st, err)
	st.mu.Lock()
	st.engine.end()
	evs := st.engine.takeEvents()
	st.mu.Unlock()
	st.service.deliver(evs)
}

// receive gives frames to the engine until the stream ends.
func (st *stream) receive() error {
	in := &slowReader{st: st}
	r := bufio.NewReaderSize(in, readBuffer)
	for {
		if err := in.rest(); err != nil {
			return err
		}
		if _, err := r.Peek(1); err != nil {
			return err
		}
		in.begin()
		p, err := wire.ReadFrame(r, maxFrame)
		if errors.Is(err, wire.ErrFrame) {
			return fmt.Errorf("%w: %w", errProtocol, err)
		}
		if err != nil {
			return err
		}
		if err := st.handle(p); err != nil {
			return err
		}
	}
}

// handle waits until the engine has room and gives it a frame.
func (st *stream) handle(p []byte) error {
	st.mu.Lock()
	for st.engine.full() {
		st.mu.Unlock()
		select {
		case <-st.drained:
		case <-st.ctx.Done():
			return st.ctx.Err()
		}
		st.mu.Lock()
	}
	err := st.engine.handle(time.Now(), p)
	st.mu.Unlock()
	signal(st.wake)
	return err
}

// send does what is due and sends what the engine has, until the stream ends.
func (st *stream) send() error {
	w := slowWriter{st.raw}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		frame, evs, deadline, err := st.step()
		st.service.deliver(evs)
		if err != nil {
			return err
		}
		if frame != nil {
			signal(st.drained)
			if err := wire.WriteFrame(w, frame); err != nil {
				return err
			}
			continue
		}
		timer.Reset(time.Until(deadline))
		select {
		case <-st.wake:
		case <-timer.C:
		case <-st.ctx.Done():
			return st.ctx.Err()
		}
	}
}

// step takes the engine one step further.
func (st *stream) step() (frame []byte, evs []Event, deadline time.Time, err error) {
	st.newsMu.Lock()
	n := st.news
	st.news = news{}
	st.newsMu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	e, now := st.engine, time.Now()
	if read := st.read.Load(); read > 0 {
		e.progress(time.Unix(0, read))
	}
	err = n.tell(e, now)
	if err == nil {
		err = e.tick(now)
	}
	if err == nil {
		frame, err = e.next(now)
	}
	if e.proven {
		st.proven.Store(true)
	}
	return frame, e.takeEvents(), e.deadline(), err
}

// tell gives the news to the engine.
func (n news) tell(e *engine, now time.Time) error {
	for _, k := range n.durable {
		e.durable(now, k.sid, k.size)
	}
	if n.refresh {
		if err := e.refresh(now); err != nil {
			return err
		}
	}
	for _, c := range n.dirty {
		if err := e.announce(now, c); err != nil {
			return err
		}
	}
	if n.all {
		if err := e.offer(now, nil); err != nil {
			return err
		}
	}
	if len(n.offers) > 0 {
		return e.offer(now, n.offers)
	}
	return nil
}
