package tests

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"causeway/node"
)

// What a node shows of a message is looked at ten times a second while each of
// the ways is opened that it can take, and none of it before the fact.
func TestShownStateIsNeverAheadOfTheFact(t *testing.T) {
	t.Parallel()
	Story(t, 301, func(net *Network) {
		alice, bob, carol := net.Peer("Alice"), net.Peer("Bob"), net.Peer("Carol")
		net.Befriend(alice, bob)
		net.Befriend(carol, bob)
		carol.KeepsMailFor(bob, alice)
		bob.Stops()
		carol.Stops()

		m := alice.Say("@Bob", "where am I?")
		stays := func(want node.MessageState, d time.Duration) {
			t.Helper()
			for end := time.Now().Add(d); time.Now().Before(end); net.Wait(100 * time.Millisecond) {
				if got := alice.State(m); got != want {
					t.Fatalf("%v before the end it is %s, want %s", time.Until(end), got, want)
				}
			}
		}
		stays(node.StateQueued, 2*time.Minute)
		net.Cut(alice, carol)
		carol.Starts()
		stays(node.StateQueued, 2*time.Minute)
		net.Heal(alice, carol)
		alice.SeesState(m, node.StateParked)
		net.Cut(alice, bob)
		bob.Starts()
		bob.Sees("@Alice", "where am I?")
		alice.State(m) // parked, or delivered if Bob's receipt took the way over the custodian
		net.Heal(alice, bob)
		alice.SeesState(m, node.StateDelivered)
		stays(node.StateDelivered, time.Minute)
	})
}

func TestRestartOfEveryNodeInTurnLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Peer){"stopped": (*Peer).Stops, "killed": (*Peer).Crashes} {
		t.Run(name, func(t *testing.T) {
			Story(t, 302, func(net *Network) {
				alice, bob, carol := trio(net)
				everybody := []*Peer{alice, bob, carol}
				var said []string
				say := func(p *Peer, i int) {
					text := fmt.Sprintf("%s %d", p.Name, i)
					said = append(said, text)
					p.Say("#team", text)
				}
				for i, p := range everybody {
					for _, author := range everybody {
						say(author, 2*i)
					}
					end(p) // in the middle of it
					for _, author := range everybody {
						if author != p {
							say(author, 2*i+1)
						}
					}
					p.Starts()
				}
				for _, p := range everybody {
					for _, text := range said {
						p.Sees("#team", text)
					}
				}
				net.Agree("#team", everybody...)
				if got := alice.Texts("#team"); len(got) != len(said) {
					t.Errorf("%d texts stand where %d were said", len(got), len(said))
				}
			})
		})
	}
}

// A clock that was a hundred years ahead when something was said, and then was
// put right, loses nothing and stops nobody.
func TestClockThatWasAheadIsPutRight(t *testing.T) {
	t.Parallel()
	homes := t.TempDir()
	Story(t, 303, func(net *Network) {
		net.LiveIn(homes)
		alice, bob := net.Peer("Alice"), net.Peer("Bob")
		net.Befriend(alice, bob)
		alice.Say("@Bob", "on time")
		bob.Sees("@Alice", "on time")
	})
	Story(t, 303, func(net *Network) {
		net.LiveIn(homes)
		net.Pass(100 * 365 * days)
		net.Peer("Alice").Say("@Bob", "from the future")
	})
	Story(t, 303, func(net *Network) {
		net.LiveIn(homes)
		net.Pass(time.Hour)
		alice, bob := net.Peer("Alice"), net.Peer("Bob")
		bob.Sees("@Alice", "from the future")
		bob.Say("@Alice", "what year is it?")
		alice.Sees("@Bob", "what year is it?")
		alice.Say("@Bob", "2000, sorry")
		bob.Sees("@Alice", "2000, sorry")
		net.AgreeInPairs(alice, bob)
		if got, want := bob.Texts("@Alice"), []string{"on time", "from the future", "what year is it?", "2000, sorry"}; !slices.Equal(got, want) {
			t.Errorf("Bob reads %q", got)
		}
		for _, m := range bob.Lines("@Alice") {
			if ahead := slices.Contains(m.Marks, "clock"); ahead != (m.Text == "from the future") || m.Time.Year() > 2000 {
				t.Errorf("%q is shown at %v with marks %q", m.Text, m.Time, m.Marks)
			}
		}
	})
}
