package dht_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"causeway/dht"
)

var loopback = []ma.Multiaddr{ma.StringCast("/ip4/127.0.0.1/tcp/0"), ma.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}

func realHost(t *testing.T, o dht.HostOptions) host.Host {
	t.Helper()
	h, err := dht.NewHost(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func realNode(t *testing.T, server bool, bootstrap ...peer.AddrInfo) *node {
	t.Helper()
	h := realHost(t, dht.HostOptions{Listen: loopback, Networks: []dht.Network{try}, Server: server})
	return start(t, h, dht.Config{Networks: []dht.Network{try}, Bootstrap: bootstrap, Server: server})
}

func TestLoopbackFindThroughAThirdNode(t *testing.T) {
	hub := realNode(t, true)
	alice, bob := realNode(t, false, info(hub.Host)), realNode(t, false, info(hub.Host))
	advertise(t, alice, daily('a'))
	took := find(t, bob, alice.ID(), 10*time.Second, wanted('a')...)
	t.Logf("found after %v", took)
	reach(t, bob, alice.Host)
}

func TestThrowawayHostFindsAndReaches(t *testing.T) {
	hub := realNode(t, true)
	alice := realNode(t, false, info(hub.Host))
	if err := alice.WaitOnline(t.Context()); err != nil {
		t.Fatal(err)
	}
	tag := dht.KeyFor(secret, 0, nobody)
	if err := alice.Publish(t.Context(), tag); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h, err := dht.HostMaker(dht.NewHost).Throwaway(ctx)
	if err != nil {
		t.Fatal(err)
	}
	masked := start(t, h, dht.Config{Networks: []dht.Network{try}, Bootstrap: []peer.AddrInfo{info(hub.Host)}})
	find(t, masked, alice.ID(), 10*time.Second, tag)
	reach(t, masked, alice.Host)
	if got := listening(h); len(h.Addrs())+len(got) != 0 {
		t.Errorf("a throw-away host listens on %v and tells %v", got, h.Addrs())
	}

	if err := masked.Publish(t.Context(), tag); !errors.Is(err, dht.ErrNoAddress) {
		t.Errorf("a host that nobody can dial publishes: %v", err)
	}

	gone, err := alice.EventBus().Subscribe(new(event.EvtPeerConnectednessChanged))
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	cancel()
	for alice.Network().Connectedness(h.ID()) == network.Connected {
		<-gone.Out()
	}
	if _, err := dht.HostMaker(dht.NewHost).Throwaway(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a throw-away host for a context that ended: %v", err)
	}
}

func TestTransportKeyIsFreshUnlessOneIsGiven(t *testing.T) {
	key, _, err := crypto.GenerateEd25519Key(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := realHost(t, dht.HostOptions{Listen: loopback}), realHost(t, dht.HostOptions{Listen: loopback}); a.ID() == b.ID() {
		t.Error("two starts share a transport key")
	}
	if got := realHost(t, dht.HostOptions{Listen: loopback, Key: key}).ID(); got != want {
		t.Errorf("kept key gives %s, want %s", got, want)
	}
	if got := realHost(t, dht.HostOptions{DialOnly: true, Key: key}).ID(); got == want {
		t.Error("a throw-away host carries the main host's key")
	}
}

func TestHostListensWhereItIsAsked(t *testing.T) {
	none := []dht.Network{dht.None}
	if got := listening(realHost(t, dht.HostOptions{Networks: none})); len(got) != 0 {
		t.Errorf("none listens on %v", got)
	}
	if got := listening(realHost(t, dht.HostOptions{Networks: none, Listen: loopback})); len(got) != 2 {
		t.Errorf("asked for two addresses, listens on %v", got)
	}
	def := listening(realHost(t, dht.HostOptions{}))
	for _, want := range []string{"/ip4/0.0.0.0/tcp/", "/ip4/0.0.0.0/udp/"} {
		if !slices.ContainsFunc(def, func(a ma.Multiaddr) bool { return strings.HasPrefix(a.String(), want) }) {
			t.Errorf("listens on %v, not on %s…", def, want)
		}
	}
}

// listening leaves out the name under which relays are used.
func listening(h host.Host) []ma.Multiaddr {
	return ma.FilterAddrs(h.Network().ListenAddresses(), func(a ma.Multiaddr) bool { return a.String() != "/p2p-circuit" })
}

func TestParseNetwork(t *testing.T) {
	for _, good := range []string{"public", "lan", "none", "private:try", "private:My.Net-2_x"} {
		n, err := dht.ParseNetwork(good)
		if err != nil || string(n) != good {
			t.Errorf("%s: %q, %v", good, n, err)
		}
	}
	if name, ok := dht.Network("private:try").Private(); !ok || name != "try" {
		t.Errorf("private:try is called %q, %v", name, ok)
	}
	for _, bad := range []string{"", "Public", "private", "private:", "private:a/b", "private:a b", "private:lan",
		"private:..", "private:é", "private:" + strings.Repeat("x", 65), "wan"} {
		if n, err := dht.ParseNetwork(bad); !errors.Is(err, dht.ErrNetwork) {
			t.Errorf("%q: %q, %v", bad, n, err)
		}
	}
	h := realHost(t, dht.HostOptions{Networks: []dht.Network{dht.None}})
	for _, bad := range [][]dht.Network{{dht.None, dht.Public}, {try, try}, {"wan"}} {
		if _, err := dht.New(t.Context(), h, dht.Config{Networks: bad}); !errors.Is(err, dht.ErrNetwork) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func FuzzParseNetwork(f *testing.F) {
	for _, seed := range []string{"public", "private:try", "lan", "none", "private:", "private:\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := dht.ParseNetwork(s)
		if err == nil && string(n) != s {
			t.Errorf("%q is read as %q", s, n)
		}
	})
}
