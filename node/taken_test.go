package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"

	"causeway/chat"
	"causeway/dht"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
	dagsync "causeway/sync"
)

// The state of an own message is what the strongest fact about it says.
func TestStateIsTheStrongestFact(t *testing.T) {
	bob, carol := identity.UID{1}, identity.UID{2}
	at, none := map[identity.UID]time.Time{bob: {}}, map[identity.UID]time.Time{}
	parked := []parkedBox{{name: "Dave"}}
	for _, x := range []struct {
		name      string
		delivered map[identity.UID]time.Time
		sent      map[identity.UID]bool
		parked    []parkedBox
		want      MessageState
	}{
		{"nothing", none, nil, nil, StateQueued},
		{"a receipt of a custodian", none, nil, parked, StateParked},
		{"Bob took it", none, map[identity.UID]bool{bob: true}, nil, StateSent},
		{"parked, and Bob took it", none, map[identity.UID]bool{bob: true}, parked, StateSent},
		{"Bob has it", at, map[identity.UID]bool{bob: true}, nil, StateDelivered},
		{"Bob has it, Carol took it", at, map[identity.UID]bool{bob: true, carol: true}, parked, StateDelivered},
	} {
		f := facts{others: []identity.UID{bob, carol}, delivered: x.delivered, sent: x.sent, parked: x.parked, want: 3}
		if got := f.state(); got != x.want {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
	}
}

// What was taken is one height for each log: it rises, without gaps, to no more
// than is written.
func TestTakenRisesWithoutGaps(t *testing.T) {
	alice := newPerson(t, "Alice")
	if _, err := alice.CreateGroup(context.Background(), "team", ""); err != nil {
		t.Fatal(err)
	}
	var said []Message
	for range 9 {
		said = append(said, alice.say("#team", "x"))
	}
	c, err := alice.groupNamed("team")
	if err != nil {
		t.Fatal(err)
	}
	key := nodeKey(subTaken, c.ID, c.State().Log, [32]byte{9})
	for i, x := range []struct{ acked, from, to, next uint64 }{
		{0, 1, 3, 0},      // something is missing before it
		{0, 0, 2, 3},      // follows on nothing
		{0, 4, 6, 3},      // a gap
		{0, 0, 1, 3},      // old
		{5, 5, 5, 6},      // follows on a receipt
		{0, 3, 1000, 10},  // the log ends before
		{0, 10, 2000, 10}, // after its end
	} {
		var row takenRow
		err := alice.db.Update(func(tx *store.Tx) error {
			if err := alice.noteTaken(tx, c, [32]byte{9}, x.acked, x.from, x.to); err != nil {
				return err
			}
			_, err := getRow(tx, key, &row)
			return err
		})
		if err != nil || row.Next != x.next {
			t.Errorf("step %d: taken up to %d, want %d, %v", i, row.Next, x.next, err)
		}
	}
	if s := alice.stateOf(said[0]); s != StateQueued {
		t.Errorf("a log of nobody's makes it %s", s)
	}
	err = alice.db.Update(func(tx *store.Tx) error {
		if err := putRow(tx, key, &takenRow{Version: 2}); err != nil {
			return err
		}
		return alice.noteTaken(tx, c, [32]byte{9}, 0, 0, 1)
	})
	if !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a row of another version: %v", err)
	}
}

// alone is a gate through which nobody comes.
type alone struct{}

func (alone) InterceptPeerDial(peer.ID) bool                                           { return false }
func (alone) InterceptAddrDial(peer.ID, ma.Multiaddr) bool                             { return false }
func (alone) InterceptAccept(network.ConnMultiaddrs) bool                              { return false }
func (alone) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool { return false }
func (alone) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason)          { return false, 0 }

// startOffline starts a person whose node reaches nobody and is reached by nobody.
func (p *person) startOffline() {
	p.t.Helper()
	alone := func(dht.HostOptions) (host.Host, error) {
		return libp2p.New(libp2p.Transport(tcp.NewTCPTransport), libp2p.NoListenAddrs, libp2p.ConnectionGater(alone{}))
	}
	n, err := Start(context.Background(), Config{Dir: p.dir, Unlock: p.unlock, Networks: []dht.Network{dht.None}, Hosts: alone})
	if err != nil {
		p.t.Fatal(err)
	}
	p.Node = n
}

// mute is a node that takes entries and never says so: its view of what it has
// stays as it was.
type mute struct {
	*logs
	tips []merkle.Tip
}

func (m *mute) Frontier(dagsync.Conv, merkle.LogKey) ([]merkle.Tip, error) { return m.tips, nil }

// takesInSilence has p's device take what another node has of a conversation,
// and go away before it acknowledges anything.
func (p *person) takesInSilence(c *chat.Conversation, from *person) {
	p.t.Helper()
	m := &mute{logs: p.Node.logs()}
	err := p.db.View(func(tx *store.Tx) (err error) {
		m.tips, err = c.DAG().Frontier(tx)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	h, err := dht.HostMaker(dht.NewHost).Throwaway(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	defer h.Close()
	s := dagsync.New(h, m, dagsync.Options{})
	defer s.Close()
	h.Peerstore().AddAddrs(from.host.ID(), from.host.Addrs(), time.Hour)
	if err := s.Connect(context.Background(), peer.ID(from.host.ID()), dagsync.Conv(c.ID)); err != nil {
		p.t.Fatal(err)
	}
	from.until("handed over to "+p.name, func() bool { return from.handed(c.ID) })
}

// handed reports whether the newest own message of a conversation was handed over.
func (p *person) handed(conv merkle.ID) (yes bool) {
	c := p.set.Get(conv)
	err := p.db.View(func(tx *store.Tx) error {
		page, err := c.Timeline(tx, chat.Page{Limit: 1})
		if err != nil || len(page) == 0 || !page[0].Own {
			return err
		}
		m, err := p.show(tx, c, page[0])
		yes = m.State == StateSent
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return yes
}

// Bob's device takes the message and is cut off before its receipt; then it comes back.
func TestHandedOverBeforeTheReceipt(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	first := alice.say("@Bob", "first")
	alice.until("receipt", func() bool { return alice.stateOf(first) == StateDelivered })
	bob.stop()
	m := alice.say("@Bob", "hello")
	if s := alice.stateOf(m); s != StateQueued {
		t.Fatalf("while Bob is away it is %s", s)
	}
	bob.startOffline()
	c := bob.set.Direct(alice.me.UID)
	bob.takesInSilence(c, alice)
	if !bob.reads("@Alice", "hello") {
		t.Error("it is shown as handed over, and Bob does not have it")
	}
	s, err := alice.Message(context.Background(), m.ID)
	if err != nil || s.State != StateSent || len(s.Sent) != 1 || s.Sent[0].Name != "Bob" || len(s.Delivered) != 0 {
		t.Errorf("Alice sees %+v, %v", s, err)
	}
	bob.stop()
	if s := alice.stateOf(m); s != StateSent {
		t.Errorf("when Bob is away again it is %s", s)
	}
	bob.start()
	alice.until("receipt", func() bool { return alice.stateOf(m) == StateDelivered })
	if s, err := alice.Message(context.Background(), m.ID); err != nil || len(s.Sent) != 0 {
		t.Errorf("with a receipt it is still listed without one: %+v, %v", s, err)
	}
}

// The custodian tells at the next visit that the owner has taken the mail.
func TestOwnersDeletionHandsOver(t *testing.T) {
	carol := newPerson(t, "Carol")
	alice := newPerson(t, "Alice", carol.addr())
	bob := newPerson(t, "Bob", carol.addr())
	befriend(alice, bob)
	befriend(carol, bob)
	custody(carol, bob)
	alice.until("Bob's mailbox", func() bool { return alice.hasMailbox("Bob") })
	bob.stop()
	taken := alice.say("@Bob", "taken")
	alice.until("parked", func() bool { return alice.stateOf(taken) == StateParked })
	alice.stop()
	bob.start()
	bob.until("the mail", func() bool { return bob.reads("@Alice", "taken") })
	bob.collect(context.Background()) // the loop may have been cut short by this
	if n := carol.parcels(); n != 0 {
		t.Fatalf("Bob has read his mail, and %d parcels lie there still", n)
	}
	bob.stop()
	alice.start()
	if s := alice.stateOf(taken); s != StateParked {
		t.Fatalf("before Alice asks it is %s", s)
	}
	waits := alice.say("@Bob", "waits")
	alice.until("parked", func() bool { return alice.stateOf(waits) == StateParked })
	alice.until("handed over", func() bool { return alice.stateOf(taken) == StateSent })
	s, err := alice.Message(context.Background(), taken.ID)
	if err != nil || len(s.Parked) != 1 || len(s.Sent) != 1 {
		t.Errorf("its details are %+v, %v", s, err)
	}
	if s := alice.stateOf(waits); s != StateParked {
		t.Errorf("what nobody took is %s", s)
	}
	bob.start()
	alice.until("receipts", func() bool { return alice.stateOf(taken) == StateDelivered && alice.stateOf(waits) == StateDelivered })
}

// parcels counts the parcels that p keeps for others.
func (p *person) parcels() (count int) {
	p.t.Helper()
	held, err := p.keeper.Holdings()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, h := range held {
		if identity.UID(h.Owner) != p.me.UID {
			count += int(h.Parcels)
		}
	}
	return count
}
