package node

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"

	ma "github.com/multiformats/go-multiaddr"
)

func TestOnlyAServerKeepsItsTransportKey(t *testing.T) {
	hub := newPerson(t, "Hub")
	guest := newPerson(t, "Guest", hub.addr())
	server, client := hub.host.ID(), guest.host.ID()
	for _, p := range []*person{hub, guest} {
		p.stop()
		p.start()
	}
	if hub.host.ID() != server {
		t.Error("the address of a node that serves a DHT is worth nothing after a restart")
	}
	if guest.host.ID() == client {
		t.Error("a node can be followed from one start to the next")
	}
}

// The one whose address everybody knew restarts elsewhere, and nobody can find
// it any more: it calls back who had called it.
func TestWhoCalledIsCalledBack(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	m := alice.say("@Bob", "before")
	alice.until("delivered", func() bool { return alice.stateOf(m) == StateDelivered })
	alice.stop()
	alice.start()
	m = alice.say("@Bob", "after")
	alice.until("delivered after a restart at another port", func() bool { return alice.stateOf(m) == StateDelivered })
}

// libp2p would share a port that is taken, or leave an address out: both are said.
func TestAnAddressThatCannotBeListenedOnIsSaid(t *testing.T) {
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	free := ma.StringCast("/ip4/127.0.0.1/tcp/0")
	for addr, says := range map[string]string{
		fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", door.Addr().(*net.TCPAddr).Port):                 "another program",
		fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", packets.LocalAddr().(*net.UDPAddr).Port): "another program",
		"/ip4/192.0.2.55/udp/0/quic-v1":                                                       "this machine does not have",
	} {
		if err := tryListen([]ma.Multiaddr{free, ma.StringCast(addr)}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if err := tryListen([]ma.Multiaddr{free, ma.StringCast("/ip4/127.0.0.1/udp/0/quic-v1")}); err != nil {
		t.Error(err)
	}
	for _, cause := range []error{fs.ErrPermission, syscall.EMFILE, errors.New("x")} {
		if text := cannotListen(free, cause).Error(); !strings.Contains(text, "choose another one") {
			t.Errorf("%v: %s", cause, text)
		}
	}
}

// What fails in the network is told without the words of libraries.
func TestTroubleIsASentence(t *testing.T) {
	for _, part := range []string{"bootstrap public", "lan", "tags private:x"} {
		text := trouble(part, errors.New("nobody answers\n  * [/ip4/127.0.0.1/tcp/9] dial tcp4"))
		if strings.Contains(text, "\n") || strings.Contains(text, "dial tcp4") || !strings.Contains(text, "It is tried again by itself") {
			t.Errorf("%s: %q", part, text)
		}
	}
}

// What libp2p logs is seen by those who look for it only, at any level and in any group.
func TestWhatTheLibraryLogsIsDebugging(t *testing.T) {
	for level, seen := range map[slog.Level]bool{slog.LevelWarn: false, slog.LevelError: false, slog.LevelDebug: true} {
		var b strings.Builder
		l := slog.New(library{slog.NewTextHandler(&b, &slog.HandlerOptions{Level: level})})
		l.With("a", 1).WithGroup("g").Error("start failed")
		if got := strings.Contains(b.String(), "level=DEBUG"); got != seen {
			t.Errorf("at %s: %q", level, b.String())
		}
	}
}
