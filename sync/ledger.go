package dagsync

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A ledger remembers how peers behaved, over all their streams: strikes, offers
// that failed, and until when they are kept away.
type ledger struct {
	mu      sync.Mutex
	peers   map[peer.ID]*record
	unknown bucket // bytes of entries from logs that are not known to be members'
}

type record struct {
	strikes int
	streak  int       // times kept away
	until   time.Time // kept away
	seen    time.Time
	opens   bucket
}

// A bucket holds tokens, which come back with time.
type bucket struct {
	tokens float64
	at     time.Time
}

// refill brings the tokens up to now; a bucket is full when it is first used.
func (b *bucket) refill(now time.Time, perSecond, burst float64) {
	if b.at.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = min(burst, b.tokens+perSecond*now.Sub(b.at).Seconds())
	}
	b.at = now
}

// take spends a token if there is one.
func (b *bucket) take(now time.Time, perSecond, burst float64) bool {
	b.refill(now, perSecond, burst)
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func newLedger() *ledger { return &ledger{peers: map[peer.ID]*record{}} }

// of returns a peer's record. Called with the lock held.
func (l *ledger) of(p peer.ID, now time.Time) *record {
	r := l.peers[p]
	if r == nil {
		if len(l.peers) >= maxPeers {
			l.forget()
		}
		r = &record{}
		l.peers[p] = r
	}
	if now.Sub(r.seen) > backoffMost && now.After(r.until.Add(backoffMost)) {
		*r = record{}
	}
	r.seen = now
	return r
}

// forget drops the record that was longest unused.
func (l *ledger) forget() {
	var oldest peer.ID
	var at time.Time
	for p, r := range l.peers {
		if oldest == "" || r.seen.Before(at) {
			oldest, at = p, r.seen
		}
	}
	delete(l.peers, oldest)
}

// strike counts n small offences and says whether the peer has had enough.
func (l *ledger) strike(p peer.ID, n int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.of(p, now)
	r.strikes += n
	return r.strikes >= maxStrikes
}

// banish keeps a peer away, each time for twice as long.
func (l *ledger) banish(p peer.ID, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.of(p, now)
	r.until = now.Add(min(backoffMost, backoffLeast<<min(r.streak, 10)))
	r.streak++
	r.strikes = 0
}

// away returns for how long a peer is still kept away.
func (l *ledger) away(p peer.ID, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.peers[p]; r != nil {
		return max(0, r.until.Sub(now))
	}
	return 0
}

func openRate(proven bool) float64 {
	if proven {
		return opensProven
	}
	return opensFailed
}

// mayOpen says whether the peer has failed so often that its offers are not
// looked at.
func (l *ledger) mayOpen(p peer.ID, proven bool, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &l.of(p, now).opens
	b.refill(now, openRate(proven)/60, openRate(proven))
	return b.tokens >= 1
}

// failedOpen counts an OPEN with a failure in it.
func (l *ledger) failedOpen(p peer.ID, proven bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(p, now).opens.take(now, openRate(proven)/60, openRate(proven))
}

// mayTake says whether entries may be pulled from logs that are not known to be
// members', whoever brings them: a former member can mint such logs at will.
func (l *ledger) mayTake(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unknown.refill(now, unknownBytes/3600., unknownBytes)
	return l.unknown.tokens >= maxFrame
}

// took counts bytes that came from such a log.
func (l *ledger) took(bytes uint64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unknown.refill(now, unknownBytes/3600., unknownBytes)
	l.unknown.tokens = max(0, l.unknown.tokens-float64(bytes))
}
