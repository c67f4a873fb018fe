package dht

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/routing"
	ma "github.com/multiformats/go-multiaddr"
)

// Publish makes the host the one that is found under a tag, on every network.
// An error may be about one network only; it wraps ErrNoPeers where nobody can
// be asked (a DHT server then still answers for itself).
func (f *Finder) Publish(ctx context.Context, tag Tag) error {
	if len(f.overlays) == 0 {
		return ErrNoNetwork
	}
	ctx, cancel := f.bound(ctx)
	defer cancel()
	errs := make([]error, len(f.overlays))
	var wg sync.WaitGroup
	for i, o := range f.overlays {
		wg.Go(func() { errs[i] = o.publish(ctx, tag) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// publish returns nil only if there was something to publish and a DHT peer
// answered during the lookup: Provide itself succeeds without either.
func (o *overlay) publish(ctx context.Context, tag Tag) error {
	if len(o.dht.FilteredAddrs()) == 0 {
		return fmt.Errorf("publish on %s: %w", o.network, ErrNoAddress)
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	watched, stop := context.WithCancel(ctx)
	queries, events := routing.RegisterForQueryEvents(watched)
	answers := make(chan int)
	go func() {
		n := 0
		for e := range events {
			if e.Type == routing.PeerResponse {
				n++
			}
		}
		answers <- n
	}()
	err := o.dht.Provide(queries, tag.CID(), true)
	stop()
	answered := <-answers
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("publish on %s: %w", o.network, ctx.Err())
	case answered == 0:
		return fmt.Errorf("publish on %s: %w", o.network, ErrNoPeers)
	case err != nil:
		return fmt.Errorf("publish on %s: %w", o.network, err)
	}
	return nil
}

// Find looks for the publishers of tags on every network, in rounds 0.5, 2, 8 s
// and then up to a minute apart (sooner when a network is entered), until the
// caller stops reading or ctx ends. Each peer comes once, and again when it
// shows a new address: records of an earlier start linger for days, so a caller
// goes on reading until it reached the peer that it wants. Nothing about a peer
// is proven. See docs/spec/05-finding.md, section 4.
func (f *Finder) Find(ctx context.Context, tags ...Tag) iter.Seq[peer.AddrInfo] {
	return func(yield func(peer.AddrInfo) bool) {
		if len(f.overlays) == 0 || len(tags) == 0 {
			return
		}
		ctx, cancel := f.bound(ctx)
		defer cancel()
		seen := make(map[peer.ID][]ma.Multiaddr)
		for wait := findFirstRetry; ctx.Err() == nil; {
			entered := f.entered.wait()
			if !f.round(ctx, tags, seen, yield) {
				return
			}
			select {
			case <-ctx.Done():
			case <-entered:
				wait = findFirstRetry
			case <-time.After(wait):
				wait = min(4*wait, findLastRetry)
			}
		}
	}
}

// round looks once everywhere. It returns false if yield did.
func (f *Finder) round(ctx context.Context, tags []Tag, seen map[peer.ID][]ma.Multiaddr, yield func(peer.AddrInfo) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, findRound)
	found := f.lookup(ctx, tags)
	defer func() {
		cancel()
		for range found { // until the last query has ended
		}
	}()
	for p := range found {
		if fresh(seen, p) && !yield(p) {
			return false
		}
	}
	return true
}

// lookup runs one query for each tag on each network; the channel is closed
// when all have ended.
func (f *Finder) lookup(ctx context.Context, tags []Tag) <-chan peer.AddrInfo {
	found := make(chan peer.AddrInfo)
	var wg sync.WaitGroup
	for _, o := range f.overlays {
		for _, tag := range tags {
			wg.Go(func() {
				for p := range o.dht.FindProvidersAsync(ctx, tag.CID(), maxProviders) {
					p, ok := o.dialable(p)
					if !ok {
						continue
					}
					select {
					case found <- p:
					case <-ctx.Done():
					}
				}
			})
		}
	}
	go func() {
		wg.Wait()
		close(found)
	}()
	return found
}

// dialable tidies what a DHT said of a peer; false means there is nothing to
// dial.
func (o *overlay) dialable(p peer.AddrInfo) (peer.AddrInfo, bool) {
	if p.ID == o.host.ID() {
		return p, false
	}
	if o.network == Public { // a stranger's record must not make us probe our own network
		p.Addrs = ma.FilterAddrs(p.Addrs, publicAddr)
	}
	if len(p.Addrs) == 0 {
		p.Addrs = o.host.Peerstore().Addrs(p.ID)
	}
	p.Addrs = p.Addrs[:min(len(p.Addrs), maxAddrs)]
	return p, len(p.Addrs) > 0 || o.host.Network().Connectedness(p.ID) == network.Connected
}

// fresh reports whether p or one of its addresses is new, and remembers them.
// What is remembered is bounded by how much one Find can be told.
func fresh(seen map[peer.ID][]ma.Multiaddr, p peer.AddrInfo) bool {
	old, known := seen[p.ID]
	news := !known
	for _, a := range p.Addrs {
		if !slices.ContainsFunc(old, a.Equal) && len(old) < 2*maxAddrs {
			old, news = append(old, a), true
		}
	}
	seen[p.ID] = old
	return news
}

// bound ends ctx with the Finder too.
func (f *Finder) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(f.ctx, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}
