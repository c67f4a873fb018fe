package node

import (
	"testing"
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
