package tests

import (
	"testing"
	"time"

	"causeway/node"
)

func TestTwoTalkThroughAPartition(t *testing.T) {
	t.Parallel()
	Story(t, 101, func(net *Network) {
		alice, bob := net.Peer("Alice"), net.Peer("Bob")
		net.Befriend(alice, bob)
		alice.Say("@Bob", "hi")
		bob.Sees("@Alice", "hi")

		net.Cut(alice, bob)
		one := alice.Say("@Bob", "are you there?")
		two := bob.Say("@Alice", "it went quiet")
		net.Wait(10 * time.Minute)
		bob.SeesNot("@Alice", "are you there?")
		if s := alice.State(one); s != node.StateQueued {
			t.Errorf("behind the cut the message is %s", s)
		}

		net.Heal(alice, bob)
		bob.Sees("@Alice", "are you there?")
		alice.Sees("@Bob", "it went quiet")
		alice.SeesState(one, node.StateDelivered)
		bob.SeesState(two, node.StateDelivered)
		net.AgreeInPairs(alice, bob)
	})
}

func TestMailWhileAwayIsReadWithTheSenderOff(t *testing.T) {
	t.Parallel()
	Story(t, 102, func(net *Network) {
		net.Loss(0.2)
		alice, bob, carol := net.Peer("Alice"), net.Peer("Bob"), net.Peer("Carol")
		net.Befriend(alice, bob)
		net.Befriend(carol, bob)
		carol.KeepsMailFor(bob, alice)

		bob.Stops()
		m := alice.Say("@Bob", "read this when you are back")
		alice.SeesState(m, node.StateParked)
		carol.Crashes() // what she signed for survives that
		alice.Stops()
		carol.Starts()
		bob.Starts()
		bob.Sees("@Alice", "read this when you are back")
		bob.Stops()
		alice.Starts()
		if s := alice.State(m); s != node.StateParked {
			t.Errorf("before any receipt the message is %s", s)
		}
		bob.Starts()
		alice.SeesState(m, node.StateDelivered)
		net.AgreeInPairs(alice, bob)
	})
}

func TestInviteIsAcceptedWhileTheInviterIsAway(t *testing.T) {
	t.Parallel()
	Story(t, 103, func(net *Network) {
		alice, carol := net.Peer("Alice"), net.Peer("Carol")
		net.Befriend(carol, alice)
		carol.KeepsMailFor(alice)
		link := alice.Invites()
		alice.SeesStandIn(carol)

		alice.Stops()
		bob := net.Peer("Bob")
		if k := bob.Accepts(link); k.Name != "Alice" || k.State != node.ContactInvited {
			t.Errorf("accepted %+v", k)
		}
		bob.Stops()
		alice.Starts()
		alice.Knows(bob)
		bob.Starts()
		bob.Knows(alice)
		bob.Say("@Alice", "hello")
		alice.Sees("@Bob", "hello")
	})
}

// Two custodians of three are gone and their addresses swallow every packet: the
// third has the message at once all the same.
func TestCustodiansWhoAreGoneHoldUpNobody(t *testing.T) {
	t.Parallel()
	Story(t, 104, func(net *Network) {
		alice, bob := net.Peer("Alice"), net.Peer("Bob")
		net.Befriend(alice, bob)
		keepers := net.Peers("Carol", "Dave", "Erin")
		for _, keeper := range keepers {
			net.Befriend(keeper, bob)
			keeper.KeepsMailFor(bob, alice)
		}
		net.Wait(time.Minute)
		bob.Stops()
		net.Cut(alice, keepers[0])
		net.Cut(alice, keepers[1])
		began := time.Now()
		m := alice.Say("@Bob", "one is enough")
		alice.SeesKept("@Bob", m)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("parked after %v", took)
		}
	})
}
