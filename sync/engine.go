package dagsync

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// An engine is one end of one stream as a state machine: frames, news and the
// time go in, frames and events come out. It has no goroutine, socket or clock;
// it asks Logs, and it is not safe for concurrent use.
type engine struct {
	config

	now    time.Time // of the call under way
	began  time.Time
	moved  time.Time // of the last entries asked for, or a large part of a frame
	idle   time.Time // since when there has been no session
	proven bool      // the peer has proven a log here

	greeted  bool // the peer's HELLO is here
	takes    hello
	ends     ends
	expected map[[32]byte]Key // by the tag that the peer would send

	nextSid  uint64
	lastSid  uint64              // the peer's
	attempts map[uint64]*attempt // my offers without an answer, by sid
	opening  map[Conv]uint64     // the same
	later    offerLater
	sessions map[uint64]*session
	byConv   map[Conv]*session
	ended    map[uint64]uint64 // by sid of a session that is no more: bytes of ENTRIES that may still be on their way
	eagerSid uint64            // the session whose ENTRIES must be the peer's next frame
	eagerDue bool

	out      [][]byte
	serving  []*session // that owe an answer, the next one first
	inflight uint64     // bytes of ENTRIES sent and not yet credited
	pulls    int        // sessions with a request under way
	events   []Event
}

type config struct {
	logs   Logs
	self   peer.ID
	peer   peer.ID
	role   role
	nonce  nonce
	ledger *ledger
	leases *leases

	// lazy takes entries that need not be waited for, nil if there is no such
	// thing; landed hears, from any goroutine, that so many bytes of ENTRIES of a
	// session are durable.
	lazy   LateLogs
	landed func(sid, size uint64)
}

// Ends of a stream that are nobody's fault.
var (
	errIdle    = errors.New("no conversation is open")
	errStalled = errors.New("the peer made no progress")
)

// newEngine returns an engine that has its HELLO ready.
func newEngine(c config, now time.Time) *engine {
	e := &engine{
		config: c, now: now, began: now, idle: now, moved: now,
		nextSid:  2 + uint64(c.role),
		attempts: map[uint64]*attempt{}, opening: map[Conv]uint64{}, later: newOfferLater(),
		sessions: map[uint64]*session{}, byConv: map[Conv]*session{}, ended: map[uint64]uint64{},
	}
	e.push(&hello{Version: 1, MaxFrame: maxFrame, MaxInflight: streamCredit, Nonce: c.nonce})
	return e
}

func (e *engine) push(f frame) { e.out = append(e.out, encode(f)) }

// full says that no frame should be handled before some have been sent.
func (e *engine) full() bool { return len(e.out) >= maxOut }

// next returns the next frame to send, if there is one. Answers are made only
// here, so that what is under way is bounded by what the writer takes.
func (e *engine) next(now time.Time) ([]byte, error) {
	e.now = now
	if len(e.out) == 0 {
		if err := e.answer(); err != nil {
			return nil, err
		}
	}
	if len(e.out) == 0 {
		return nil, nil
	}
	f := e.out[0]
	e.out = e.out[1:]
	return f, nil
}

// takeEvents returns what has happened since the last call.
func (e *engine) takeEvents() []Event {
	evs := e.events
	e.events = nil
	return evs
}

// progress says that a large part of a frame has come in.
func (e *engine) progress(t time.Time) {
	if t.After(e.moved) {
		e.moved = t
	}
}

// handle takes one frame. An error ends the stream; it is the peer's fault if
// errProtocol is in its chain.
func (e *engine) handle(now time.Time, payload []byte) error {
	e.now = now
	f, err := decode(payload)
	if err != nil {
		return err
	}
	if _, first := f.(*hello); first == e.greeted {
		return fmt.Errorf("%w: HELLO out of place", errProtocol)
	}
	due := e.eagerDue
	e.eagerDue = false
	if es, ok := f.(*entries); due && (!ok || es.Sid != e.eagerSid || es.Req != 0) {
		return fmt.Errorf("%w: the entries announced do not follow", errProtocol)
	} else if ok {
		return e.onEntries(es, uint64(len(payload)), due)
	}
	if err := e.dispatch(f); err != nil {
		return err
	}
	return e.offerMore()
}

func (e *engine) dispatch(f frame) error {
	switch f := f.(type) {
	case *hello:
		return e.onHello(f)
	case *open:
		return e.onOpen(f)
	case *state:
		return e.onState(f)
	case *heads:
		return e.onHeads(f)
	case *want:
		return e.onWant(f)
	case *credit:
		return e.onCredit(f)
	case *nack:
		return e.onNack(f)
	}
	panic(fmt.Sprintf("dagsync: frame %T without a handler", f))
}

func (e *engine) onHello(f *hello) error {
	if f.Nonce == e.nonce {
		return fmt.Errorf("%w: my own nonce", errProtocol)
	}
	e.greeted, e.takes = true, *f
	nonces, peers := [2]nonce{e.nonce, f.Nonce}, [2]peer.ID{e.self, e.peer}
	if e.role == listener {
		nonces[0], nonces[1] = nonces[1], nonces[0]
		peers[0], peers[1] = peers[1], peers[0]
	}
	e.ends = newEnds(nonces, peers)
	e.expect()
	return e.offerWaiting()
}

// expect computes the tags by which the peer may open a conversation.
func (e *engine) expect() {
	e.expected = map[[32]byte]Key{}
	for _, k := range e.logs.Keys() {
		e.expected[openTag(k.Syn, e.role.other(), e.ends)] = k
	}
}

// tick does what is due.
func (e *engine) tick(now time.Time) error {
	e.now = now
	if len(e.sessions) == 0 && !now.Before(e.idle.Add(idleTime)) {
		return errIdle
	}
	if !e.greeted {
		return e.overdue(e.began)
	}
	if err := e.offerDue(); err != nil {
		return err
	}
	for _, s := range e.inOrder() {
		if err := e.tickSession(s); err != nil {
			return err
		}
	}
	return nil
}

// inOrder returns the sessions by sid, so that one seed makes one run.
func (e *engine) inOrder() []*session {
	return slices.SortedFunc(maps.Values(e.sessions), func(a, b *session) int { return cmp.Compare(a.sid, b.sid) })
}

// overdue is an error if the peer has owed something since a time.
func (e *engine) overdue(since time.Time) error {
	if since.Before(e.moved) {
		since = e.moved
	}
	if !e.now.Before(since.Add(progressTime)) {
		return errStalled
	}
	return nil
}

// deadline is when tick has something to do, if nothing comes before.
func (e *engine) deadline() time.Time {
	d := e.now.Add(idleTime)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(d) {
			d = t
		}
	}
	if len(e.sessions) == 0 {
		sooner(e.idle.Add(idleTime))
	}
	if !e.greeted {
		sooner(e.began.Add(progressTime))
	}
	for _, t := range e.later.at {
		sooner(t)
	}
	for _, s := range e.sessions {
		sooner(s.headsAt)
		sooner(s.takenAt)
		sooner(s.pullAt)
		sooner(s.closeAt)
		if s.pull != nil {
			sooner(latest(s.pull.began, e.moved).Add(progressTime))
		}
		if s.reply != nil && !s.reply.blocked.IsZero() {
			sooner(s.reply.blocked.Add(progressTime))
		}
	}
	return d
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// end gives back what the engine holds of its node when the stream has ended.
func (e *engine) end() {
	for _, s := range e.inOrder() {
		e.drop(s)
	}
}
