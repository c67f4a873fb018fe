package api

import (
	"time"

	"causeway/identity"
	"causeway/merkle"
	"causeway/node"
)

// From the node's views to the JSON of CLI.md: ids become strings, times UTC, lists never null.

func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}

func person(p node.Person) Person { return Person{UID: uid(p), Name: p.Name} }

// uid is empty for somebody who is known by a key only, such as a contact's custodian.
func uid(p node.Person) string {
	if p.UID == (identity.UID{}) {
		return ""
	}
	return p.UID.String()
}

func link(id merkle.ID) string {
	if id == (merkle.ID{}) {
		return ""
	}
	return id.String()
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func self(s node.Self) Self {
	return Self{Person: person(s.Person), Device: s.Device, PeerID: s.PeerID, Addrs: append([]string{}, s.Addrs...), SafetyID: s.SafetyID}
}

func status(s node.Status) Status {
	if len(s.Network) == 0 {
		s.Network = []string{"none"}
	}
	return Status{
		State: s.State, Ready: s.Ready, Peers: s.Peers, DHT: s.DHT, Network: append([]string{}, s.Network...),
		Queued: s.Queued, Parked: s.Parked, Custody: s.Custody, Contacts: s.Contacts, Groups: s.Groups,
		Started: s.Started.UTC(), Events: s.Events,
		Health: each(s.Health, func(a node.Advice) Advice { return Advice{Code: a.Code, Text: a.Text} }),
	}
}

func invite(i node.Invite) Invite {
	return Invite{Invite: i.Link, ID: i.ID, Expires: i.Expires.UTC(), Uses: i.Uses, Revoked: i.Revoked, StandIn: i.StandIn}
}

func contact(c node.Contact) Contact {
	return Contact{Person: person(c.Person), Verified: c.Verified, How: c.How, Online: c.Online, Path: c.Path, State: string(c.State), Reason: c.Why}
}

func request(r node.Request) Request {
	return Request{Person: person(r.Person), How: r.How, Received: r.Received.UTC()}
}

func message(m node.Message) Message {
	return Message{
		ID: link(m.ID), Chat: m.Chat, Author: person(m.Author), Own: m.Own, Time: m.Time.UTC(),
		Kind: m.Kind, Text: m.Text, Reply: link(m.Reply), State: State(m.State),
		Marks: append([]string{}, m.Marks...), Copies: Share(m.Parked), Handed: Share(m.Sent), Receipts: Share(m.Got),
	}
}

func gap(g node.Gap) Gap { return Gap{Missing: g.Missing, Asking: each(g.Asking, person)} }

func messageStatus(m node.MessageStatus) MessageStatus {
	return MessageStatus{
		ID: link(m.ID), State: State(m.State), Read: []Receipt{},
		Copies: Share{len(m.Parked), m.Asked}, Handed: Share{len(m.Sent) + len(m.Delivered), m.Others},
		Receipts: Share{len(m.Delivered), m.Others}, Sent: each(m.Sent, person),
		Parked: each(m.Parked, func(p node.ParkedAt) ParkedAt {
			return ParkedAt{Custodian: uid(p.Custodian), Name: p.Custodian.Name, Until: p.Until.UTC()}
		}),
		Delivered: each(m.Delivered, func(d node.DeliveredTo) Receipt {
			return Receipt{Person: person(d.Person), Time: d.Time.UTC()}
		}),
	}
}

func group(g node.Group) Group {
	return Group{ID: merkle.ID(g.ID).String(), Name: g.Name, History: g.History, Epoch: g.Epoch, Members: g.Members, Left: g.Left}
}

func member(m node.Member) Member {
	return Member{Person: person(m.Person), Role: m.Role, Rank: m.Rank, Since: m.Since.UTC(), Settled: m.Settled}
}

func custody(c node.Custody) Custody {
	return Custody{
		Holding: each(c.Holding, func(h node.Holding) Holding {
			return Holding{Owner: uid(h.Owner), Name: h.Owner.Name, Allowed: h.Allowed, Parcels: h.Parcels, Bytes: h.Bytes, Max: h.Max, TTL: int64(h.TTL / time.Second), Oldest: moment(h.Oldest), Ends: moment(h.Ends)}
		}),
		HeldBy: each(c.HeldBy, func(h node.HeldBy) HeldBy {
			return HeldBy{Custodian: uid(h.Custodian), Name: h.Custodian.Name, State: h.State, Parcels: h.Parcels, Audited: moment(h.Audited)}
		}),
	}
}

func transfer(t node.Transfer) Transfer {
	return Transfer{Entries: t.Entries, New: t.New, Duplicates: t.Duplicates, Refused: t.Refused}
}

func event(e node.Event) Event {
	out := Event{Event: e.Kind, Seq: e.Seq, Time: e.Time.UTC(), Chat: e.Chat, Text: e.Text}
	if e.Message != nil {
		m := message(*e.Message)
		out.Message = &m
	}
	if e.Contact != nil {
		c := contact(*e.Contact)
		out.Contact = &c
	}
	if out.Text == "" {
		out.Text = out.line()
	}
	return out
}

// line says an event in one readable line.
func (e Event) line() string {
	switch {
	case e.Message != nil && e.Event == "state":
		return "your message is " + e.Message.Look().Words
	case e.Message != nil && e.Message.Kind == "text":
		return e.Message.Author.Name + ": " + e.Message.Text
	case e.Message != nil:
		return e.Message.Text
	case e.Contact != nil && e.Contact.Online:
		return e.Contact.Name + " is online"
	case e.Contact != nil:
		return e.Contact.Name + " is " + e.Contact.State
	}
	return e.Event
}
