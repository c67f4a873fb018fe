package tests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/node"
)

// everything is more than any story says in one conversation.
const everything = 10_000

func (p *Peer) fail(err error, what string, args ...any) {
	p.net.tb.Helper()
	if err != nil {
		p.net.tb.Fatalf("%s %s: %v", p.Name, fmt.Sprintf(what, args...), err)
	}
}

// Invites makes a one-time link.
func (p *Peer) Invites() string {
	p.net.tb.Helper()
	inv, err := p.node.CreateInvite(context.Background(), node.InviteOptions{})
	p.fail(err, "invites")
	return inv.Link
}

// Accepts uses a link.
func (p *Peer) Accepts(link string) node.Contact {
	p.net.tb.Helper()
	k, err := p.node.Accept(context.Background(), link, "")
	p.fail(err, "accepts an invite")
	return k
}

// Knows waits until another is a contact.
func (p *Peer) Knows(other *Peer) {
	p.net.tb.Helper()
	p.until(other.Name+" is a contact", func() bool {
		all, err := p.node.Contacts(context.Background())
		p.fail(err, "reads the address book")
		return slices.ContainsFunc(all, func(k node.Contact) bool {
			return k.Name == other.Name && k.State == node.ContactAccepted
		})
	})
}

// Say writes a message to "@name" or "#group" and returns when it is on disk.
func (p *Peer) Say(target, text string) node.Message {
	p.net.tb.Helper()
	m, err := p.node.Send(context.Background(), node.Outgoing{Target: target, Text: text})
	p.fail(err, "says %q to %s", text, target)
	return m
}

// Texts lists what was said in a conversation, in display order.
func (p *Peer) Texts(target string) []string {
	p.net.tb.Helper()
	var out []string
	for _, m := range p.Lines(target) {
		if m.Kind == "text" {
			out = append(out, m.Text)
		}
	}
	return out
}

// Lines lists what was said and what happened in a conversation, in display order.
func (p *Peer) Lines(target string) []node.Message {
	p.net.tb.Helper()
	all, err := p.node.Log(context.Background(), target, node.Page{Limit: everything})
	p.fail(err, "reads %s", target)
	return all.Messages
}

// Sees waits until a text stands in a conversation, once.
func (p *Peer) Sees(target, text string) {
	p.net.tb.Helper()
	times := func() (n int) {
		all, err := p.node.Log(context.Background(), target, node.Page{Limit: everything})
		if err != nil {
			return 0 // no such conversation yet
		}
		for _, m := range all.Messages {
			if m.Kind == "text" && m.Text == text {
				n++
			}
		}
		return n
	}
	p.until(fmt.Sprintf("%q stands in %s", text, target), func() bool { return times() > 0 })
	if n := times(); n != 1 {
		p.net.tb.Fatalf("%s sees %q %d times in %s", p.Name, text, n, target)
	}
}

// SeesNot fails if a text stands in a conversation now.
func (p *Peer) SeesNot(target, text string) {
	p.net.tb.Helper()
	if slices.Contains(p.Texts(target), text) {
		p.net.tb.Fatalf("%s sees %q in %s", p.Name, text, target)
	}
}

// State is what the node shows of an own message now.
func (p *Peer) State(m node.Message) node.MessageState {
	p.net.tb.Helper()
	s, err := p.node.Message(context.Background(), m.ID)
	p.fail(err, "looks for %q", m.Text)
	return s.State
}

// SeesState waits until an own message is where it should be.
func (p *Peer) SeesState(m node.Message, want node.MessageState) {
	p.net.tb.Helper()
	p.until(fmt.Sprintf("%q is %s", m.Text, want), func() bool { return p.State(m) == want })
}

// SeesKept waits until a custodian keeps an own message, whoever has it besides.
func (p *Peer) SeesKept(target string, m node.Message) {
	p.net.tb.Helper()
	p.until("a custodian keeps "+m.Text, func() bool {
		return slices.ContainsFunc(p.Lines(target), func(l node.Message) bool { return l.ID == m.ID && l.Parked.Have > 0 })
	})
}

// KeepsMailFor has p consent to keep somebody's mail, who agrees; it waits until
// all is ready and the friends of the owner who are on know of it.
func (p *Peer) KeepsMailFor(owner *Peer, informed ...*Peer) {
	p.net.tb.Helper()
	ctx := context.Background()
	p.fail(p.node.AllowCustody(ctx, "@"+owner.Name, 0, mailTime), "consents to keep the mail of %s", owner.Name)
	owner.fail(owner.node.AddCustodian(ctx, "@"+p.Name), "chooses %s as custodian", p.Name)
	owner.until(p.Name+" keeps the mail", func() bool {
		c, err := owner.node.Custody(ctx)
		owner.fail(err, "lists custodians")
		return slices.ContainsFunc(c.HeldBy, func(h node.HeldBy) bool { return h.Custodian.Name == p.Name && h.State == "ready" })
	})
	for _, friend := range informed {
		friend.until(owner.Name+" has a mailbox", func() bool { return friend.parksFor(owner) })
	}
}

// mailTime is how long custodians of stories keep parcels: as long as they may.
const mailTime = 90 * 24 * time.Hour

// parksFor reports whether a contact has told where its mail can be parked.
func (p *Peer) parksFor(owner *Peer) bool {
	return p.heard(func(e node.Event) bool {
		return e.Kind == "custody" && strings.HasPrefix(e.Text, owner.Name+" has ")
	})
}

// SeesStandIn waits until a custodian stands in for an open invite.
func (p *Peer) SeesStandIn(custodian *Peer) {
	p.net.tb.Helper()
	p.until(custodian.Name+" stands in", func() bool {
		return p.heard(func(e node.Event) bool {
			return e.Kind == "custody" && strings.HasPrefix(e.Text, custodian.Name+" stands in ")
		})
	})
}
