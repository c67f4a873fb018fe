package dht

import (
	"testing"

	ma "github.com/multiformats/go-multiaddr"
)

func TestNearAddr(t *testing.T) {
	for addr, want := range map[string]bool{
		"/ip4/127.0.0.1/tcp/1":    true,
		"/ip4/192.168.7.7/tcp/1":  true,
		"/ip4/10.0.0.9/udp/1":     true,
		"/ip4/169.254.3.3/tcp/1":  true,
		"/ip6/fe80::1/tcp/1":      true,
		"/ip4/8.8.8.8/tcp/1":      false,
		"/ip6/2001:4860::8/tcp/1": false,
		"/dns4/example.org/tcp/1": false,
		"/ip4/192.168.7.7/tcp/1/p2p/12D3KooWJ6MA8tt2uAFkiine75zgUrLRUYiGsPzF46vWcuZvBW3F/p2p-circuit": false,
	} {
		if got := nearAddr(ma.StringCast(addr)); got != want {
			t.Errorf("%s: near %v", addr, got)
		}
	}
}
