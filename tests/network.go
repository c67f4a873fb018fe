package tests

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"

	"causeway/dht"
	"causeway/merkle"
	"causeway/node"
	"causeway/store"
)

// How stories are told.
const (
	storyNetwork = dht.Network("private:story")
	hubName      = "hub" // serves the DHT to everybody, and is nobody's friend
	// Patience is how long a story waits for what should come, in virtual time:
	// more than the hour to which a node spaces its attempts to meet somebody.
	Patience = 2 * time.Hour
)

// Network is people with real nodes on a simulated internet. While a story is
// told it checks that no node ever shows more than is true (see truth.go). Its
// methods and those of its peers belong to the goroutine that tells the story;
// they end the test when something is not as it should be. See docs/testing.md.
type Network struct {
	tb    testing.TB
	net   *Net
	homes string // a folder for each peer
	key   crypto.PrivKey
	hub   host.Host // serves the DHT
	dht   *dht.Finder

	mu    sync.Mutex         // guards what follows
	peers []*Peer            // in the order of their first start
	convs map[merkle.ID]bool // every conversation that a peer was seen in
}

// Story tells a story in a bubble of virtual time.
func Story(t *testing.T, seed uint64, tell func(net *Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { tell(New(t, seed)) })
}

// New makes a network with a node that serves a DHT, and nobody else yet. It
// must be called in a synctest bubble; the seed is that of NewNet.
func New(tb testing.TB, seed uint64) *Network {
	tb.Helper()
	n := &Network{tb: tb, net: NewNet(tb, seed), homes: tb.TempDir(), convs: map[merkle.ID]bool{}}
	var err error
	if n.key, _, err = crypto.GenerateEd25519Key(nil); err != nil {
		tb.Fatal(err)
	}
	n.openHub()
	tb.Cleanup(func() {
		for _, p := range n.all() {
			p.Stops()
		}
		n.closeHub()
	})
	return n
}

func (n *Network) openHub() {
	n.tb.Helper()
	var err error
	if n.hub, err = n.net.Maker(hubName)(dht.HostOptions{Key: n.key}); err != nil {
		n.tb.Fatal(err)
	}
	n.dht, err = dht.New(context.Background(), n.hub, dht.Config{Networks: []dht.Network{storyNetwork}, Server: true})
	if err != nil {
		n.tb.Fatalf("start the DHT: %v", err)
	}
}

func (n *Network) closeHub() {
	n.tb.Helper()
	if err := errors.Join(n.dht.Close(), n.hub.Close()); err != nil {
		n.tb.Errorf("stop the DHT: %v", err)
	}
}

// LiveIn makes dir the place of all homes: peers who lived there in an earlier
// bubble, perhaps at a later time, go on from there.
func (n *Network) LiveIn(dir string) { n.homes = dir }

// Peer makes a user with one device, or finds the one whose home is there, and
// starts its node.
func (n *Network) Peer(name string) *Peer {
	n.tb.Helper()
	p := &Peer{
		Name: name, net: n, home: filepath.Join(n.homes, name),
		lock: make(chan struct{}, 1), news: make(chan struct{}),
	}
	if _, err := os.Stat(p.home); err != nil {
		if err := os.MkdirAll(p.home, 0o700); err != nil {
			n.tb.Fatal(err)
		}
		if _, _, err := node.Init(p.store(), name, p.unlock()); err != nil {
			n.tb.Fatalf("%s is not set up: %v", name, err)
		}
	}
	n.mu.Lock()
	n.peers = append(n.peers, p)
	n.mu.Unlock()
	p.Starts()
	return p
}

// Peers makes several.
func (n *Network) Peers(names ...string) []*Peer {
	n.tb.Helper()
	var out []*Peer
	for _, name := range names {
		out = append(out, n.Peer(name))
	}
	return out
}

func (n *Network) all() []*Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*Peer{}, n.peers...)
}

// Befriend has b accept an invite of a, and waits until both know it.
func (n *Network) Befriend(a, b *Peer) {
	n.tb.Helper()
	b.Accepts(a.Invites())
	b.Knows(a)
	a.Knows(b)
	n.learn(b)
}

// Cut drops every packet between two peers until they Heal.
func (n *Network) Cut(a, b *Peer) { n.net.Cut(a.Name, b.Name) }

// Heal ends a Cut.
func (n *Network) Heal(a, b *Peer) { n.net.Heal(a.Name, b.Name) }

// Loss sets the share of packets that are lost, from 0 to 1.
func (n *Network) Loss(share float64) { n.net.Loss(share) }

// Latency sets how long a packet travels one way.
func (n *Network) Latency(d time.Duration) { n.net.Latency(d) }

// Wait lets virtual time pass. An hour of two idle nodes takes about half a
// second.
func (n *Network) Wait(virtual time.Duration) { time.Sleep(virtual) }

// Pass lets a long time pass in which nobody is on. It takes no time at all.
func (n *Network) Pass(virtual time.Duration) {
	n.tb.Helper()
	for _, p := range n.all() {
		if p.node != nil {
			n.tb.Fatalf("%s is on while %v pass", p.Name, virtual)
		}
	}
	n.closeHub()
	time.Sleep(virtual)
	n.openHub()
}

// learn notes the conversations that a peer is in.
func (n *Network) learn(p *Peer) {
	n.tb.Helper()
	ctx := context.Background()
	contacts, err := p.node.Contacts(ctx)
	if err != nil {
		n.tb.Fatal(err)
	}
	groups, err := p.node.Groups(ctx)
	if err != nil {
		n.tb.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, g := range groups {
		n.convs[merkle.ID(g.ID)] = true
	}
	for _, c := range contacts {
		// What founds a conversation names it, and everything comes after that.
		if all, err := p.node.Log(ctx, "@"+c.Name, node.Page{Limit: everything}); err == nil && len(all.Messages) > 0 {
			n.convs[all.Messages[0].ID] = true
		}
	}
}

// holds reports whether a store has delivered an entry, of whatever
// conversation.
func (n *Network) holds(db *store.DB, id merkle.ID) (held bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err = db.View(func(tx *store.Tx) error {
		for conv := range n.convs {
			if has, err := merkle.Open(conv).Has(tx, id); has || err != nil {
				held = has
				return err
			}
		}
		return nil
	})
	return held, err
}
