package tests

import (
	"context"
	"slices"
	"strings"

	"causeway/merkle"
	"causeway/node"
)

// Group founds a group and adds contacts to it, one after the other; it waits
// until each has come in.
func (p *Peer) Group(name string, members ...*Peer) {
	p.net.tb.Helper()
	p.Founds(name, "shared")
	for _, m := range members {
		p.Adds("#"+name, m)
		m.Joins("#" + name)
	}
}

// Founds makes a group of one; history is shared or forward.
func (p *Peer) Founds(name, history string) {
	p.net.tb.Helper()
	_, err := p.node.CreateGroup(context.Background(), name, history)
	p.fail(err, "founds %s", name)
	p.net.learn(p, p.node)
}

// Adds admits a contact, as soon as the contact's node has said under which key.
func (p *Peer) Adds(group string, who *Peer) {
	p.net.tb.Helper()
	p.until(who.Name+" can be added to "+group, func() bool {
		return p.node.AddMember(context.Background(), group, "@"+who.Name, "") == nil
	})
}

// Joins waits until the node is in a group that it was added to.
func (p *Peer) Joins(group string) {
	p.net.tb.Helper()
	p.until("it is in "+group, func() bool {
		all, err := p.node.Members(context.Background(), group)
		return err == nil && slices.ContainsFunc(all, func(m node.Member) bool { return m.Name == p.Name })
	})
	p.net.learn(p, p.node)
}

// Removes ends somebody's membership.
func (p *Peer) Removes(group string, who *Peer) {
	p.net.tb.Helper()
	p.fail(p.node.RemoveMember(context.Background(), group, "@"+who.Name), "removes %s from %s", who.Name, group)
}

// SeesRemoved waits until the node knows that its user is no longer a member.
func (p *Peer) SeesRemoved(group string) {
	p.net.tb.Helper()
	p.until("it is out of "+group, func() bool { return p.group(group).Left })
}

func (p *Peer) group(name string) node.Group {
	p.net.tb.Helper()
	all, err := p.node.Groups(context.Background())
	p.fail(err, "lists groups")
	for _, g := range all {
		if "#"+g.Name == name {
			return g
		}
	}
	p.net.tb.Fatalf("%s knows no group %s", p.Name, name)
	return node.Group{}
}

// conversation is the id of a group.
func (p *Peer) conversation(group string) merkle.ID { return merkle.ID(p.group(group).ID) }

// Agree fails unless all show the same texts in a group, in the same order.
func (n *Network) Agree(group string, peers ...*Peer) {
	n.tb.Helper()
	want := peers[0].Texts(group)
	for _, p := range peers[1:] {
		if got := p.Texts(group); !slices.Equal(got, want) {
			n.tb.Fatalf("%s shows %s as\n  %s\n%s as\n  %s", peers[0].Name, group, strings.Join(want, "\n  "), p.Name, strings.Join(got, "\n  "))
		}
	}
}

// AgreeInPairs does the same for what two contacts say to each other.
func (n *Network) AgreeInPairs(a, b *Peer) {
	n.tb.Helper()
	if x, y := a.Texts("@"+b.Name), b.Texts("@"+a.Name); !slices.Equal(x, y) {
		n.tb.Fatalf("%s shows\n  %s\n%s shows\n  %s", a.Name, strings.Join(x, "\n  "), b.Name, strings.Join(y, "\n  "))
	}
}

// removal is the last removal that a group has seen.
func (p *Peer) removal(group string) (last node.Message) {
	p.net.tb.Helper()
	for _, m := range p.Lines(group) {
		if m.Kind == "event" && strings.Contains(m.Text, " removed ") {
			last = m
		}
	}
	if last.ID == (merkle.ID{}) {
		p.net.tb.Fatalf("%s knows of no removal in %s", p.Name, group)
	}
	return last
}
