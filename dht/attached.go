package dht

import (
	"net"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// onLAN admits peers that are connected over a private address or from a network
// that this machine is attached to. kad-dht's own filter of this kind knows
// neither networks of reserved addresses nor those behind no default route.
func onLAN(h host.Host) func(_ any, p peer.ID) bool {
	return func(_ any, p peer.ID) bool {
		for _, c := range h.Network().ConnsToPeer(p) {
			if nearAddr(c.RemoteMultiaddr()) {
				return true
			}
		}
		return false
	}
}

func nearAddr(a ma.Multiaddr) bool {
	if _, err := a.ValueForProtocol(ma.P_CIRCUIT); err == nil {
		return false // the relay may be near, the peer is not
	}
	ip, err := manet.ToIP(a)
	if err != nil {
		return false
	}
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || attached(ip)
}

// attached reports whether an address lies in a network of one of this machine's
// interfaces.
func attached(ip net.IP) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.Contains(ip) {
			return true
		}
	}
	return false
}
