package dagsync

import (
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Company is what the engines of one node have in common: how peers behaved,
// and which entries are being pulled already.
type Company struct {
	ledger *ledger
	leases *leases
}

// NewCompany returns the company of a node without peers.
func NewCompany() *Company { return &Company{newLedger(), newLeases()} }

// Away returns for how long a peer that broke the protocol is still kept away.
func (c *Company) Away(p peer.ID, now time.Time) time.Duration { return c.ledger.away(p, now) }

// Strikes counts what a peer did that no honest one does.
func (c *Company) Strikes(p peer.ID) int {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	if r := c.ledger.peers[p]; r != nil {
		return r.strikes
	}
	return 0
}

// An Engine is one end of a stream without the stream, for simulators: frames
// and the time go in, frames and events come out. It is not safe for concurrent
// use. After an error only End may be called.
type Engine struct{ e *engine }

// NewEngine returns the end of self of a stream with another peer. The nonce is
// random for every stream. logs must answer for self.
func (c *Company) NewEngine(logs Logs, self, other peer.ID, dials bool, nonce [32]byte, now time.Time) *Engine {
	r := listener
	if dials {
		r = dialer
	}
	return &Engine{newEngine(config{
		logs: logs, self: self, peer: other, role: r, nonce: nonce, ledger: c.ledger, leases: c.leases,
	}, now)}
}

// Offer offers all conversations to the peer.
func (e *Engine) Offer(now time.Time) error { return e.e.offer(now, nil) }

// Announce follows a commit in a conversation, Refresh a change of Logs.Keys.
func (e *Engine) Announce(now time.Time, c Conv) error { return e.e.announce(now, c) }

// Refresh follows a change of Logs.Keys.
func (e *Engine) Refresh(now time.Time) error { return e.e.refresh(now) }

// Full says that no frame may be handled before Next has given some away.
func (e *Engine) Full() bool { return e.e.full() }

// Handle takes one frame.
func (e *Engine) Handle(now time.Time, frame []byte) error { return e.e.handle(now, frame) }

// Tick does what is due; it is due again at Deadline at the latest.
func (e *Engine) Tick(now time.Time) error { return e.e.tick(now) }

// Next returns the next frame to send, nil if there is none now.
func (e *Engine) Next(now time.Time) ([]byte, error) { return e.e.next(now) }

// Deadline is when Tick has something to do, if nothing comes before.
func (e *Engine) Deadline() time.Time { return e.e.deadline() }

// Events returns what has happened since the last call.
func (e *Engine) Events() []Event { return e.e.takeEvents() }

// End gives back what the engine holds of its company. blame is the error that
// ended the stream: the peer is kept away for a while if it broke the protocol.
func (e *Engine) End(now time.Time, blame error) {
	e.e.end()
	if Broken(blame) {
		e.e.ledger.banish(e.e.peer, now)
	}
}

// Broken reports whether an error of an engine says that the peer broke the
// protocol.
func Broken(err error) bool { return errors.Is(err, errProtocol) }
