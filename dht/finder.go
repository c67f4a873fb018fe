package dht

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Config says where a Finder looks and whom it tells.
type Config struct {
	// Networks to use, several at once. Empty is like None.
	Networks []Network
	// Bootstrap peers let a node into its DHTs: friends, or servers of a private
	// network.
	Bootstrap []peer.AddrInfo
	// PublicBootstrap replaces the bootstrap peers of the IPFS DHT. Nil means
	// those that libp2p ships; empty means none but Bootstrap.
	PublicBootstrap []peer.AddrInfo
	// Server answers others: always on a private network, on Public only while
	// the host is publicly reachable.
	Server bool
	// Nearby hears of each peer that mDNS shows and that is not connected yet.
	// It must return at once. May be nil.
	Nearby func(peer.AddrInfo)
	// Report hears of failures that no caller waits for, and of their end. Calls
	// come one at a time and must return at once. May be nil.
	Report func(Report)

	lanService string // in tests of this package: a DNS-SD service of their own
}

// Report is a change in the health of one part of a Finder.
type Report struct {
	Part string // such as "bootstrap public", "publish private:x" (the name of an Advertiser) or "lan"
	Err  error  // nil: the failure reported before is over
}

// Errors that callers decide by.
var (
	// ErrNoPeers means that no DHT server can be reached at present.
	ErrNoPeers = errors.New("dht: no peer to ask")
	// ErrNoAddress means that the host has no address that others on a network
	// could dial, so there is nothing to publish.
	ErrNoAddress = errors.New("dht: no address that others could dial")
	// ErrNoNetwork means that the Finder has no network at all.
	ErrNoNetwork = errors.New("dht: no network to find peers in")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("dht: closed")
)

// Finder publishes and finds tags for one host on several networks at once. It
// does not own the host. Close stops all its goroutines.
// See docs/spec/05-finding.md, section 3.
type Finder struct {
	host     host.Host
	overlays []*overlay
	lan      *lan // nil without the network LAN
	health   *health

	stirred bell // a peer came or went
	moved   bell // our addresses changed
	entered bell // a network was entered: its first DHT peer is connected

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // pump, and one keeper for each overlay, and the lan
}

// New starts a Finder. It needs no connection: networks are entered as soon as
// they can be. Close it before the host.
func New(ctx context.Context, h host.Host, c Config) (*Finder, error) {
	if err := CheckNetworks(c.Networks); err != nil {
		return nil, err
	}
	f := &Finder{host: h, health: &health{tell: c.Report}}
	f.ctx, f.cancel = context.WithCancel(ctx)
	for _, n := range c.Networks {
		if n == None {
			continue
		}
		o, err := f.join(n, c)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("dht: join %s: %w", n, err), f.Close())
		}
		f.overlays = append(f.overlays, o)
	}
	if err := f.start(c); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *Finder) start(c Config) error {
	events, err := f.host.EventBus().Subscribe([]any{
		new(event.EvtPeerIdentificationCompleted),
		new(event.EvtPeerConnectednessChanged),
		new(event.EvtLocalAddressesUpdated),
	})
	if err != nil {
		return fmt.Errorf("dht: listen to the host: %w", err)
	}
	f.wg.Go(func() { f.pump(events) })
	for _, o := range f.overlays {
		f.wg.Go(func() { o.keep(f.ctx) })
		if o.network == LAN {
			f.lan = newLAN(f, o, c)
			f.wg.Go(func() { f.lan.run(f.ctx) })
			f.wg.Go(func() { f.lan.greet(f.ctx) })
		}
	}
	return nil
}

// pump turns the host's events into bells, so that no slow reader ever blocks
// the event bus.
func (f *Finder) pump(events event.Subscription) {
	defer events.Close()
	for {
		select {
		case <-f.ctx.Done():
			return
		case e, ok := <-events.Out():
			if !ok {
				return
			}
			if _, moved := e.(event.EvtLocalAddressesUpdated); moved {
				f.moved.ring()
			}
			f.stirred.ring()
		}
	}
}

// Close leaves all networks and waits for the Finder's goroutines.
func (f *Finder) Close() error {
	f.cancel()
	f.wg.Wait()
	var errs []error
	for _, o := range f.overlays {
		errs = append(errs, o.dht.Close())
	}
	return errors.Join(errs...)
}

// AddBootstrap adds peers through which networks may be entered: friends that
// are likely to be there. Known ones get the new addresses.
func (f *Finder) AddBootstrap(peers ...peer.AddrInfo) {
	for _, o := range f.overlays {
		if o.network != LAN {
			o.addBootstrap(peers...)
		}
	}
	f.stirred.ring()
}

// Status is the state of one network.
type Status struct {
	Network Network
	Peers   int   // DHT peers that are connected
	Known   int   // DHT peers in the routing table
	Err     error // why the network cannot be entered at present, or nil
}

// Status returns the state of each network, in the order of Config.Networks.
func (f *Finder) Status() []Status {
	var all []Status
	for _, o := range f.overlays {
		all = append(all, Status{
			Network: o.network,
			Peers:   o.connected(),
			Known:   o.dht.RoutingTable().Size(),
			Err:     f.health.of(o.part()),
		})
	}
	return all
}

// Online reports whether nothing is missing to find others: some network is
// entered, or none has bootstrap peers to enter by.
func (f *Finder) Online() bool {
	waiting := false
	for _, o := range f.overlays {
		if o.connected() > 0 {
			return true
		}
		waiting = waiting || len(o.bootstrapPeers()) > 0
	}
	return !waiting
}

// WaitOnline returns when Online holds, or with the error of ctx, or with
// ErrClosed.
func (f *Finder) WaitOnline(ctx context.Context) error {
	for {
		entered := f.entered.wait()
		switch {
		case f.ctx.Err() != nil:
			return ErrClosed
		case f.Online():
			return nil
		}
		select {
		case <-entered:
		case <-ctx.Done():
			return ctx.Err()
		case <-f.ctx.Done():
			return ErrClosed
		}
	}
}

// Networks returns the networks in use; None is no network.
func (f *Finder) Networks() []Network {
	var all []Network
	for _, o := range f.overlays {
		all = append(all, o.network)
	}
	return slices.Clip(all)
}

// bell wakes everyone who waits. Take wait's channel before looking at the
// state that is waited for; the zero value is ready.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// health remembers the present failure of each part and tells of changes.
type health struct {
	mu   sync.Mutex
	tell func(Report)
	bad  map[string]error
}

func (h *health) set(part string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.bad[part]
	if err == nil && old == nil || err != nil && old != nil && err.Error() == old.Error() {
		return
	}
	if h.bad == nil {
		h.bad = make(map[string]error)
	}
	h.bad[part] = err
	if h.tell != nil {
		h.tell(Report{Part: part, Err: err})
	}
}

func (h *health) of(part string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bad[part]
}
