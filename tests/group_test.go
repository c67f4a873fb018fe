package tests

import (
	"fmt"
	"testing"
	"time"

	"causeway/node"
)

// trio is a group of three who all know each other, founded by the first.
func trio(net *Network) (alice, bob, carol *Peer) {
	alice, bob, carol = net.Peer("Alice"), net.Peer("Bob"), net.Peer("Carol")
	net.Befriend(alice, bob)
	net.Befriend(alice, carol)
	net.Befriend(bob, carol)
	alice.Group("team", bob, carol)
	return alice, bob, carol
}

func TestGroupThatWasSplitShowsOneOrder(t *testing.T) {
	t.Parallel()
	Story(t, 201, func(net *Network) {
		alice, bob, carol := trio(net)
		alice.Say("#team", "welcome")
		carol.Sees("#team", "welcome")

		net.Cut(alice, carol)
		net.Cut(bob, carol)
		net.Wait(time.Minute)
		for i := range 5 {
			alice.Say("#team", fmt.Sprint("alice ", i))
			net.Wait(time.Second)
			carol.Say("#team", fmt.Sprint("carol ", i))
			net.Wait(time.Second)
			bob.Say("#team", fmt.Sprint("bob ", i))
		}
		bob.Sees("#team", "alice 4")
		carol.SeesNot("#team", "alice 0")

		net.Heal(alice, carol)
		net.Heal(bob, carol)
		for _, p := range []*Peer{alice, bob, carol} {
			for i := range 5 {
				p.Sees("#team", fmt.Sprint("alice ", i))
				p.Sees("#team", fmt.Sprint("bob ", i))
				p.Sees("#team", fmt.Sprint("carol ", i))
			}
		}
		net.Agree("#team", alice, bob, carol)
	})
}

// A removed member gets the removal and not one byte of anything that is not in
// its past, whatever it asks.
func TestAttack24_RemovedMemberGetsNothingNewer(t *testing.T) {
	t.Parallel()
	Story(t, 24, func(net *Network) {
		alice, bob, carol := trio(net)
		alice.Say("#team", "before")
		carol.Sees("#team", "before")
		team := alice.conversation("#team")

		net.Cut(alice, carol)
		net.Cut(bob, carol)
		alice.Removes("#team", carol)
		past := until(alice.entries(team), alice.removal("#team").ID)
		alice.Say("#team", "after the removal")
		bob.Sees("#team", "after the removal")
		bob.Say("#team", "and an answer")
		alice.Sees("#team", "and an answer")
		net.Heal(alice, carol)
		net.Heal(bob, carol)
		carol.SeesRemoved("#team")
		alice.Say("#team", "even later")
		bob.Sees("#team", "even later")
		carol.Stops()
		carol.Starts()
		net.Wait(10 * time.Minute)

		carol.knowsOnly(team, past)
		if got := carol.Texts("#team"); len(got) != 1 || got[0] != "before" {
			t.Errorf("the removed one reads %q", got)
		}
		if _, err := carol.node.Send(t.Context(), node.Outgoing{Target: "#team", Text: "let me in"}); err == nil {
			t.Error("the removed one may still write")
		}
	})
}
