package dagsync

import (
	"context"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Options of a Service; the zero value is right.
type Options struct {
	// OnEvent hears of sessions, one event at a time for each peer and in order.
	// It must not call Close.
	OnEvent func(Event)
}

// Service keeps one sync stream with each peer that it is connected to and
// pulls what this node lacks.
type Service struct{}

// New starts a service on a host. Close ends it.
func New(h host.Host, logs Logs, o Options) *Service { panic("soon") }

// Connect opens a stream to a peer, if there is none, and offers it these
// conversations; none named: all. A peer learns how many are offered, but
// nothing of those that it does not share, so name those that it was looked up
// for. It returns when the stream stands, not when a session does.
func (s *Service) Connect(ctx context.Context, p peer.ID, convs ...Conv) error { panic("soon") }

// Announce tells the service that a conversation has new entries or another
// membership. Call it after every commit, also after those that Logs.Add made;
// it does not block and may be called from within Logs.
func (s *Service) Announce(c Conv) { panic("soon") }

// Refresh tells the service that Keys has changed: open streams learn of the
// new epochs and are offered what they may now share. It does not block.
func (s *Service) Refresh() { panic("soon") }

// Sessions returns the sessions that are up, as events of kind Up or Synced.
func (s *Service) Sessions() []Event { panic("soon") }

// Close ends all streams and waits for their goroutines.
func (s *Service) Close() error { panic("soon") }
