package node

import (
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// ParseListen reads an address to listen on as people write it, such as
// /ip4/0.0.0.0/udp/4001/quic-v1.
func ParseListen(s string) (ma.Multiaddr, error) {
	a, err := ma.NewMultiaddr(s)
	if err != nil {
		return nil, badAddr(s, "/ip4/0.0.0.0/udp/4001/quic-v1")
	}
	return a, nil
}

// ParseBootstrap reads the address of a node to meet first; it ends in /p2p/PEERID.
func ParseBootstrap(s string) (peer.AddrInfo, error) {
	info, err := peer.AddrInfoFromString(s)
	if err != nil || len(info.Addrs) == 0 {
		return peer.AddrInfo{}, badAddr(s, "/ip4/192.0.2.1/tcp/4001/p2p/12D3…, as `peer id` shows it")
	}
	return *info, nil
}

func badAddr(s, example string) error {
	return &Explained{ErrInvalid, s + " is not an address: write it like " + example}
}
