package dht

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
)

// keeper holds the way into one overlay: while no DHT peer is connected it
// dials the bootstrap peers, waiting longer each time. One goroutine runs it.
type keeper struct {
	*overlay
	retry   backoff
	since   time.Time // when the overlay was entered; zero while outside
	dialled time.Time // the last time
	dialAt  time.Time // not before this
	reached time.Time // when a bootstrap peer first answered while outside
	poll    time.Duration
}

// keep runs the keeper of o until ctx ends.
func (o *overlay) keep(ctx context.Context) {
	k := keeper{overlay: o, retry: backoff{first: bootstrapFirst, last: bootstrapLast}, poll: pollFirst}
	for {
		stirred, moved := o.finder.stirred.wait(), o.finder.moved.wait()
		timer := time.NewTimer(k.step(ctx))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-moved: // another network of the machine, perhaps: try soon
			k.retry.reset()
			k.dialAt = k.dialled.Add(bootstrapFirst)
		case <-stirred:
			k.poll = pollFirst
		case <-timer.C:
		}
		timer.Stop()
	}
}

// step looks where the overlay stands, dials if it is time to, and says how
// long nothing has to be done.
func (k *keeper) step(ctx context.Context) time.Duration {
	now := time.Now()
	if k.connected() > 0 {
		if k.since.IsZero() {
			k.since, k.reached = now, time.Time{}
			k.enter()
		}
		return idleCheck
	}
	if !k.since.IsZero() {
		if now.Sub(k.since) > steady {
			k.retry.reset()
			k.dialAt = now
		}
		k.since = time.Time{}
	}
	if !now.Before(k.dialAt) {
		k.knock(ctx, now)
	}
	wait := min(k.poll, time.Until(k.dialAt))
	k.poll *= 2
	return wait
}

func (o *overlay) enter() {
	o.mu.Lock()
	o.entries++
	o.mu.Unlock()
	o.finder.health.set(o.part(), nil)
	o.finder.entered.ring()
}

// knock dials the bootstrap peers and reports if that leads nowhere.
func (k *keeper) knock(ctx context.Context, now time.Time) {
	reached, err := k.dial(ctx)
	switch {
	case reached == 0:
		k.reached = time.Time{}
	case k.reached.IsZero():
		k.reached = now
	case now.Sub(k.reached) > serveWait:
		k.hangUp()
		err = fmt.Errorf("%d bootstrap peers answer, but none serves the DHT of %s", reached, k.network)
	}
	if err != nil && ctx.Err() == nil {
		k.finder.health.set(k.part(), err)
	}
	k.dialled, k.poll = time.Now(), pollFirst
	k.dialAt = k.dialled.Add(k.retry.step())
}

// hangUp ends the connections with bootstrap peers that never said which
// protocols they speak. libp2p asks once a connection: where that failed, on a
// network that loses packets, only a new connection helps.
func (o *overlay) hangUp() {
	for _, p := range o.bootstrapPeers() {
		if said, err := o.host.Peerstore().GetProtocols(p.ID); err == nil && len(said) == 0 {
			_ = o.host.Network().ClosePeer(p.ID) // it may be gone already
		}
	}
}

// dial connects to bootstrap peers and asks the DHT to fill its routing table.
// It returns how many peers were reached, and an error if none was.
func (o *overlay) dial(ctx context.Context) (reached int, err error) {
	peers := o.bootstrapPeers()
	if len(peers) == 0 {
		if !o.server {
			return 0, fmt.Errorf("no bootstrap peer of %s is known", o.network)
		}
		return 0, nil
	}
	rand.Shuffle(len(peers), func(i, j int) { peers[i], peers[j] = peers[j], peers[i] })
	errs := make([]error, len(peers))
	room := make(chan struct{}, dialAtOnce)
	var wg sync.WaitGroup
	for i, p := range peers {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			errs[i] = connect(ctx, o.host, p)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			reached++
		}
	}
	if reached == 0 {
		return 0, unanswered{peers, errors.Join(errs...)}
	}
	return reached, o.dht.Bootstrap(ctx)
}

// unanswered is what dialling bootstrap peers in vain comes to, in one line; what
// each dial came to is below it.
type unanswered struct {
	peers []peer.AddrInfo
	err   error
}

func (u unanswered) Error() string {
	if len(u.peers) == 1 && len(u.peers[0].Addrs) > 0 {
		return fmt.Sprintf("the node to meet first does not answer (%v)", u.peers[0].Addrs[0])
	}
	return fmt.Sprintf("none of the %d nodes to meet first answers", len(u.peers))
}

func (u unanswered) Unwrap() error { return u.err }

// connect dials a peer. libp2p's own dial backoff is set aside: every caller
// here has one that knows more.
func connect(ctx context.Context, h host.Host, p peer.AddrInfo) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if s, ok := h.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(p.ID)
	}
	if err := h.Connect(ctx, p); err != nil {
		return fmt.Errorf("dial %s: %w", p.ID, err)
	}
	return nil
}

// backoff is a wait that doubles from first to last, give or take a fifth.
type backoff struct {
	first, last, next time.Duration
}

func (b *backoff) reset() { b.next = 0 }

func (b *backoff) step() time.Duration {
	b.next = min(max(2*b.next, b.first), b.last)
	return b.next - b.next/5 + rand.N(2*b.next/5)
}
