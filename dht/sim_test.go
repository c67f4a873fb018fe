package dht_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	kad "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/dht"
	"causeway/tests"
)

const try = dht.Network("private:try")

var (
	secret = [32]byte{1, 2, 3}
	nobody [32]byte
)

func info(h host.Host) peer.AddrInfo { return peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()} }

// node is a host with a finder, which the test closes first.
type node struct {
	host.Host
	*dht.Finder
	reports []dht.Report
}

func (n *node) Close() error {
	return errors.Join(n.Finder.Close(), n.Host.Close())
}

func start(t *testing.T, h host.Host, c dht.Config) *node {
	t.Helper()
	n := &node{Host: h}
	if c.Report == nil {
		c.Report = func(r dht.Report) { n.reports = append(n.reports, r) }
	}
	f, err := dht.New(t.Context(), h, c)
	if err != nil {
		t.Fatal(err)
	}
	n.Finder = f
	t.Cleanup(func() { _ = f.Close() })
	return n
}

func server(t *testing.T, n *tests.Net, name string, bootstrap ...peer.AddrInfo) *node {
	return start(t, n.Host(name), dht.Config{Networks: []dht.Network{try}, Bootstrap: bootstrap, Server: true})
}

func client(t *testing.T, n *tests.Net, name string, bootstrap ...peer.AddrInfo) *node {
	return start(t, n.Host(name), dht.Config{Networks: []dht.Network{try}, Bootstrap: bootstrap})
}

// find reads until it meets want, and says how long that took.
func find(t *testing.T, n *node, want peer.ID, within time.Duration, tags ...dht.Tag) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	begin := time.Now()
	for p := range n.Find(ctx, tags...) {
		if p.ID == want {
			return time.Since(begin)
		}
	}
	t.Fatalf("%s not found within %v", want, within)
	return 0
}

func advertise(t *testing.T, n *node, tags dht.Tags) *dht.Advertiser {
	a := dht.NewAdvertiser(n.Finder, "publish")
	a.Set(tags)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func daily(publisher byte) dht.Tags {
	return func(day int64) []dht.Tag { return []dht.Tag{dht.KeyFor(secret, day, [32]byte{publisher})} }
}

func wanted(publisher byte) []dht.Tag {
	return dht.KeysFor(secret, time.Now(), [32]byte{publisher})
}

func TestFiveNodesFindEachOtherWithLoss(t *testing.T) {
	tests.Simulate(t, 11, func(t *testing.T, n *tests.Net) {
		n.Loss(0.3)
		hub := server(t, n, "hub")
		var all []*node
		for i := range 5 {
			p := client(t, n, fmt.Sprint("node ", i), info(hub.Host))
			advertise(t, p, daily(byte(i)))
			all = append(all, p)
		}
		for i, from := range all {
			for j, to := range all {
				if i != j {
					find(t, from, to.ID(), time.Minute, wanted(byte(j))...)
				}
			}
		}
	})
}

func TestNewTransportKeyIsFoundBesideTheOldRecord(t *testing.T) {
	tests.Simulate(t, 12, func(t *testing.T, n *tests.Net) {
		hub := server(t, n, "hub")
		bob := client(t, n, "bob", info(hub.Host))
		before := client(t, n, "alice", info(hub.Host))
		first := advertise(t, before, daily('a'))
		find(t, bob, before.ID(), time.Minute, wanted('a')...)

		if err := errors.Join(first.Close(), before.Close()); err != nil {
			t.Fatal(err)
		}
		after := client(t, n, "alice", info(hub.Host))
		if after.ID() == before.ID() {
			t.Fatal("the transport key outlived its host")
		}
		advertise(t, after, daily('a'))
		took := find(t, bob, after.ID(), time.Minute, wanted('a')...)
		if took > 10*time.Second {
			t.Errorf("found again after %v", took)
		}
		reach(t, bob, after.Host)
	})
}

func reach(t *testing.T, from *node, to host.Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := from.Connect(ctx, info(to)); err != nil {
		t.Errorf("reach the one found: %v", err)
	}
}

func TestServerWithoutPeersIsFoundByTheFirstWhoComes(t *testing.T) {
	tests.Simulate(t, 13, func(t *testing.T, n *tests.Net) {
		alice := server(t, n, "alice")
		advertise(t, alice, daily('a'))
		if !alice.Online() {
			t.Error("a server with nobody to bootstrap from is not online")
		}
		pass(time.Hour)
		bob := client(t, n, "bob", info(alice.Host))
		find(t, bob, alice.ID(), 10*time.Second, wanted('a')...)

		advertise(t, bob, daily('b'))
		find(t, alice, bob.ID(), 10*time.Second, wanted('b')...)
	})
}

func TestAloneNothingIsFoundAndNothingFails(t *testing.T) {
	tests.Simulate(t, 14, func(t *testing.T, n *tests.Net) {
		gone := n.Host("gone")
		_ = gone.Close()
		alice := client(t, n, "alice", info(gone))
		tag := dht.KeyFor(secret, 0, nobody)
		if err := alice.Publish(t.Context(), tag); !errors.Is(err, dht.ErrNoPeers) {
			t.Errorf("publish: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for p := range alice.Find(ctx, tag) {
			t.Errorf("found %s", p.ID)
		}
		if alice.Online() {
			t.Error("online")
		}
		if err := alice.WaitOnline(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wait: %v", err)
		}
		status := alice.Status()
		if len(status) != 1 || status[0].Network != try || status[0].Peers != 0 || status[0].Err == nil {
			t.Errorf("status: %+v", status)
		}
	})
}

func TestFinderWithoutNetworks(t *testing.T) {
	tests.Simulate(t, 15, func(t *testing.T, n *tests.Net) {
		for _, networks := range [][]dht.Network{nil, {dht.None}} {
			alice := start(t, n.Host("alice"), dht.Config{Networks: networks})
			if err := alice.Publish(t.Context(), dht.Tag{}); !errors.Is(err, dht.ErrNoNetwork) {
				t.Errorf("publish: %v", err)
			}
			for p := range alice.Find(t.Context(), dht.Tag{}) {
				t.Errorf("found %s", p.ID)
			}
			if !alice.Online() || len(alice.Status()) != 0 {
				t.Errorf("online %v, status %v", alice.Online(), alice.Status())
			}
		}
	})
}

func TestLostNetworkIsEnteredAgainAndEverythingPublishedAnew(t *testing.T) {
	tests.Simulate(t, 16, func(t *testing.T, n *tests.Net) {
		key, _, err := crypto.GenerateEd25519Key(nil)
		if err != nil {
			t.Fatal(err)
		}
		kept := func() *node {
			h, err := n.Maker("hub")(dht.HostOptions{Key: key, Server: true})
			if err != nil {
				t.Fatal(err)
			}
			return start(t, h, dht.Config{Networks: []dht.Network{try}, Server: true})
		}
		hub := kept()
		alice := client(t, n, "alice", info(hub.Host))
		bob := client(t, n, "bob", info(hub.Host))
		advertise(t, alice, daily('a'))
		find(t, bob, alice.ID(), time.Minute, wanted('a')...)

		_ = hub.Close() // and with it every record
		pass(10 * time.Minute)
		if alice.Online() {
			t.Error("online without a hub")
		}
		kept()
		if took := find(t, bob, alice.ID(), 10*time.Minute, wanted('a')...); took > bootstrapWait {
			t.Errorf("found again after %v", took)
		}
		if !alice.Online() || alice.Status()[0].Err != nil {
			t.Errorf("status: %+v", alice.Status())
		}
		var bad, healed int
		for _, r := range alice.reports {
			if r.Err != nil {
				bad++
			} else {
				healed++
			}
		}
		if bad == 0 || healed != 1 || alice.reports[len(alice.reports)-1].Err != nil {
			t.Errorf("reports: %v", alice.reports)
		}
	})
}

// bootstrapWait is the longest wait between two tries, with what follows it.
const bootstrapWait = 7 * time.Minute

func TestAdvertiserFollowsTheDays(t *testing.T) {
	tests.Simulate(t, 17, func(t *testing.T, n *tests.Net) {
		hub := server(t, n, "hub")
		alice := client(t, n, "alice", info(hub.Host))
		days := advertise(t, alice, daily('a'))
		fixed := dht.NewAdvertiser(alice.Finder, "fixed")
		defer fixed.Close()
		same := dht.KeyFor(secret, 0, nobody)
		fixed.Set(dht.Fixed(same))
		pass(24*time.Hour + 31*time.Minute) // it is half past midnight
		find(t, hub, alice.ID(), 10*time.Second, dht.KeyFor(secret, dht.Day(time.Now()), [32]byte{'a'}))
		find(t, hub, alice.ID(), 10*time.Second, same)
		if up, all := days.Standing(); up != 1 || all != 1 {
			t.Errorf("%d of %d stand", up, all)
		}
	})
}

func TestPrivateNetworksAreApart(t *testing.T) {
	tests.Simulate(t, 18, func(t *testing.T, n *tests.Net) {
		hub := server(t, n, "hub")
		alice := start(t, n.Host("alice"), dht.Config{Networks: []dht.Network{"private:other"}, Bootstrap: []peer.AddrInfo{info(hub.Host)}})
		pass(2 * time.Minute)
		s := alice.Status()[0]
		if s.Peers != 0 || s.Err == nil {
			t.Errorf("a server of another network counts: %+v", s)
		}
	})
}

func TestSeveralNetworksAtOnce(t *testing.T) {
	tests.Simulate(t, 19, func(t *testing.T, n *tests.Net) {
		hub := server(t, n, "hub")
		both := start(t, n.Host("both"), dht.Config{Networks: []dht.Network{"private:other", try}, Server: true,
			Bootstrap: []peer.AddrInfo{info(hub.Host)}})
		left := client(t, n, "left", info(hub.Host))
		right := start(t, n.Host("right"), dht.Config{Networks: []dht.Network{"private:other"}, Bootstrap: []peer.AddrInfo{info(both.Host)}})
		advertise(t, both, daily('b'))
		find(t, left, both.ID(), time.Minute, wanted('b')...)
		find(t, right, both.ID(), time.Minute, wanted('b')...)
	})
}

func TestPublicNetworkIsTheDHTOfIPFS(t *testing.T) {
	tests.Simulate(t, 20, func(t *testing.T, n *tests.Net) {
		kubo := n.Host("kubo")
		amino, err := kad.New(kubo, kad.Mode(kad.ModeServer))
		if err != nil {
			t.Fatal(err)
		}
		defer amino.Close()
		public := func(name string) *node {
			return start(t, n.Host(name), dht.Config{Networks: []dht.Network{dht.Public}, PublicBootstrap: []peer.AddrInfo{info(kubo)}})
		}
		alice, bob := public("alice"), public("bob")
		advertise(t, alice, daily('a'))
		find(t, bob, alice.ID(), time.Minute, wanted('a')...)
	})
}

func TestFindEndsWithTheFinder(t *testing.T) {
	tests.Simulate(t, 21, func(t *testing.T, n *tests.Net) {
		alice := client(t, n, "alice")
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range alice.Find(t.Context(), dht.Tag{}) {
			}
		}()
		pass(time.Minute)
		if err := alice.Close(); err != nil {
			t.Error(err)
		}
		<-done
		if err := alice.Publish(t.Context(), dht.Tag{}); err == nil {
			t.Error("published after Close")
		}
		if err := alice.WaitOnline(t.Context()); !errors.Is(err, dht.ErrClosed) {
			t.Errorf("wait after Close: %v", err)
		}
	})
}

// pass lets virtual time pass: these tests run in a synctest bubble, where a sleep
// ends as soon as everybody else waits, and takes no time.
func pass(virtual time.Duration) { time.Sleep(virtual) }
