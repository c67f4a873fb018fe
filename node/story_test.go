package node

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"causeway/dht"
	"causeway/store"
)

// person is one user with a home on disk, whose node can be stopped and started.
type person struct {
	*Node
	t      *testing.T
	name   string
	dir    string
	unlock store.Unlock
	boot   []peer.AddrInfo
	server bool
}

func newPerson(t *testing.T, name string, boot ...peer.AddrInfo) *person {
	t.Helper()
	p := &person{t: t, name: name, dir: t.TempDir() + "/store", boot: boot, server: len(boot) == 0}
	p.unlock = store.KeyFile(t.TempDir() + "/key")
	if _, _, err := Init(p.dir, name, p.unlock); err != nil {
		t.Fatal(err)
	}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *person) start() {
	p.t.Helper()
	cfg := Config{
		Dir: p.dir, Unlock: p.unlock, Networks: []dht.Network{"private:story"}, Bootstrap: p.boot, DHTServer: p.server,
		Listen: []ma.Multiaddr{ma.StringCast("/ip4/127.0.0.1/tcp/0")},
	}
	if testing.Verbose() {
		cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})).With("node", p.name)
	}
	n, err := Start(context.Background(), cfg)
	if err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	p.Node = n
}

func (p *person) stop() {
	if p.Node == nil {
		return
	}
	if err := p.Close(); err != nil {
		p.t.Errorf("stop %s: %v", p.name, err)
	}
	p.Node = nil
}

func (p *person) addr() peer.AddrInfo {
	return peer.AddrInfo{ID: p.host.ID(), Addrs: p.host.Addrs()}
}

// until waits for an event after which is holds, or fails.
func (p *person) until(what string, is func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if is() {
		return
	}
	for _, err := range p.Events(ctx, 0) {
		if err != nil {
			p.t.Fatal(err)
		}
		if is() {
			return
		}
	}
	p.t.Fatalf("%s: never: %s", p.name, what)
}

func (p *person) say(target, text string) Message {
	p.t.Helper()
	m, err := p.Send(context.Background(), Outgoing{Target: target, Text: text})
	if err != nil {
		p.t.Fatalf("%s says %q: %v", p.name, text, err)
	}
	return m
}

func (p *person) reads(target, text string) bool {
	tl, err := p.Log(context.Background(), target, Page{Limit: 1000})
	if err != nil {
		return false
	}
	for _, m := range tl.Messages {
		if m.Text == text {
			return true
		}
	}
	return false
}

func (p *person) stateOf(m Message) MessageState {
	s, err := p.Message(context.Background(), m.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return s.State
}

func (p *person) knows(name string) bool {
	all, err := p.Contacts(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, k := range all {
		if k.Name == name && k.State == ContactAccepted {
			return true
		}
	}
	return false
}

// befriend has q accept an invite of p.
func befriend(p, q *person) {
	p.t.Helper()
	inv, err := p.CreateInvite(context.Background(), InviteOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := q.Accept(context.Background(), inv.Link, ""); err != nil {
		p.t.Fatal(err)
	}
	q.until("contact "+p.name, func() bool { return q.knows(p.name) })
	p.until("contact "+q.name, func() bool { return p.knows(q.name) })
}

func TestTwoPeopleMeetByInviteAndTalk(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	m := bob.say("@Alice", "hello")
	alice.until("hello", func() bool { return alice.reads("@Bob", "hello") })
	bob.until("receipt", func() bool { return bob.stateOf(m) == StateDelivered })
	alice.say("@Bob", "hello yourself")
	bob.until("answer", func() bool { return bob.reads("@Alice", "hello yourself") })
}
