package tests

import (
	"fmt"
	"testing"
	"time"
)

// What the swarm found, told as stories; docs/testing.md lists them.

// A story with 30 % loss: libp2p asks a peer once a connection what it speaks.
// Where the answer was lost, a node stayed outside of the DHT for ever.
func TestEverybodyEntersTheDHTThoughPacketsAreLost(t *testing.T) {
	t.Parallel()
	Story(t, 402, func(net *Network) {
		net.Latency(200 * time.Millisecond)
		net.Jitter(0.9)
		net.Loss(0.3)
		var all []*Peer
		for i := range 16 {
			all = append(all, net.Peer(fmt.Sprint("peer ", i)))
		}
		net.Wait(3 * time.Minute)
		for _, p := range all {
			if s, err := p.node.Status(t.Context()); err != nil || s.DHT == 0 {
				t.Errorf("%s is outside: %v %+v", p.Name, err, s.Health)
			}
		}
	})
}
