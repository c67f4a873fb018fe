package dagsync

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/internal/label"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// A live node has a host on the loopback device and a service on it.
type live struct {
	*node
	host   host.Host
	events chan Event
}

func newLive(t *testing.T, name string, members ...user) *live {
	t.Helper()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableRelay())
	if err != nil {
		t.Fatal(err)
	}
	l := &live{node: newNode(t, name, members...), host: h, events: make(chan Event, 10_000)}
	l.service = New(h, l.node, Options{OnEvent: func(ev Event) { l.events <- ev }})
	t.Cleanup(func() {
		l.service.Close()
		h.Close()
	})
	return l
}

// meet tells two hosts where the other is.
func meet(a, b *live) {
	a.host.Peerstore().AddAddrs(b.host.ID(), b.host.Addrs(), time.Hour)
	b.host.Peerstore().AddAddrs(a.host.ID(), a.host.Addrs(), time.Hour)
}

func livePair(t *testing.T) (ann, bob *live) {
	us := users("ann", "bob")
	ann, bob = newLive(t, "ann", us...), newLive(t, "bob", us...)
	meet(ann, bob)
	return ann, bob
}

func (l *live) connect(t *testing.T, to *live, convs ...Conv) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.service.Connect(ctx, to.host.ID(), convs...); err != nil {
		t.Fatal(err)
	}
}

// await reads events until one is of a kind and from a peer.
func (l *live) await(t *testing.T, k EventKind, from *live) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case ev := <-l.events:
			if ev.Kind == k && ev.Peer == from.host.ID() && ev.Log == from.log() {
				return
			}
		case <-deadline:
			t.Fatalf("%s: no event %d from %s", l.name, k, from.name)
		}
	}
}

// until polls a condition that other goroutines bring about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came to pass that %s", what)
		}
	}
}

func TestServicesSync(t *testing.T) {
	ann, bob := livePair(t)
	ann.keep(logOf(ann.user, 1500))
	bob.write(bob.user, "hello")
	ann.connect(t, bob, group)
	ann.await(t, Synced, bob)
	bob.await(t, Synced, ann)
	until(t, "both have all", func() bool { return len(ann.ids()) == 1501 && len(bob.ids()) == 1501 })
	e := ann.write(ann.user, "live")
	ann.service.Announce(group)
	until(t, "ann knows that bob has it", func() bool { return ann.hasSeen(bob.log(), e) })
	if got := ann.service.Sessions(); len(got) != 1 || got[0].Log != bob.log() {
		t.Errorf("sessions %v", got)
	}
	bob.service.Close()
	ann.await(t, Down, bob)
	until(t, "the session is gone", func() bool { return len(ann.service.Sessions()) == 0 })
}

func TestServiceRefreshOpensNewConversations(t *testing.T) {
	ann, bob := livePair(t)
	ann.connect(t, bob, group)
	ann.await(t, Up, bob)
	second := Conv{2}
	for _, l := range []*live{ann, bob} {
		l.mu.Lock()
		l.keys, l.shared = append(l.keys, synKey(second, 1)), []Conv{group, second}
		l.mu.Unlock()
		l.service.Refresh()
	}
	until(t, "both are open", func() bool { return len(ann.service.Sessions()) == 2 && len(bob.service.Sessions()) == 2 })
}

// When both open a stream at once, both keep the same one. (They share one
// connection: two TCP dials that cross from listening ports fail at both ends.)
func TestServicesThatDialEachOtherKeepOneStream(t *testing.T) {
	ann, bob := livePair(t)
	if err := ann.host.Connect(t.Context(), peer.AddrInfo{ID: bob.host.ID()}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		var wg sync.WaitGroup
		for _, pair := range [][2]*live{{ann, bob}, {bob, ann}} {
			wg.Go(func() {
				if err := pair[0].service.Connect(t.Context(), pair[1].host.ID()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		until(t, "both have a session on the same stream", func() bool { return ann.keepsOne(bob) })
		ann.reset(t, bob)
		until(t, "neither has a stream", func() bool { return ann.kept(bob) == nil && bob.kept(ann) == nil })
	}
}

// keepsOne says whether two services keep the two ends of one stream, with a
// session on it, and no other is open. Those that lost may go on for a moment:
// what Sessions says then may still be theirs.
func (l *live) keepsOne(other *live) bool {
	a, b := l.kept(other), other.kept(l)
	return a != nil && b != nil && a.role != b.role && a.sessions() == 1 && b.sessions() == 1 &&
		l.syncStreams() == 1 && other.syncStreams() == 1
}

// kept returns the stream that a service keeps with a peer, or nil.
func (l *live) kept(with *live) *stream {
	l.service.mu.Lock()
	defer l.service.mu.Unlock()
	return l.service.streams[with.host.ID()]
}

func (st *stream) sessions() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(st.engine.sessions)
}

// syncStreams counts the open sync streams of a host.
func (l *live) syncStreams() (n int) {
	for _, c := range l.host.Network().Conns() {
		for _, s := range c.GetStreams() {
			if s.Protocol() == label.SyncProtocol {
				n++
			}
		}
	}
	return n
}

// reset kills the sync streams with a peer under the service's feet.
func (l *live) reset(t *testing.T, with *live) {
	t.Helper()
	for _, c := range l.host.Network().ConnsToPeer(with.host.ID()) {
		for _, s := range c.GetStreams() {
			if s.Protocol() == label.SyncProtocol {
				s.Reset()
			}
		}
	}
}

// A stream that is killed in the middle of a catch-up costs a batch at most.
func TestServiceStreamIsKilled(t *testing.T) {
	ann, bob := livePair(t)
	history := logOf(ann.user, 4000)
	ann.keep(history)
	for kill := range 3 {
		bob.connect(t, ann)
		bob.await(t, Up, ann)
		until(t, "some more has come", func() bool {
			bob.mu.Lock()
			defer bob.mu.Unlock()
			return bob.added > kill*1000
		})
		bob.reset(t, ann)
		bob.await(t, Down, ann)
	}
	bob.connect(t, ann)
	bob.await(t, Synced, ann)
	if n := len(bob.ids()); n != len(history) {
		t.Fatalf("%d entries", n)
	}
	if again := bob.added - len(history); again > 3*maxBatch {
		t.Errorf("%d entries came twice", again)
	}
}

func TestAttack17_LengthBombOnAStream(t *testing.T) {
	ann, bob := livePair(t)
	s, err := bob.host.NewStream(t.Context(), ann.host.ID(), label.SyncProtocol)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(s); err == nil {
		t.Error("the stream was closed in peace")
	}
	until(t, "ann keeps bob away", func() bool {
		return errors.Is(ann.service.Connect(t.Context(), bob.host.ID()), ErrAway)
	})
	again, err := bob.host.NewStream(network.WithNoDial(t.Context(), "test"), ann.host.ID(), label.SyncProtocol)
	if err == nil {
		_, err = io.ReadAll(again)
	}
	if err == nil {
		t.Error("bob is let in again")
	}
}

func TestServiceClosed(t *testing.T) {
	ann, bob := livePair(t)
	ann.connect(t, bob)
	ann.await(t, Up, bob)
	if err := ann.service.Close(); err != nil {
		t.Fatal(err)
	}
	bob.await(t, Down, ann)
	if err := ann.service.Connect(t.Context(), bob.host.ID()); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if err := bob.service.Connect(t.Context(), peer.ID("nobody")); err == nil {
		t.Error("a stream to nobody")
	}
}
