package tests

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/dht"
	"causeway/node"
	"causeway/store"
)

// Peer is a user with a home on disk, whose node can be stopped, killed and
// started.
type Peer struct {
	Name string
	net  *Network
	home string

	// lock is held where the node starts or stops and where others look at the
	// disk. It is a channel because a bubble's time stands still while somebody
	// waits for a mutex.
	lock chan struct{}
	db   *store.DB       // guarded by lock; nil: stopped
	node *node.Node      // changed by the story only
	done chan struct{}   // closed when follow has ended
	upTo uint64          // the last event heard; follow only
	met  map[string]bool // contacts whose conversation is known; guarded by net.mu

	mu     sync.Mutex
	events []node.Event  // guarded by mu: all that were heard
	news   chan struct{} // guarded by mu: closed and replaced at each event
}

func (p *Peer) store() string { return filepath.Join(p.home, "store") }

func (p *Peer) unlock() store.Unlock { return store.KeyFile(filepath.Join(p.home, "key")) }

// Starts brings the node up, with a new transport key as always.
func (p *Peer) Starts() {
	p.net.tb.Helper()
	if p.node != nil {
		p.net.tb.Fatalf("%s is on already", p.Name)
	}
	p.lock <- struct{}{}
	defer func() { <-p.lock }()
	db, err := store.Open(p.store(), p.unlock(), store.Options{})
	if err != nil {
		p.net.tb.Fatalf("open the store of %s: %v", p.Name, err)
	}
	n, err := node.Start(context.Background(), node.Config{
		DB: db, Networks: []dht.Network{storyNetwork}, Bootstrap: []peer.AddrInfo{{ID: p.net.hub.ID(), Addrs: p.net.hub.Addrs()}},
		Hosts: p.net.net.Maker(p.Name), Logger: p.logger(),
	})
	if err != nil {
		p.net.tb.Fatalf("start %s: %v", p.Name, err)
	}
	p.db, p.node, p.done = db, n, make(chan struct{})
	p.net.learn(p, n)
	go p.follow(n, p.done)
}

// logger shows what the nodes say when a story is told with -v.
func (p *Peer) logger() *slog.Logger {
	if !testing.Verbose() {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})).With("node", p.Name)
}

// Stops ends the node as its user would. A peer that is off stays off.
func (p *Peer) Stops() {
	p.net.tb.Helper()
	if p.node == nil {
		return
	}
	p.lock <- struct{}{}
	if err := p.node.Close(); err != nil {
		p.net.tb.Errorf("stop %s: %v", p.Name, err)
	}
	p.node, p.db = nil, nil
	<-p.lock
	<-p.done
}

// Crashes ends the node as kill -9 would: its disk is left as it is at this
// moment, in the middle of whatever was going on, and nothing leaves it any more.
func (p *Peer) Crashes() {
	p.net.tb.Helper()
	p.net.net.Unplug(p.Name)
	synctest.Wait() // nobody writes
	left := p.home + ".left"
	if err := os.CopyFS(left, os.DirFS(p.home)); err != nil {
		p.net.tb.Fatal(err)
	}
	upTo := p.upTo
	p.Stops()
	p.upTo = upTo        // what came after is forgotten
	p.lock <- struct{}{} // nobody looks at half a disk
	defer func() { <-p.lock }()
	if err := os.RemoveAll(p.home); err != nil {
		p.net.tb.Fatal(err)
	}
	if err := os.Rename(left, p.home); err != nil {
		p.net.tb.Fatal(err)
	}
	p.net.net.Plug(p.Name)
}

// disk shows what the peer has stored, whether its node is on or off.
func (p *Peer) disk(look func(db *store.DB) error) error {
	p.lock <- struct{}{}
	defer func() { <-p.lock }()
	if p.db != nil {
		return look(p.db)
	}
	db, err := store.Open(p.store(), p.unlock(), store.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	return look(db)
}

// follow hears every event of one run of the node.
func (p *Peer) follow(n *node.Node, done chan struct{}) {
	defer close(done)
	for e, err := range n.Events(context.Background(), p.upTo) {
		if err != nil {
			return // the node has closed its store
		}
		p.upTo = e.Seq
		if e.Kind == "group" || e.Kind == "contact" {
			p.net.learn(p, n)
		}
		p.check(n, e)
		p.mu.Lock()
		p.events = append(p.events, e)
		close(p.news)
		p.news = make(chan struct{})
		p.mu.Unlock()
	}
}

// heard reports whether there was an event like that.
func (p *Peer) heard(like func(node.Event) bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.events, like)
}

// until waits for an event after which is holds. A fact that comes true without
// any event is a fault too: no face would show it.
func (p *Peer) until(what string, is func() bool) {
	p.net.tb.Helper()
	late := time.NewTimer(Patience)
	defer late.Stop()
	for {
		p.mu.Lock()
		news := p.news
		p.mu.Unlock()
		if is() {
			return
		}
		select {
		case <-news:
		case <-late.C:
			if is() {
				p.net.tb.Fatalf("%s: no event told that %s", p.Name, what)
			}
			p.net.tb.Fatalf("%s waited %v in vain until %s", p.Name, Patience, what)
		}
	}
}
