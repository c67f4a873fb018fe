package tests

import (
	"context"
	"errors"
	"maps"
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

	mu    sync.Mutex                     // guards what follows
	peers []*Peer                        // in the order of their first start
	convs map[merkle.ID]map[string]*Peer // by conversation: who was seen in it
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
	n := &Network{tb: tb, net: NewNet(tb, seed), homes: tb.TempDir(), convs: map[merkle.ID]map[string]*Peer{}}
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
		lock: make(chan struct{}, 1), news: make(chan struct{}), met: map[string]bool{},
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
	n.learn(b, b.node)
}

// Cut drops every packet between two peers until they Heal.
func (n *Network) Cut(a, b *Peer) { n.net.Cut(a.Name, b.Name) }

// Heal ends a Cut.
func (n *Network) Heal(a, b *Peer) { n.net.Heal(a.Name, b.Name) }

// Loss sets the share of packets that are lost, from 0 to 1.
func (n *Network) Loss(share float64) { n.net.Loss(share) }

// Latency sets how long a packet travels one way.
func (n *Network) Latency(d time.Duration) { n.net.Latency(d) }

// Jitter sets by which share of the latency a packet may be sooner or later.
func (n *Network) Jitter(share float64) { n.net.Jitter(share) }

// Wait lets virtual time pass: a story runs in a synctest bubble, where a sleep ends
// as soon as everybody else waits. An hour of two idle nodes takes about half a
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
	n.Wait(virtual)
	n.openHub()
}

// learn notes the conversations that a peer is in, unless its node has ended.
func (n *Network) learn(p *Peer, running *node.Node) {
	ctx := context.Background()
	contacts, err := running.Contacts(ctx)
	if err != nil {
		return
	}
	groups, err := running.Groups(ctx)
	if err != nil {
		return
	}
	for _, g := range groups {
		n.note(p, merkle.ID(g.ID))
	}
	for _, c := range contacts {
		if n.isMet(p, c.Name) {
			continue
		}
		// What founds a conversation names it, and everything comes after that.
		if all, err := running.Log(ctx, "@"+c.Name, node.Page{Limit: everything}); err == nil && len(all.Messages) > 0 {
			n.note(p, all.Messages[0].ID)
			n.mu.Lock()
			p.met[c.Name] = true
			n.mu.Unlock()
		}
	}
}

func (n *Network) isMet(p *Peer, contact string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return p.met[contact]
}

func (n *Network) note(p *Peer, conv merkle.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.convs[conv] == nil {
		n.convs[conv] = map[string]*Peer{}
	}
	n.convs[conv][p.Name] = p
}

// conversations lists all that are known, or those that a peer was seen in.
func (n *Network) conversations(of *Peer) (out []merkle.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for conv, in := range n.convs {
		if of == nil || in[of.Name] != nil {
			out = append(out, conv)
		}
	}
	return out
}

// seenIn lists who was seen in a conversation.
func (n *Network) seenIn(conv merkle.ID) map[string]*Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.convs[conv])
}

// named finds a peer.
func (n *Network) named(name string) *Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.peers {
		if p.Name == name {
			return p
		}
	}
	return nil
}
