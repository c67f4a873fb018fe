package tests

import (
	"context"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"

	"causeway/dht"
)

func info(h host.Host) peer.AddrInfo { return peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()} }

func connect(from, to host.Host) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return from.Connect(ctx, info(to))
}

func TestLatencyIsWhatWasAskedFor(t *testing.T) {
	Simulate(t, 1, func(t *testing.T, n *Net) {
		alice, bob := n.Host("alice"), n.Host("bob")
		n.Latency(300 * time.Millisecond)
		if err := connect(alice, bob); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		result := <-ping.Ping(ctx, alice, bob.ID())
		if result.Error != nil || result.RTT < 600*time.Millisecond || result.RTT > 700*time.Millisecond {
			t.Fatalf("ping took %v, %v; want about 600ms", result.RTT, result.Error)
		}
	})
}

func TestCutSeparatesAndHealJoins(t *testing.T) {
	Simulate(t, 2, func(t *testing.T, n *Net) {
		alice, bob, carol := n.Host("alice"), n.Host("bob"), n.Host("carol")
		if err := connect(alice, bob); err != nil {
			t.Fatal(err)
		}
		n.Cut("bob", "alice")
		pass(time.Minute) // QUIC gives up after 30 s of silence
		if got := alice.Network().Connectedness(bob.ID()); got != network.NotConnected {
			t.Fatalf("after a minute behind a cut: %v", got)
		}
		if err := connect(alice, bob); err == nil {
			t.Fatal("connected through a cut")
		}
		if err := connect(carol, bob); err != nil {
			t.Fatalf("a cut between others is in the way: %v", err)
		}
		n.Heal("alice", "bob")
		pass(time.Minute) // libp2p's dial backoff
		if err := connect(alice, bob); err != nil {
			t.Fatalf("after healing: %v", err)
		}
	})
}

func TestUnpluggedPlaceReachesNobody(t *testing.T) {
	Simulate(t, 3, func(t *testing.T, n *Net) {
		alice, bob := n.Host("alice"), n.Host("bob")
		n.Unplug("alice")
		if err := connect(bob, alice); err == nil {
			t.Fatal("connected to a place that is not plugged in")
		}
		n.Plug("alice")
		pass(time.Minute)
		if err := connect(bob, alice); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLossIsSurvived(t *testing.T) {
	Simulate(t, 4, func(t *testing.T, n *Net) {
		n.Loss(0.3)
		alice, bob := n.Host("alice"), n.Host("bob")
		if err := connect(alice, bob); err != nil {
			t.Fatal(err)
		}
	})
}

func TestThrowawayHostSharesThePlaceAndEndsWithItsContext(t *testing.T) {
	Simulate(t, 5, func(t *testing.T, n *Net) {
		alice, bob := n.Host("alice"), n.Host("bob")
		ctx, cancel := context.WithCancel(context.Background())
		masked, err := n.Maker("alice").Throwaway(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if masked.ID() == alice.ID() || len(masked.Addrs()) != 0 {
			t.Fatalf("throw-away host %s tells %v", masked.ID(), masked.Addrs())
		}
		n.Cut("alice", "bob")
		if err := connect(masked, bob); err == nil {
			t.Fatal("a cut of the place does not cut its throw-away host")
		}
		n.Heal("alice", "bob")
		pass(time.Minute)
		if err := connect(masked, bob); err != nil {
			t.Fatal(err)
		}
		cancel()
		pass(time.Second)
		if got := bob.Network().Connectedness(masked.ID()); got != network.NotConnected {
			t.Fatalf("after its context ended: %v", got)
		}
	})
}

func TestHostThatComesBackKeepsItsAddress(t *testing.T) {
	Simulate(t, 6, func(t *testing.T, n *Net) {
		before := n.Host("server")
		addr := before.Addrs()[0].String()
		if err := before.Close(); err != nil {
			t.Fatal(err)
		}
		after, err := n.Maker("server")(dht.HostOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := after.Addrs()[0].String(); got != addr {
			t.Fatalf("listens on %s, was on %s", got, addr)
		}
	})
}

// pass lets virtual time pass: these tests run in a synctest bubble, where a sleep
// ends as soon as everybody else waits, and takes no time.
func pass(virtual time.Duration) { time.Sleep(virtual) }
