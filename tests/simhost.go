package tests

import (
	"fmt"
	"net"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/marcopolo/simnet"
	"github.com/quic-go/quic-go"
	"go.uber.org/fx"

	"causeway/dht"
)

// newHost makes a host whose packets travel over the simulated network: QUIC
// only, without limits, and without address discovery, which stalls bubbles.
func (n *Net) newHost(name string, o dht.HostOptions) (host.Host, error) {
	base, err := o.Base()
	if err != nil {
		return nil, err
	}
	p := n.place(name)
	opts := append(base,
		libp2p.Transport(libp2pquic.NewTransport),
		libp2p.QUICReuse(newQUIC,
			quicreuse.OverrideListenUDP(func(_ string, at *net.UDPAddr) (net.PacketConn, error) {
				return n.plugIn(p, at.Port), nil
			}),
			quicreuse.OverrideSourceIPSelector(func() (quicreuse.SourceIPSelector, error) { return p, nil })),
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableIdentifyAddressDiscovery(),
	)
	if !o.DialOnly {
		opts = append(opts, libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", p.ip, n.takePort(p, mainPort))))
	}
	h, err := libp2p.New(opts...)
	if err != nil {
		return nil, fmt.Errorf("tests: host of %s: %w", name, err)
	}
	return h, nil
}

// newQUIC is libp2p's own maker, and closes what it made with the host.
func newQUIC(life fx.Lifecycle, reset quic.StatelessResetKey, token quic.TokenGeneratorKey, opts ...quicreuse.Option) (*quicreuse.ConnManager, error) {
	m, err := quicreuse.NewConnManager(reset, token, opts...)
	if err == nil {
		life.Append(fx.StopHook(m.Close))
	}
	return m, err
}

func (n *Net) place(name string) *place {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.places[name]
	if p == nil {
		p = &place{name: name, ip: simnet.IntToPublicIPv4(len(n.places)), used: make(map[int]bool)}
		n.places[name], n.names[p.ip.String()] = p, name
	}
	return p
}

// PreferredSourceIPForDestination says that a place has one address.
func (p *place) PreferredSourceIPForDestination(*net.UDPAddr) (net.IP, error) { return p.ip, nil }

// takePort takes the lowest free port from one on, so that a host that closes
// and comes back keeps its address.
func (n *Net) takePort(p *place, from int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p.used[from] {
		from++
	}
	p.used[from] = true
	return from
}

// plugIn opens a socket; port 0 stands for any.
func (n *Net) plugIn(p *place, port int) net.PacketConn {
	if port == 0 {
		port = n.takePort(p, dialPort)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dialled++
	link := simnet.LinkSettings{BitsPerSecond: linkSpeed}
	conn := n.sim.NewEndpoint(&net.UDPAddr{IP: p.ip, Port: port}, simnet.NodeBiDiLinkSettings{Uplink: link, Downlink: link})
	return &wire{SimConn: conn, net: n, place: p, port: port}
}

// wire is a socket whose packets the Net may drop.
type wire struct {
	*simnet.SimConn
	net   *Net
	place *place
	port  int
}

// WriteTo pretends to send what the Net drops.
func (w *wire) WriteTo(p []byte, to net.Addr) (int, error) {
	if w.net.drops(w.place.name, to) {
		return len(p), nil
	}
	return w.SimConn.WriteTo(p, to)
}

// Close frees the port.
func (w *wire) Close() error {
	w.net.set(func() { delete(w.place.used, w.port) })
	return w.SimConn.Close()
}
