package dht

import (
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

var (
	global  = ma.StringCast("/ip4/8.8.8.8/tcp/4001")
	global6 = ma.StringCast("/ip6/2001:4860:4860::8888/udp/4001/quic-v1")
	home    = ma.StringCast("/ip4/192.168.1.7/tcp/4001")
	own     = ma.StringCast("/ip4/127.0.0.1/tcp/4001")
)

func TestPublicHostHidesLocalAddresses(t *testing.T) {
	all := []ma.Multiaddr{global, home, own, global6}
	for _, c := range []struct {
		options HostOptions
		shown   int
	}{
		{HostOptions{Networks: []Network{Public}}, 2},
		{HostOptions{Networks: []Network{Public, LAN}}, 2}, // mDNS has its own way of telling
		{HostOptions{Networks: []Network{Public, "private:x"}}, 4},
		{HostOptions{Networks: []Network{"private:x"}}, 4},
		{HostOptions{Networks: []Network{LAN}}, 4},
		{HostOptions{}, 4},
		{HostOptions{DialOnly: true}, 0},
	} {
		if got := c.options.shown(all); len(got) != c.shown {
			t.Errorf("%+v shows %v", c.options, got)
		}
	}
}

func TestFoundPeersAreBoundedAndSeenOnce(t *testing.T) {
	seen := make(map[peer.ID][]ma.Multiaddr)
	p := peer.AddrInfo{ID: "p", Addrs: []ma.Multiaddr{global}}
	if !fresh(seen, p) || fresh(seen, p) {
		t.Error("a peer does not come exactly once")
	}
	p.Addrs = append(p.Addrs, global6)
	if !fresh(seen, p) || fresh(seen, p) {
		t.Error("a new address does not bring a peer back exactly once")
	}
	times := 0
	for port := range 1000 {
		p.Addrs = []ma.Multiaddr{ma.StringCast(fmt.Sprintf("/ip4/8.8.8.8/tcp/%d", port))}
		if fresh(seen, p) {
			times++
		}
	}
	if times > 2*maxAddrs {
		t.Errorf("a peer that makes up addresses comes %d times", times)
	}
}
