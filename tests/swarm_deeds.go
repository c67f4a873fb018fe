package tests

import (
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/node"
)

// How a swarm is made.
const (
	circleSize  = 7  // members of a group at first, its founder included
	faultLeast  = 3  // s; how long a fault lasts
	faultMost   = 45 // s
	vanishShare = 10 // one in so many may vanish
)

// gather makes the peers, the pairs, the groups and the custodians.
func (s *Swarm) gather() {
	s.net.tb.Helper()
	for i := range s.Nodes {
		s.peers = append(s.peers, s.net.Peer(fmt.Sprintf("n%02d", i)))
	}
	for i := 0; len(s.circles)*circleSize < s.Nodes+circleSize/2; i++ {
		order := s.rng.Perm(s.Nodes)[:min(circleSize, s.Nodes)]
		founder := s.peers[order[0]]
		c := &circle{name: fmt.Sprintf("#g%d", i), founder: founder, asked: map[*Peer]bool{founder: true}, unsure: map[*Peer]bool{}}
		s.circles = append(s.circles, c)
		founder.Founds(c.name[1:], []string{"shared", "forward"}[i%2])
		for _, k := range order[1:] {
			s.befriend(founder, s.peers[k])
			founder.Adds(c.name, s.peers[k])
			s.peers[k].Joins(c.name)
			c.asked[s.peers[k]] = true
		}
	}
	for i, p := range s.peers { // some more friends, who may be added later
		s.befriend(p, s.peers[(i+1+s.rng.IntN(s.Nodes-1))%s.Nodes])
	}
	for _, pair := range s.pairs {
		if s.rng.IntN(4) == 0 {
			pair[0].KeepsMailFor(pair[1])
		}
	}
}

func (s *Swarm) befriend(a, b *Peer) {
	s.net.tb.Helper()
	if !slices.Contains(s.pairs, [2]*Peer{a, b}) && !slices.Contains(s.pairs, [2]*Peer{b, a}) {
		s.net.Befriend(a, b)
		s.pairs = append(s.pairs, [2]*Peer{a, b})
	}
}

func pick[T any](s *Swarm, of []T) T { return of[s.rng.IntN(len(of))] }

func (s *Swarm) did(name string) { s.tried[name]++ }

// say has a peer write, and remembers it if its node says that it is on disk.
func (s *Swarm) say(author *Peer, target string, u utterance) {
	if author.node == nil {
		return
	}
	if u.circle != nil {
		u.heard = author.members(target)
	}
	u.author, u.text = author, fmt.Sprintf("%s %d", author.Name, len(s.said))
	m, err := author.node.Send(context.Background(), node.Outgoing{Target: target, Text: u.text})
	if err != nil {
		return // not a member, or not yet
	}
	u.id = m.ID
	s.said = append(s.said, u)
	s.did("texts")
}

func (s *Swarm) talk() {
	c := pick(s, s.circles)
	s.say(pick(s, s.peers), c.name, utterance{circle: c})
}

func (s *Swarm) whisper() {
	pair := pick(s, s.pairs)
	from := s.rng.IntN(2)
	s.say(pair[from], "@"+pair[1-from].Name, utterance{to: pair[1-from]})
}

// members names who belongs to a group, as the peer knows; nobody if it does not
// know the group.
func (p *Peer) members(group string) map[string]bool {
	all, err := p.node.Members(context.Background(), group)
	if err != nil {
		return nil
	}
	out := map[string]bool{}
	for _, m := range all {
		out[m.Name] = true
	}
	return out
}

// fault begins something that ends after a while; who names what it befalls, and
// nothing is befallen twice at a time.
func (s *Swarm) fault(who, what, after string, begin, end func()) {
	if s.busy[who] {
		return
	}
	s.busy[who] = true
	lasts := time.Duration(faultLeast+s.rng.IntN(faultMost-faultLeast)) * time.Second
	s.note("%s %s for %v", who, what, lasts)
	s.did(what)
	begin()
	s.ends = append(s.ends, ending{time.Now().Add(lasts), who + " " + after, func() {
		end()
		delete(s.busy, who)
	}})
}

// cut parts the swarm in two; who serves the DHT is on one side, or on both.
func (s *Swarm) cut() {
	var sides [2][]string
	for _, p := range s.peers {
		i := s.rng.IntN(2)
		sides[i] = append(sides[i], p.Name)
	}
	if i := s.rng.IntN(3); i < 2 {
		sides[i] = append(sides[i], hubName)
	}
	each := func(do func(a, b string)) func() {
		return func() {
			for _, a := range sides[0] {
				for _, b := range sides[1] {
					do(a, b)
				}
			}
		}
	}
	s.fault("the network", "cut in two", "is whole", each(s.net.net.Cut), each(s.net.net.Heal))
	s.note("  %v", sides)
}

func (s *Swarm) unplug() {
	p := pick(s, s.peers)
	if p.node != nil {
		s.fault(p.Name, "unplugged", "is plugged in", func() { s.net.net.Unplug(p.Name) }, func() { s.net.net.Plug(p.Name) })
	}
}

func (s *Swarm) crash() { s.ending(pick(s, s.peers), "crashed", (*Peer).Crashes) }

func (s *Swarm) stop() { s.ending(pick(s, s.peers), "stopped", (*Peer).Stops) }

func (s *Swarm) ending(p *Peer, what string, end func(*Peer)) {
	if p.node != nil {
		s.fault(p.Name, what, "starts", func() { end(p) }, p.Starts)
	}
}

// vanish takes a peer away for good, who keeps mail or not, but founded no group.
func (s *Swarm) vanish() {
	p := pick(s, s.peers)
	founder := slices.ContainsFunc(s.circles, func(c *circle) bool { return c.founder == p })
	if founder || p.node == nil || s.busy[p.Name] || len(s.gone) >= s.Nodes/vanishShare {
		return
	}
	s.note("%s vanishes for good", p.Name)
	s.did("vanished")
	s.busy[p.Name], s.gone[p] = true, true
	p.Crashes()
}

// admin picks somebody who leads a group, as far as they know: more often than
// not its founder.
func (s *Swarm) admin(c *circle) *Peer {
	if s.rng.IntN(3) > 0 {
		return c.founder
	}
	return pick(s, s.peers)
}

// govern has an admin of a group do something to somebody.
func (s *Swarm) govern(what string, whom func(c *circle, admin *Peer) *Peer, do func(n *node.Node, group, who string) error) (c *circle, admin, target *Peer, ok bool) {
	c = pick(s, s.circles)
	admin = s.admin(c)
	target = whom(c, admin)
	if admin.node == nil || target == nil || target == admin || target == c.founder {
		return nil, nil, nil, false
	}
	if err := do(admin.node, c.name, "@"+target.Name); err != nil {
		return nil, nil, nil, false // no admin, not a friend, no member: as it should be
	}
	s.note("%s: %s %s %s", c.name, admin.Name, what, target.Name)
	s.did(what)
	return c, admin, target, true
}

func (s *Swarm) anybody(*circle, *Peer) *Peer { return pick(s, s.peers) }

func (s *Swarm) someFriend(_ *circle, admin *Peer) *Peer {
	for _, k := range s.rng.Perm(len(s.pairs)) {
		switch pair := s.pairs[k]; admin {
		case pair[0]:
			return pair[1]
		case pair[1]:
			return pair[0]
		}
	}
	return nil
}

func (s *Swarm) add() {
	c, admin, target, ok := s.govern("adds", s.someFriend, func(n *node.Node, group, who string) error {
		return n.AddMember(context.Background(), group, who, "")
	})
	if ok {
		c.asked[target] = true
		c.unsure[target] = c.unsure[target] || admin != c.founder
	}
}

func (s *Swarm) remove() {
	c, _, target, ok := s.govern("removes", s.anybody, func(n *node.Node, group, who string) error {
		return n.RemoveMember(context.Background(), group, who)
	})
	if ok {
		c.unsure[target] = true
	}
}

func (s *Swarm) promote() {
	s.govern("promotes", s.anybody, func(n *node.Node, group, who string) error {
		return n.Promote(context.Background(), group, who)
	})
}

// forgetful restarts what serves the DHT: its memory is empty then.
func (s *Swarm) forgetful() {
	if s.busy[hubName] {
		return
	}
	s.note("the DHT forgets all")
	s.did("dht forgot")
	s.net.closeHub()
	s.net.openHub()
}
