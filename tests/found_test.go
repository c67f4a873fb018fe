package tests

import (
	"context"
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

// Two admins remove the same member while they are cut apart: neither of their new
// keys may be used, and the one made then is parked for who was away.
func TestAttack49_BackAfterTwoRemovalsAtOnce(t *testing.T) {
	t.Parallel()
	Story(t, 77, func(net *Network) {
		alice, bob, carol, dave, mallory := net.Peer("Alice"), net.Peer("Bob"), net.Peer("Carol"), net.Peer("Dave"), net.Peer("Mallory")
		for _, p := range []*Peer{bob, carol, dave, mallory} {
			net.Befriend(alice, p)
		}
		net.Befriend(bob, mallory)
		carol.KeepsMailFor(alice)
		alice.Group("team", bob, dave, mallory)
		bob.until("admin", func() bool { return alice.node.Promote(context.Background(), "#team", "@Bob") == nil })
		alice.Say("#team", "all of us")
		for _, p := range []*Peer{bob, dave, mallory} {
			p.Sees("#team", "all of us")
		}
		net.Wait(2 * time.Minute)
		dave.Stops()
		mallory.Stops()
		net.Cut(alice, bob)
		net.Cut(bob, carol)
		bob.Removes("#team", mallory)
		alice.Removes("#team", mallory)
		net.Wait(time.Minute)
		net.Heal(alice, bob)
		net.Heal(bob, carol)
		net.Wait(30 * time.Minute)
		alice.SeesKept("#team", alice.Say("#team", "after both"))
		bob.Sees("#team", "after both")
		net.Wait(10 * time.Minute)
		alice.Stops()
		bob.Stops()
		dave.Starts()
		dave.Sees("#team", "after both")
	})
}
