package node

import (
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// ParseListen reads an address to listen on as people write it, such as
// /ip4/0.0.0.0/udp/4001/quic-v1: an IP address with TCP or QUIC.
func ParseListen(s string) (ma.Multiaddr, error) {
	a, err := ma.NewMultiaddr(s)
	if err != nil {
		return nil, badAddr(s, listenExample)
	}
	var words string
	for _, p := range a.Protocols() {
		words += "/" + p.Name
	}
	switch strings.TrimPrefix(words, "/ip6zone") {
	case "/ip4/tcp", "/ip6/tcp", "/ip4/udp/quic-v1", "/ip6/udp/quic-v1":
		return a, nil
	}
	return nil, badAddr(s, listenExample)
}

const listenExample = "/ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1"

// ParseBootstrap reads the address of a node to meet first; it ends in /p2p/PEERID.
func ParseBootstrap(s string) (peer.AddrInfo, error) {
	info, err := peer.AddrInfoFromString(s)
	if err != nil || len(info.Addrs) == 0 {
		return peer.AddrInfo{}, badAddr(s, "/ip4/192.0.2.1/tcp/4001/p2p/12D3…, as `peer id` shows it")
	}
	return *info, nil
}

func badAddr(s, example string) error {
	return invalid("%q is no address for a node: write it like %s", s, example)
}
