// Package tests runs many nodes in one process over a simulated network in
// virtual time, and holds the rules of the house. It is no part of a node. See
// docs/testing.md, and docs/spec/05-finding.md, section 7.
package tests

import (
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/marcopolo/simnet"

	"causeway/dht"
)

// The network as it is before a test changes it.
const (
	defaultLatency = 20 * time.Millisecond // one way
	linkSpeed      = 100 * simnet.Mibps
	mainPort       = 4001  // the first host of a place listens here
	dialPort       = 20001 // sockets that only dial start here
	// lastTimers is longer than any timer that libp2p leaves behind when a host
	// closes; a bubble may only end when all have run.
	lastTimers = 2 * time.Minute
)

// Net is a simulated internet of named places, each with a public address.
// Packets between two places are late, lost or cut off as a test says. It lives
// in a testing/synctest bubble; all methods may be called at any time there. The
// network dht.LAN cannot be used: mDNS needs real sockets.
type Net struct {
	tb  testing.TB
	sim *simnet.Simnet

	mu      sync.Mutex // guards what follows, and sim.NewEndpoint
	rng     *rand.Rand
	loss    float64
	latency time.Duration
	jitter  float64
	dialled int // sockets that were opened
	places  map[string]*place
	names   map[string]string // by IP address
	cut     map[[2]string]bool
	away    map[string]bool
	hosts   []host.Host
}

// place is where a peer lives: its hosts share the address.
type place struct {
	name string
	ip   net.IP
	used map[int]bool // ports
}

// Simulate tells a story in a bubble of virtual time over a new Net.
func Simulate(t *testing.T, seed uint64, story func(t *testing.T, n *Net)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { story(t, NewNet(t, seed)) })
}

// NewNet makes a network without loss and with 20 ms of latency. It must be
// called in a synctest bubble. When the test ends it closes the hosts made
// through it; nodes on top of them must be closed by then. The seed decides
// which packets are lost, and is logged when the test fails.
func NewNet(tb testing.TB, seed uint64) *Net {
	tb.Helper()
	if time.Now().Year() > 2020 { // the clock of a bubble starts in the year 2000
		tb.Fatal("tests.NewNet: not in a synctest bubble")
	}
	n := &Net{
		tb:      tb,
		rng:     rand.New(rand.NewPCG(seed, 0)),
		latency: defaultLatency,
		places:  make(map[string]*place),
		names:   make(map[string]string),
		cut:     make(map[[2]string]bool),
		away:    make(map[string]bool),
	}
	n.sim = &simnet.Simnet{LatencyFunc: n.delay, Logger: slog.New(slog.DiscardHandler)}
	n.sim.Start()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("simulated network: seed %d", seed)
		}
		n.close()
	})
	return n
}

func (n *Net) close() {
	n.mu.Lock()
	hosts := n.hosts
	n.mu.Unlock()
	for _, h := range hosts {
		_ = h.Close() // perhaps for the second time
	}
	time.Sleep(lastTimers) // virtual: the bubble may not end before the timers of closed hosts
	n.sim.Close()
}

// Maker makes hosts that live at a named place. Of the options that concern
// addresses only DialOnly counts.
func (n *Net) Maker(name string) dht.HostMaker {
	return func(o dht.HostOptions) (host.Host, error) {
		h, err := n.newHost(name, o)
		if err != nil {
			return nil, err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.hosts = append(n.hosts, h)
		return h, nil
	}
}

// Host makes an ordinary host at a named place, with a fresh key.
func (n *Net) Host(name string) host.Host {
	n.tb.Helper()
	h, err := n.Maker(name)(dht.HostOptions{})
	if err != nil {
		n.tb.Fatalf("host of %s: %v", name, err)
	}
	return h
}

// Cut drops every packet between two places until they Heal.
func (n *Net) Cut(a, b string) { n.set(func() { n.cut[[2]string{a, b}] = true }) }

// Heal ends a Cut.
func (n *Net) Heal(a, b string) {
	n.set(func() {
		delete(n.cut, [2]string{a, b})
		delete(n.cut, [2]string{b, a})
	})
}

// Unplug drops every packet from and to a place until it is plugged in.
func (n *Net) Unplug(name string) { n.set(func() { n.away[name] = true }) }

// Plug ends an Unplug.
func (n *Net) Plug(name string) { n.set(func() { delete(n.away, name) }) }

// Loss sets the share of packets that are lost, from 0 to 1.
func (n *Net) Loss(share float64) { n.set(func() { n.loss = share }) }

// Latency sets how long a packet travels one way, on average.
func (n *Net) Latency(d time.Duration) { n.set(func() { n.latency = d }) }

// Jitter sets by which share of the latency a packet may be sooner or later, from
// 0 to 1. Packets overtake each other then.
func (n *Net) Jitter(share float64) { n.set(func() { n.jitter = share }) }

// Sockets returns how many were opened so far. What simulates one runs until the
// network closes.
func (n *Net) Sockets() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialled
}

func (n *Net) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

func (n *Net) delay(*simnet.Packet) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.jitter == 0 {
		return n.latency
	}
	return time.Duration(float64(n.latency) * (1 + n.jitter*(2*n.rng.Float64()-1)))
}

// drops decides the fate of one packet.
func (n *Net) drops(from string, to net.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	peer := n.names[to.(*net.UDPAddr).IP.String()]
	return n.away[from] || n.away[peer] ||
		n.cut[[2]string{from, peer}] || n.cut[[2]string{peer, from}] ||
		n.rng.Float64() < n.loss
}
