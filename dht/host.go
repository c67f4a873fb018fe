package dht

import (
	"context"
	"fmt"
	"strings"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// HostOptions says what kind of host is wanted. The zero value is a desktop
// node with a fresh transport key that listens on every interface.
type HostOptions struct {
	// Key is the transport key. Nil is the rule: a new random one, so that
	// nobody can follow a node from one start to the next. Only a node that
	// serves others keeps one, so that its address stays good.
	Key crypto.PrivKey
	// Listen holds the addresses to listen on. Nil means [DefaultListen], but
	// nothing on the network None.
	Listen []ma.Multiaddr
	// Networks are those that the host will look for peers in. On Public it
	// shows nobody its loopback and private addresses, unless a private network
	// beside it needs them.
	Networks []Network
	// Server keeps more connections: for a node that serves a DHT.
	Server bool
	// DialOnly makes a throw-away host: a fresh key whatever Key says, no
	// listening, no addresses told to anyone.
	DialOnly bool
}

// HostMaker makes hosts. [NewHost] is the one for real networks; tests have
// one for simulated networks.
type HostMaker func(HostOptions) (host.Host, error)

// Throwaway makes a dial-only host for lookups and deposits that must not be
// linked to the main host. It closes when ctx ends, or earlier by its Close.
func (m HostMaker) Throwaway(ctx context.Context) (host.Host, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, err := m(HostOptions{DialOnly: true})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = h.Close() })
	return h, nil
}

// NewHost makes a libp2p host over TCP and QUIC. The caller closes it.
func NewHost(o HostOptions) (host.Host, error) {
	base, err := o.Base()
	if err != nil {
		return nil, err
	}
	limits, err := resourceLimits()
	if err != nil {
		return nil, err
	}
	opts := append(base,
		libp2p.ListenAddrs(o.listen()...),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(quic.NewTransport),
		libp2p.ResourceManager(limits),
	)
	if o.wants(Public) && !o.DialOnly {
		opts = append(opts, libp2p.NATPortMap(), libp2p.EnableAutoNATv2(), libp2p.EnableHolePunching())
	}
	h, err := libp2p.New(opts...)
	if err != nil {
		return nil, fmt.Errorf("dht: start a host: %w", err)
	}
	return h, nil
}

// Base returns the options that every host has, whatever carries its packets:
// key, connection manager, agent name and the addresses shown. A HostMaker of
// another kind adds transports, listen addresses and limits.
func (o HostOptions) Base() ([]libp2p.Option, error) {
	low, high := desktopLow, desktopHigh
	if o.Server {
		low, high = serverLow, serverHigh
	}
	conns, err := connmgr.NewConnManager(low, high, connmgr.WithGracePeriod(connGrace))
	if err != nil {
		return nil, fmt.Errorf("dht: connection manager: %w", err)
	}
	opts := []libp2p.Option{
		libp2p.ConnectionManager(conns),
		libp2p.AddrsFactory(o.shown),
		libp2p.UserAgent("go-libp2p"), // nothing to pick our users out by
		libp2p.DisableMetrics(),
	}
	if o.Key != nil && !o.DialOnly {
		opts = append(opts, libp2p.Identity(o.Key))
	}
	return opts, nil
}

// DefaultListen returns TCP and QUIC on every interface, on ports that the
// system picks.
func DefaultListen() []ma.Multiaddr {
	return []ma.Multiaddr{
		ma.StringCast("/ip4/0.0.0.0/tcp/0"),
		ma.StringCast("/ip4/0.0.0.0/udp/0/quic-v1"),
		ma.StringCast("/ip6/::/tcp/0"),
		ma.StringCast("/ip6/::/udp/0/quic-v1"),
	}
}

func (o HostOptions) listen() []ma.Multiaddr {
	switch {
	case o.DialOnly:
		return nil
	case o.Listen == nil && !o.wants(None):
		return DefaultListen()
	}
	return o.Listen
}

func (o HostOptions) wants(n Network) bool {
	for _, have := range o.Networks {
		if have == n {
			return true
		}
	}
	return false
}

// shown filters the addresses that other peers are told.
func (o HostOptions) shown(addrs []ma.Multiaddr) []ma.Multiaddr {
	if o.DialOnly {
		return nil
	}
	if !o.wants(Public) || o.private() {
		return addrs
	}
	return ma.FilterAddrs(addrs, publicAddr)
}

func (o HostOptions) private() bool {
	for _, n := range o.Networks {
		if strings.HasPrefix(string(n), privatePrefix) {
			return true
		}
	}
	return false
}

// publicAddr reports whether anyone on the internet may dial a, directly or
// through a relay.
func publicAddr(a ma.Multiaddr) bool {
	return manet.IsPublicAddr(a)
}

// resourceLimits are libp2p's defaults with more room per remote address.
func resourceLimits() (network.ResourceManager, error) {
	limits := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&limits)
	m, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits.AutoScale()),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: connsPerIP4}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: connsPerIP4}, {PrefixLength: 48, ConnCount: connsPerIP6Net}}),
		rcmgr.WithConnRateLimiters(&rate.Limiter{SubnetRateLimiter: rate.SubnetLimiter{
			IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: newConns}},
			IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: newConns}},
			GracePeriod:      connGrace,
		}}))
	if err != nil {
		return nil, fmt.Errorf("dht: resource limits: %w", err)
	}
	return m, nil
}

var newConns = rate.Limit{RPS: newConnsPerSec, Burst: newConnsBurst}
