package dagsync

import (
	"sync"
	"time"

	"causeway/merkle"
)

// leases keep the streams of one node from pulling the same entries twice: a
// bulk pull holds its conversation, a small one the tips that it asks for.
type leases struct {
	mu   sync.Mutex
	bulk map[Conv]lease
	tips map[tipOf]lease
}

type lease struct {
	holder *engine
	until  time.Time
}

type tipOf struct {
	conv Conv
	log  merkle.LogKey
	seq  uint64
}

func newLeases() *leases {
	return &leases{bulk: map[Conv]lease{}, tips: map[tipOf]lease{}}
}

// free says that e may take what l leases.
func (l lease) free(e *engine, now time.Time) bool {
	return l.holder == nil || l.holder == e || now.After(l.until)
}

// hold takes or renews the lease of a conversation.
func (l *leases) hold(c Conv, e *engine, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	held, known := l.bulk[c]
	if !held.free(e, now) || !known && len(l.bulk) >= maxLeases {
		return false
	}
	l.bulk[c] = lease{e, now.Add(progressTime + leasePause)}
	return true
}

// holdTip takes or renews the lease of one tip.
func (l *leases) holdTip(t tipOf, e *engine, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.tips[t].free(e, now) {
		return false
	}
	if len(l.tips) >= maxFailed {
		clear(l.tips) // costs duplicates, nothing else
	}
	l.tips[t] = lease{e, now.Add(tipLease)}
	return true
}

// release gives back the lease of a conversation.
func (l *leases) release(c Conv, e *engine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bulk[c].holder == e {
		delete(l.bulk, c)
	}
}
