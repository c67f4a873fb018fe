package node

import (
	"math/rand/v2"
	"sync"
	"time"

	"causeway/merkle"
)

// pace spaces attempts out: each one that is due doubles the wait before the
// next, up to an hour, with jitter, until something changes for the better.
type pace struct {
	mu    sync.Mutex
	turns map[merkle.ID]turn      // guarded by mu
	acks  map[merkle.ID]time.Time // guarded by mu
	owing map[merkle.ID]bool      // guarded by mu: acknowledgements that came too soon
}

type turn struct {
	next time.Time
	wait time.Duration
}

func newPace() *pace {
	return &pace{turns: map[merkle.ID]turn{}, acks: map[merkle.ID]time.Time{}, owing: map[merkle.ID]bool{}}
}

// due reports whether it is time to try again, and counts the attempt.
func (p *pace) due(id merkle.ID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.turns[id]
	if now.Before(t.next) {
		return false
	}
	t.wait = min(max(2*t.wait, paceLeast), paceMost)
	t.next = now.Add(t.wait/2 + rand.N(t.wait))
	p.turns[id] = t
	return true
}

// failed counts a failure, and returns how long to wait: twice as long each time.
func (p *pace) failed(id merkle.ID, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := min(max(2*p.turns[id].wait, retryTime), paceMost)
	p.turns[id] = turn{next: now.Add(wait), wait: wait}
	return wait
}

// worked forgets the failures.
func (p *pace) worked(id merkle.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.turns, id)
}

// ready reports whether the wait is over.
func (p *pace) ready(id merkle.ID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !now.Before(p.turns[id].next)
}

// ack reports whether a conversation may be acknowledged now. If not it is owed,
// and wait says, once, when to look again.
func (p *pace) ack(id merkle.ID, now time.Time, pause time.Duration) (may bool, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := now.Sub(p.acks[id])
	if since >= pause {
		delete(p.owing, id)
		return true, 0
	}
	if !p.owing[id] {
		p.owing[id] = true
		wait = pause - since
	}
	return false, wait
}

// acked counts an acknowledgement.
func (p *pace) acked(id merkle.ID, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.acks[id] = now
}

// reset makes everything due at once: the network changed, or the user acts.
func (p *pace) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.turns)
}
