package dht

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	kad "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p-kad-dht/amino"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

// overlay is one DHT among those that a Finder takes part in.
type overlay struct {
	network Network
	host    host.Host
	dht     *kad.IpfsDHT
	finder  *Finder // its bells and health
	server  bool

	mu        sync.Mutex // guards what follows
	bootstrap []peer.AddrInfo
	entries   int // how often the overlay was entered
}

// join makes the DHT of one network; keep enters it.
func (f *Finder) join(n Network, c Config) (*overlay, error) {
	o := &overlay{network: n, host: f.host, finder: f, server: c.Server || n == LAN}
	mode := kad.ModeClient
	if o.server {
		mode = kad.ModeServer
	}
	var opts []kad.Option
	switch n {
	case Public:
		if o.server {
			mode = kad.ModeAuto
		}
		opts = publicOptions(f.host)
		o.addBootstrap(c.publicBootstrap()...)
		o.addBootstrap(c.Bootstrap...)
	case LAN:
		opts = []kad.Option{kad.ProtocolPrefix(protocol.ID(n.protocolPrefix())), kad.DisableValues()}
	default:
		opts = []kad.Option{kad.ProtocolPrefix(protocol.ID(n.protocolPrefix())), kad.DisableValues()}
		o.addBootstrap(c.Bootstrap...)
	}
	var err error
	o.dht, err = kad.New(f.host, append(opts, kad.Mode(mode))...)
	return o, err
}

func (c Config) publicBootstrap() []peer.AddrInfo {
	if c.PublicBootstrap != nil {
		return c.PublicBootstrap
	}
	return kad.GetDefaultBootstrapPeerAddrInfos()
}

// publicOptions are those of the wide-area half of kubo's DHT: nothing about
// private addresses is asked, kept or told.
func publicOptions(h host.Host) []kad.Option {
	return []kad.Option{
		kad.QueryFilter(kad.PublicQueryFilter),
		kad.RoutingTableFilter(kad.PublicRoutingTableFilter),
		kad.RoutingTablePeerDiversityFilter(kad.NewRTPeerDiversityFilter(h,
			amino.DefaultMaxPeersPerIPGroupPerCpl, amino.DefaultMaxPeersPerIPGroup)),
		kad.AddressFilter(func(addrs []ma.Multiaddr) []ma.Multiaddr {
			return ma.FilterAddrs(addrs, publicAddr)
		}),
	}
}

func (o *overlay) part() string { return "bootstrap " + string(o.network) }

// connected counts the DHT peers that are connected. The routing table alone
// says little: it keeps peers that are long gone.
func (o *overlay) connected() int {
	n := 0
	for _, p := range o.dht.RoutingTable().ListPeers() {
		if o.host.Network().Connectedness(p) == network.Connected {
			n++
		}
	}
	return n
}

func (o *overlay) addBootstrap(peers ...peer.AddrInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
next:
	for _, p := range peers {
		if p.ID == o.host.ID() {
			continue
		}
		for i, have := range o.bootstrap {
			if have.ID == p.ID {
				o.bootstrap[i] = p
				continue next
			}
		}
		if o.network == LAN && len(o.bootstrap) == maxNearby {
			o.bootstrap = o.bootstrap[1:]
		}
		o.bootstrap = append(o.bootstrap, p)
	}
}

func (o *overlay) bootstrapPeers() []peer.AddrInfo {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]peer.AddrInfo(nil), o.bootstrap...)
}

// entrances counts how often the overlay was entered since the start.
func (o *overlay) entrances() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.entries
}

// keep holds the overlay's way in until ctx ends: while no DHT peer is
// connected it dials the bootstrap peers, waiting longer each time.
func (o *overlay) keep(ctx context.Context) {
	dial := backoff{first: bootstrapFirst, last: bootstrapLast}
	var (
		since  time.Time // when the overlay was entered; zero while outside
		dialAt time.Time // not before this
		poll   = pollFirst
		served = true // the last dial reached no one, so nothing is known yet
	)
	for {
		stirred, moved := o.finder.stirred.wait(), o.finder.moved.wait()
		now := time.Now()
		wait := idleCheck
		if o.connected() > 0 {
			if since.IsZero() {
				since, poll, served = now, pollFirst, true
				o.enter()
			}
		} else {
			if !since.IsZero() && now.Sub(since) > steady {
				dial.reset()
				dialAt = now
			}
			since = time.Time{}
			if !now.Before(dialAt) {
				reached, err := o.dial(ctx)
				if reached > 0 && !served {
					err = fmt.Errorf("%d bootstrap peers answer, but none serves the DHT of %s", reached, o.network)
				}
				served = reached == 0
				if err != nil && ctx.Err() == nil {
					o.finder.health.set(o.part(), err)
				}
				dialAt, poll = time.Now().Add(dial.step()), pollFirst
			}
			wait = min(poll, time.Until(dialAt))
			poll *= 2
		}
		select {
		case <-ctx.Done():
			return
		case <-moved:
			dial.reset()
			dialAt = time.Now()
		case <-stirred:
			poll = pollFirst
		case <-time.After(wait):
		}
	}
}

func (o *overlay) enter() {
	o.mu.Lock()
	o.entries++
	o.mu.Unlock()
	o.finder.health.set(o.part(), nil)
	o.finder.entered.ring()
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
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
		room = make(chan struct{}, dialAtOnce)
	)
	for _, p := range peers {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			err := connect(ctx, o.host, p)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
			} else {
				reached++
			}
		})
	}
	wg.Wait()
	if reached == 0 {
		return 0, errors.Join(errs...)
	}
	return reached, o.dht.Bootstrap(ctx)
}

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
