package dht

import (
	"sync"

	kad "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p-kad-dht/amino"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
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
	case LAN: // a friend on the internet who runs it too is not on this network
		opts = append(ownOptions(n), kad.RoutingTableFilter(onLAN(f.host)))
	default:
		opts = ownOptions(n)
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

// ownOptions make a DHT of our own, which holds provider records only.
func ownOptions(n Network) []kad.Option {
	return []kad.Option{kad.ProtocolPrefix(protocol.ID(n.protocolPrefix())), kad.DisableValues()}
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
