package dht

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// multicast reports whether some interface other than loopback can carry mDNS.
func multicast(t *testing.T) bool {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		addrs, _ := i.Addrs()
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 && i.Flags&net.FlagLoopback == 0 && len(addrs) > 0 {
			return true
		}
	}
	return false
}

func lanNode(t *testing.T, service string, nearby func(peer.AddrInfo)) (*Finder, host.Host) {
	t.Helper()
	h, err := NewHost(HostOptions{Networks: []Network{LAN}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	f, err := New(t.Context(), h, Config{Networks: []Network{LAN}, Nearby: nearby, lanService: service})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, h
}

// Where there is no multicast, what mDNS would have shown is handed in.
func TestLANFindsByTagWithoutAnyServer(t *testing.T) {
	service := fmt.Sprintf("_cw%d._udp", rand.N(1_000_000_000))
	met := make(chan peer.ID, maxNearby)
	alice, ah := lanNode(t, service, nil)
	bob, bh := lanNode(t, service, func(p peer.AddrInfo) { met <- p.ID })
	if !multicast(t) {
		bob.lan.HandlePeerFound(peer.AddrInfo{ID: ah.ID(), Addrs: ah.Addrs()})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()

	adv := NewAdvertiser(alice, "publish")
	defer adv.Close()
	tag := KeyFor([32]byte{7}, Day(time.Now()), [32]byte{})
	adv.Set(Fixed(tag))
	for p := range bob.Find(ctx, tag) {
		if p.ID == ah.ID() {
			break
		}
	}
	if ctx.Err() != nil {
		t.Fatalf("not found: bob %+v alice %+v, bob has %v", bob.Status(), alice.Status(), bh.Network().Peers())
	}
	if s := bob.Status(); len(s) != 1 || s[0].Network != LAN || s[0].Peers == 0 {
		t.Errorf("status %+v", s)
	}
}

func TestNearbyHearsOfStrangersOnly(t *testing.T) {
	met := make(chan peer.ID, maxNearby)
	_, ah := lanNode(t, "_cwa._udp", nil)
	bob, _ := lanNode(t, "_cwb._udp", func(p peer.AddrInfo) { met <- p.ID })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	alice := peer.AddrInfo{ID: ah.ID(), Addrs: ah.Addrs()}

	bob.lan.HandlePeerFound(alice)
	if got := <-met; got != alice.ID {
		t.Errorf("nearby was told of %s", got)
	}
	for entered := bob.entered.wait(); bob.overlays[0].entrances() == 0; entered = bob.entered.wait() {
		select {
		case <-entered:
		case <-ctx.Done():
			t.Fatal("never connected")
		}
	}
	for range maxNearby / 2 { // mDNS repeats itself
		bob.lan.HandlePeerFound(alice)
	}
	bob.lan.HandlePeerFound(peer.AddrInfo{ID: "a stranger behind them all"})
	for p := range met {
		if p != alice.ID {
			return
		}
		t.Fatal("nearby was told of a connected peer")
	}
}
