package api_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"causeway/identity"
	"causeway/merkle"
	"causeway/node"
)

// memory is a backend that only remembers: what it was asked, and a few things to answer with.
type memory struct {
	mu    sync.Mutex
	calls []string
	fail  error // what every call answers, if set

	messages []node.Message
	events   chan node.Event // live ones
	past     []node.Event
}

func newMemory() *memory { return &memory{events: make(chan node.Event)} }

func (m *memory) note(format string, args ...any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, fmt.Sprintf(format, args...))
	return m.fail
}

func (m *memory) asked() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string{}, m.calls...)
}

func (m *memory) last() string {
	if c := m.asked(); len(c) > 0 {
		return c[len(c)-1]
	}
	return ""
}

func uid(b byte) identity.UID { return identity.UID{b} }

func entryID(b byte) merkle.ID { return merkle.ID{1: b} }

var (
	noon  = time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	alice = node.Person{UID: uid(1), Name: "Alice"}
	bob   = node.Person{UID: uid(2), Name: "Bob"}
	carol = node.Person{UID: uid(3), Name: "Carol"}
)

func (m *memory) Self(context.Context) (node.Self, error) {
	return node.Self{Person: alice, Device: "d1", PeerID: "12D3", Addrs: []string{"/ip4/127.0.0.1/tcp/1/p2p/12D3"}, SafetyID: "01234"}, m.note("self")
}

func (m *memory) Status(context.Context) (node.Status, error) {
	return node.Status{State: "online", Network: []string{"lan"}, Peers: 2, Queued: 3, Events: uint64(len(m.past)), Started: noon, Health: []node.Advice{{Code: "no-custodian", Text: "Ask a friend"}}}, m.note("status")
}

func (m *memory) CreateInvite(_ context.Context, o node.InviteOptions) (node.Invite, error) {
	return node.Invite{ID: "i1", Link: "causeway:invite", Expires: noon, Uses: o.Uses}, m.note("invite %s %d", o.Expires, o.Uses)
}

func (m *memory) Invites(context.Context) ([]node.Invite, error) {
	return []node.Invite{{ID: "i1", Expires: noon}}, m.note("invites")
}

func (m *memory) RevokeInvite(_ context.Context, id string) error { return m.note("revoke %s", id) }

func (m *memory) Accept(_ context.Context, link, as string) (node.Contact, error) {
	return node.Contact{Person: bob, State: node.ContactInvited, How: "invite"}, m.note("accept %s %s", link, as)
}

func (m *memory) Requests(context.Context) ([]node.Request, error) {
	return []node.Request{{Person: carol, How: "introduced", Received: noon}}, m.note("requests")
}

func (m *memory) AnswerRequest(_ context.Context, who string, accept bool) error {
	return m.note("answer %s %t", who, accept)
}

func (m *memory) Contacts(context.Context) ([]node.Contact, error) {
	return []node.Contact{{Person: bob, Online: true, Path: "direct", State: node.ContactAccepted}}, m.note("contacts")
}

func (m *memory) RenameContact(_ context.Context, who, name string) error {
	return m.note("rename %s %s", who, name)
}

func (m *memory) BlockContact(_ context.Context, who string, block bool) error {
	return m.note("block %s %t", who, block)
}

func (m *memory) RemoveContact(_ context.Context, who string) error { return m.note("forget %s", who) }

func (m *memory) VerifyContact(_ context.Context, who string) (string, error) {
	return strings.Repeat("12345 ", 12), m.note("verify %s", who)
}

func (m *memory) MarkVerified(_ context.Context, who string, yes bool) error {
	return m.note("verified %s %t", who, yes)
}

func (m *memory) Send(_ context.Context, o node.Outgoing) (node.Message, error) {
	err := m.note("send %s %d bytes %v", o.Target, len(o.Text), o.Reply == merkle.ID{})
	if err != nil {
		return node.Message{}, err
	}
	msg := node.Message{ID: entryID(byte(len(m.messages) + 1)), Chat: o.Target, Author: alice, Own: true, Time: noon, Kind: "text", Text: o.Text, Reply: o.Reply, State: node.StateQueued}
	m.messages = append(m.messages, msg)
	return msg, nil
}

func (m *memory) Log(_ context.Context, target string, p node.Page) (node.Timeline, error) {
	return node.Timeline{Messages: m.messages, Gaps: []node.Gap{{Missing: 3, Asking: []node.Person{bob}}}}, m.note("log %s %d %v %s", target, p.Limit, p.Before == merkle.ID{}, p.Since.UTC().Format(time.RFC3339))
}

func (m *memory) Message(_ context.Context, id merkle.ID) (node.MessageStatus, error) {
	return node.MessageStatus{ID: id, State: node.StateParked, Parked: []node.ParkedAt{{Custodian: carol, Until: noon}}, Delivered: []node.DeliveredTo{{Person: bob, Time: noon}}}, m.note("message %s", id)
}

func (m *memory) Events(ctx context.Context, since uint64) iter.Seq2[node.Event, error] {
	err := m.note("events %d", since)
	return func(yield func(node.Event, error) bool) {
		if err != nil {
			yield(node.Event{}, err)
			return
		}
		for _, e := range m.past {
			if e.Seq > since && !yield(e, nil) {
				return
			}
		}
		for {
			select {
			case e := <-m.events:
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (m *memory) Groups(context.Context) ([]node.Group, error) {
	return []node.Group{{ID: [32]byte{9}, Name: "team", History: "shared", Members: 3}}, m.note("groups")
}

func (m *memory) CreateGroup(_ context.Context, name, history string) (node.Group, error) {
	return node.Group{ID: [32]byte{9}, Name: name, History: history, Epoch: "e"}, m.note("found %s %s", name, history)
}

func (m *memory) AddMember(_ context.Context, group, who, history string) error {
	return m.note("add %s %s %s", group, who, history)
}

func (m *memory) RemoveMember(_ context.Context, group, who string) error {
	return m.note("remove %s %s", group, who)
}

func (m *memory) Promote(_ context.Context, group, who string) error {
	return m.note("promote %s %s", group, who)
}

func (m *memory) Demote(_ context.Context, group, who string) error {
	return m.note("demote %s %s", group, who)
}

func (m *memory) LeaveGroup(_ context.Context, group string) error { return m.note("leave %s", group) }

func (m *memory) Members(_ context.Context, group string) ([]node.Member, error) {
	return []node.Member{{Person: alice, Role: "admin", Since: noon, Settled: true}}, m.note("members %s", group)
}

func (m *memory) AllowCustody(_ context.Context, who string, max int64, ttl time.Duration) error {
	return m.note("allow %s %d %s", who, max, ttl)
}

func (m *memory) DisallowCustody(_ context.Context, who string) error {
	return m.note("disallow %s", who)
}

func (m *memory) AddCustodian(_ context.Context, who string) error {
	return m.note("custodian %s", who)
}

func (m *memory) DropCustodian(_ context.Context, who string) error { return m.note("drop %s", who) }

func (m *memory) Custody(context.Context) (node.Custody, error) {
	return node.Custody{Holding: []node.Holding{{Owner: bob, Allowed: true}}, HeldBy: []node.HeldBy{{Custodian: carol, State: "ready", Audited: noon}}}, m.note("custody")
}

const stick = "a file for a USB stick"

func (m *memory) Export(_ context.Context, target string, w io.Writer) (node.Transfer, error) {
	if err := m.note("export %s", target); err != nil {
		return node.Transfer{}, err
	}
	_, err := io.WriteString(w, stick)
	if err == nil && target == "#breaks" {
		err = &node.Explained{Kind: node.ErrRefused, Text: "the disk broke in the middle"}
	}
	return node.Transfer{Entries: 7}, err
}

func (m *memory) Import(_ context.Context, r io.Reader) (node.Transfer, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return node.Transfer{}, err
	}
	return node.Transfer{Entries: len(b), New: 1, Duplicates: 2, Refused: 3}, m.note("import %s", b)
}

func (m *memory) Synced(_ context.Context, target string) (bool, error) {
	return true, m.note("synced %s", target)
}
