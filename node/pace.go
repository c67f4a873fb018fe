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
}

type turn struct {
	next time.Time
	wait time.Duration
}

func newPace() *pace { return &pace{turns: map[merkle.ID]turn{}, acks: map[merkle.ID]time.Time{}} }

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

// spaced reports whether it is long enough since the last acknowledgement of a
// conversation, and counts this one.
func (p *pace) spaced(id merkle.ID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.acks[id]) < ackPause {
		return false
	}
	p.acks[id] = now
	return true
}

// reset makes everything due at once: the network changed, or the user acts.
func (p *pace) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.turns)
}
