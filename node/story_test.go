package node

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
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
	if k, err := q.Accept(context.Background(), inv.Link, ""); err != nil || !k.Reached {
		p.t.Fatalf("%s accepts the invite of %s: %+v, %v", q.name, p.name, k, err)
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

// custody makes c keep mail for owner.
func custody(c, owner *person) {
	c.t.Helper()
	if err := c.AllowCustody(context.Background(), "@"+owner.name, 0, 0); err != nil {
		c.t.Fatal(err)
	}
	if err := owner.AddCustodian(context.Background(), "@"+c.name); err != nil {
		c.t.Fatal(err)
	}
	owner.until("custodian "+c.name, func() bool { return owner.custodian(c.name) == "ready" })
}

func (p *person) custodian(name string) string {
	all, err := p.Custody(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, h := range all.HeldBy {
		if h.Custodian.Name == name {
			return h.State
		}
	}
	return ""
}

// hasMailbox reports whether p knows a custodian of a contact.
func (p *person) hasMailbox(name string) bool {
	all, err := p.Contacts(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, k := range all {
		if k.Name == name {
			return p.keepersOf(k.UID) > 0
		}
	}
	return false
}

func TestMailForSomebodyWhoIsAway(t *testing.T) {
	carol := newPerson(t, "Carol")
	alice := newPerson(t, "Alice", carol.addr())
	bob := newPerson(t, "Bob", carol.addr())
	befriend(alice, bob)
	befriend(carol, bob)
	custody(carol, bob)
	alice.until("Bob's mailbox", func() bool { return alice.hasMailbox("Bob") })
	bob.stop()
	m := alice.say("@Bob", "read this when you are back")
	alice.until("parked", func() bool { return alice.stateOf(m) == StateParked })
	alice.stop()
	bob.start()
	bob.until("the mail", func() bool { return bob.reads("@Alice", "read this when you are back") })
	bob.stop()
	alice.start()
	bob.start()
	alice.until("receipt", func() bool { return alice.stateOf(m) == StateDelivered })
}

func TestInviteWhileTheInviterIsAway(t *testing.T) {
	carol := newPerson(t, "Carol")
	alice := newPerson(t, "Alice", carol.addr())
	befriend(carol, alice)
	custody(carol, alice)
	inv, err := alice.CreateInvite(context.Background(), InviteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	alice.until("stand-in", alice.stoodInFor)
	alice.stop()
	bob := newPerson(t, "Bob", carol.addr())
	k, err := bob.Accept(context.Background(), inv.Link, "")
	if err != nil {
		t.Fatal(err)
	}
	if k.Name != "Alice" || k.State != ContactInvited || k.Reached {
		t.Errorf("accepted %+v", k)
	}
	alice.start()
	alice.until("Bob", func() bool { return alice.knows("Bob") })
	bob.until("Alice", func() bool { return bob.knows("Alice") })
}

// stoodInFor reports whether a friend stands in for an open invite of p.
func (p *person) stoodInFor() bool {
	all, err := p.Invites(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(i Invite) bool { return i.StandIn > 0 })
}

func TestGroupOfThreeAndARemoval(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	carol := newPerson(t, "Carol", alice.addr())
	befriend(alice, bob)
	befriend(alice, carol)
	ctx := context.Background()
	if _, err := alice.CreateGroup(ctx, "team", ""); err != nil {
		t.Fatal(err)
	}
	alice.say("#team", "first")
	for _, p := range []*person{bob, carol} {
		alice.until("offers", func() bool { return alice.AddMember(ctx, "#team", "@"+p.name, "") == nil })
		p.until("the first message", func() bool { return p.reads("#team", "first") })
	}
	bob.say("#team", "second")
	carol.until("the second", func() bool { return carol.reads("#team", "second") })
	if err := alice.RemoveMember(ctx, "#team", "@Carol"); err != nil {
		t.Fatal(err)
	}
	carol.until("her removal", func() bool {
		g, err := carol.Groups(ctx)
		return err == nil && len(g) == 1 && g[0].Left
	})
	alice.say("#team", "third")
	bob.until("the third", func() bool { return bob.reads("#team", "third") })
	if carol.reads("#team", "third") {
		t.Error("Carol reads on after her removal")
	}
}

func TestStickCarriesMailBothWays(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	bob.stop()
	m := alice.say("@Bob", "by stick")
	var stick bytes.Buffer
	out, err := alice.Export(context.Background(), "@Bob", &stick)
	if err != nil || out.Entries == 0 {
		t.Fatalf("export: %+v, %v", out, err)
	}
	alice.stop()
	bob.start()
	for _, want := range []bool{true, false} {
		in, err := bob.Import(context.Background(), bytes.NewReader(stick.Bytes()))
		if err != nil || in.Refused > 0 || (in.New > 0) != want {
			t.Fatalf("import: %+v, %v", in, err)
		}
	}
	if !bob.reads("@Alice", "by stick") {
		t.Error("Bob does not read what the stick brought")
	}
	var back bytes.Buffer
	if _, err := bob.Export(context.Background(), "", &back); err != nil {
		t.Fatal(err)
	}
	bob.stop()
	alice.start()
	if _, err := alice.Import(context.Background(), &back); err != nil {
		t.Fatal(err)
	}
	if s := alice.stateOf(m); s != StateDelivered {
		t.Errorf("after the stick came back the message is %s", s)
	}
}

func TestBlockedContactGetsNoReceipt(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	before := bob.say("@Alice", "before")
	bob.until("receipt", func() bool { return bob.stateOf(before) == StateDelivered })
	if err := alice.BlockContact(context.Background(), "@Bob", true); err != nil {
		t.Fatal(err)
	}
	bob.until("hung up", func() bool { return !bob.online.in(bob.set.All()[1].ID, alice.me.UID) })
	m := bob.say("@Alice", "let me in")
	if err := alice.BlockContact(context.Background(), "@Bob", false); err != nil {
		t.Fatal(err)
	}
	bob.until("receipt after the block", func() bool { return bob.stateOf(m) == StateDelivered })
}
