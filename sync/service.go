package dagsync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/internal/label"
)

// Reasons why Connect opens no stream.
var (
	ErrClosed = errors.New("the sync service is closed")
	ErrAway   = errors.New("the peer is kept away for a while")
	ErrFull   = errors.New("too many sync streams")
)

// Options of a Service; the zero value is right.
type Options struct {
	// OnEvent hears of sessions, one event at a time for each peer and in order.
	// It must not call Close.
	OnEvent func(Event)
}

// Service keeps one sync stream with each peer that it is connected to and
// pulls what this node lacks. Its methods may be called from any goroutine.
type Service struct {
	host    host.Host
	logs    Logs
	options Options
	ledger  *ledger
	leases  *leases

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup // every goroutine of every stream

	mu      sync.Mutex // guards what follows; held for moments only
	closed  bool
	streams map[peer.ID]*stream
	up      map[sessionOf]Event
}

type sessionOf struct {
	peer peer.ID
	conv Conv
}

// New starts a service on a host. Close ends it.
func New(h host.Host, logs Logs, o Options) *Service {
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{
		host: h, logs: logs, options: o, ledger: newLedger(), leases: newLeases(), ctx: ctx, stop: stop,
		streams: map[peer.ID]*stream{}, up: map[sessionOf]Event{},
	}
	h.SetStreamHandler(label.SyncProtocol, func(raw network.Stream) {
		if _, err := s.adopt(raw, listener); err != nil {
			raw.Reset()
		}
	})
	return s
}

// Connect opens a stream to a peer, if there is none, and offers it these
// conversations; none named: all. A peer learns how many are offered, but
// nothing of those that it does not share, so name those that it was looked up
// for: what else it may share follows once it has proven itself. Connect returns
// when the stream stands, not when a session does. An error means that there is
// no stream.
func (s *Service) Connect(ctx context.Context, p peer.ID, convs ...Conv) error {
	st, err := s.find(p)
	if st == nil && err == nil {
		st, err = s.dial(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("sync with %s: %w", p, err)
	}
	st.post(news{offers: convs, all: len(convs) == 0})
	return nil
}

// find returns the stream with a peer, if there is one, or why there may be none.
func (s *Service) find(p peer.ID) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch st := s.streams[p]; {
	case s.closed:
		return nil, ErrClosed
	case st != nil:
		return st, nil
	case p == s.host.ID():
		return nil, errors.New("that is this node")
	case s.ledger.away(p, time.Now()) > 0:
		return nil, ErrAway
	}
	return nil, nil
}

// dial opens a stream. One that crosses with the peer's own may be reset before
// it stands: then the peer's is here, or comes while it is tried once more.
func (s *Service) dial(ctx context.Context, p peer.ID) (st *stream, err error) {
	for range 2 {
		if st, err = s.tryDial(ctx, p); !errors.Is(err, network.ErrReset) {
			return st, err
		}
		if kept, gone := s.find(p); kept != nil || gone != nil {
			return kept, gone
		}
	}
	return nil, err
}

func (s *Service) tryDial(ctx context.Context, p peer.ID) (*stream, error) {
	raw, err := s.host.NewStream(network.WithAllowLimitedConn(ctx, "sync"), p, label.SyncProtocol)
	if err != nil {
		return nil, err
	}
	st, err := s.adopt(raw, dialer)
	if err != nil {
		raw.Reset()
	}
	return st, err
}

// adopt starts a new stream, unless another with the peer is kept: then it ends
// the new one. It returns the one that is kept.
func (s *Service) adopt(raw network.Stream, r role) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := raw.Conn().RemotePeer()
	old := s.streams[p]
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.ledger.away(p, time.Now()) > 0:
		return nil, ErrAway
	case old == nil && !s.room(r):
		return nil, ErrFull
	case old != nil && !replaces(s.host.ID(), p, r, old.role):
		raw.Reset()
		return old, nil
	}
	st := newStream(s, raw, r)
	if old != nil {
		st.prev = old
		st.inherit(old)
		old.cancel()
	}
	s.streams[p] = st
	s.wg.Go(st.run)
	return st, nil
}

// room says whether one more stream may be kept. Called with the lock held.
func (s *Service) room(r role) bool {
	unproven := 0
	for _, st := range s.streams {
		if st.role == listener && !st.proven.Load() {
			unproven++
		}
	}
	return len(s.streams) < maxStreams && (r == dialer || unproven < maxUnproven)
}

// Announce tells the service that a conversation has new entries or another
// membership. Call it after every commit, also after those that Logs.Add made;
// it does not block and may be called from within Logs.
func (s *Service) Announce(c Conv) { s.postAll(news{dirty: []Conv{c}}) }

// Refresh tells the service that Keys has changed: open streams learn of the
// new epochs and are offered what they may now share. It does not block and may
// be called from within Logs.
func (s *Service) Refresh() { s.postAll(news{refresh: true}) }

func (s *Service) postAll(n news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.streams {
		st.post(n)
	}
}

// Sessions returns the sessions that are up, as events of kind Up or Synced, by
// peer and conversation.
func (s *Service) Sessions() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	evs := make([]Event, 0, len(s.up))
	for _, ev := range s.up {
		evs = append(evs, ev)
	}
	slices.SortFunc(evs, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Peer, b.Peer), slices.Compare(a.Conv[:], b.Conv[:]))
	})
	return evs
}

// deliver keeps and passes on events of one stream.
func (s *Service) deliver(evs []Event) {
	for _, ev := range evs {
		s.mu.Lock()
		switch key := (sessionOf{ev.Peer, ev.Conv}); ev.Kind {
		case Up, Synced:
			s.up[key] = ev
		case Down:
			delete(s.up, key)
		}
		s.mu.Unlock()
		if s.options.OnEvent != nil {
			s.options.OnEvent(ev)
		}
	}
}

// gone forgets a stream that has ended, and keeps its peer away if it is to
// blame.
func (s *Service) gone(st *stream, err error) {
	if errors.Is(err, errProtocol) {
		s.ledger.banish(st.peer, time.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.peer] == st {
		delete(s.streams, st.peer)
	}
}

// Close ends all streams and waits for their goroutines.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.host.RemoveStreamHandler(label.SyncProtocol)
	s.stop()
	s.wg.Wait()
	return nil
}
