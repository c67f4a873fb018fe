package tests

import (
	"slices"
	"testing"
	"time"

	"causeway/merkle"
)

const days = 24 * time.Hour

// A member left behind by two changes of the key comes back after 60 days, when
// only the custodian is on, and walks forward through the boxes of the epochs.
// A removed member tries the same road and learns of nothing but its removal.
func TestAttack49_ReturnAfterSixtyDays(t *testing.T) {
	t.Parallel()
	Story(t, 49, func(net *Network) {
		alice, bob, carol, dave, mallory := net.Peer("Alice"), net.Peer("Bob"), net.Peer("Carol"), net.Peer("Dave"), net.Peer("Mallory")
		for _, p := range []*Peer{bob, carol, dave, mallory} {
			net.Befriend(alice, p)
		}
		carol.KeepsMailFor(alice)
		alice.Group("team", bob, dave, mallory)
		alice.Say("#team", "all of us")
		dave.Sees("#team", "all of us")
		mallory.Sees("#team", "all of us")
		net.Wait(time.Minute)
		dave.Stops()
		mallory.Stops()

		alice.Removes("#team", mallory)
		alice.SeesKept("#team", alice.Say("#team", "without Mallory"))
		bob.Sees("#team", "without Mallory")
		team := alice.conversation("#team")
		past := until(alice.entries(team), alice.removal("#team").ID)
		// In the old box the removal lies beside the change of the key that came
		// with it, which says nothing to whom it shuts out.
		for _, e := range alice.entries(team) {
			if e.Prev == alice.removal("#team").ID {
				past[e.ID] = true
			}
		}
		alice.Stops()
		bob.Stops()
		carol.Stops()
		net.Pass(30 * days)

		alice.Starts()
		bob.Starts()
		carol.Starts()
		erin := net.Peer("Erin")
		net.Befriend(alice, erin)
		alice.Adds("#team", erin)
		erin.Joins("#team")
		erin.SeesKept("#team", erin.Say("#team", "with Erin"))
		bob.Sees("#team", "with Erin")
		alice.Stops()
		bob.Stops()
		carol.Stops()
		erin.Stops()
		net.Pass(30 * days)

		carol.Starts()
		dave.Starts()
		dave.Sees("#team", "without Mallory")
		dave.Sees("#team", "with Erin")
		dave.Stops()
		mallory.Starts()
		mallory.SeesRemoved("#team")
		dave.Starts()
		net.Wait(10 * time.Minute)
		mallory.knowsOnly(team, past)
		if got := mallory.Texts("#team"); !slices.Equal(got, []string{"all of us"}) {
			t.Errorf("the removed one reads %q", got)
		}
	})
}

// knowsOnly fails unless a removed member holds all of the past of its removal,
// and nothing besides.
func (p *Peer) knowsOnly(conv merkle.ID, past map[merkle.ID]bool) {
	p.net.tb.Helper()
	held := p.entries(conv)
	for _, e := range held {
		if !past[e.ID] {
			p.net.tb.Errorf("%s holds %s of height %d, which is newer than the removal", p.Name, e.ID, e.Height)
		}
	}
	if len(held) < len(past) {
		p.net.tb.Errorf("%s holds %d entries, and the removal has %d in its past", p.Name, len(held), len(past))
	}
}
