package node

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"causeway/chat"
	"causeway/group"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// Whoever is removed keeps what it has, so no state goes back.
func TestRemovedMemberStillHasWhatItHas(t *testing.T) {
	alice := newPerson(t, "Alice")
	carol := newPerson(t, "Carol", alice.addr())
	befriend(alice, carol)
	ctx := context.Background()
	if _, err := alice.CreateGroup(ctx, "team", ""); err != nil {
		t.Fatal(err)
	}
	alice.until("offers", func() bool { return alice.AddMember(ctx, "#team", "@Carol", "") == nil })
	m := alice.say("#team", "hello")
	alice.until("receipt", func() bool { return alice.stateOf(m) == StateDelivered })
	if err := alice.RemoveMember(ctx, "#team", "@Carol"); err != nil {
		t.Fatal(err)
	}
	s, err := alice.Message(ctx, m.ID)
	if err != nil || s.State != StateDelivered || len(s.Delivered) != 1 || s.Others != 1 {
		t.Errorf("after the removal: %+v, %v", s, err)
	}
	later := alice.say("#team", "without Carol")
	if s, err := alice.Message(ctx, later.ID); err != nil || s.State != StateQueued || s.Others != 0 {
		t.Errorf("what came later: %+v, %v", s, err)
	}
}

// What was said while somebody was out is not theirs: who comes back without
// history holds it, and cannot read it. That is no delivery.
func TestNoDeliveryToWhoCannotRead(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	ctx := context.Background()
	if _, err := alice.CreateGroup(ctx, "team", ""); err != nil {
		t.Fatal(err)
	}
	add := func(history string) {
		alice.until("offers", func() bool { return alice.AddMember(ctx, "#team", "@Bob", history) == nil })
	}
	add("")
	before := alice.say("#team", "before")
	bob.until("the first", func() bool { return bob.reads("#team", "before") })
	alice.until("his receipt", func() bool { s, err := alice.Message(ctx, before.ID); return err == nil && s.State == StateDelivered })
	if err := bob.LeaveGroup(ctx, "#team"); err != nil {
		t.Fatal(err)
	}
	alice.until("that he left", func() bool { g, err := alice.Members(ctx, "#team"); return err == nil && len(g) == 1 })
	between := alice.say("#team", "between")
	add("none")
	after := alice.say("#team", "after")
	bob.until("the last", func() bool { return bob.reads("#team", "after") })
	alice.until("his receipt", func() bool { s, err := alice.Message(ctx, after.ID); return err == nil && s.State == StateDelivered })
	if s, err := alice.Message(ctx, between.ID); err != nil || s.State != StateQueued || len(s.Delivered) != 0 || s.Others != 0 {
		t.Errorf("what he cannot read: %+v, %v", s, err)
	}
	if s, err := alice.Message(ctx, before.ID); err != nil || s.State != StateDelivered {
		t.Errorf("what he read before he left: %+v, %v", s, err)
	}
}

// What was written in a group that was left goes to nobody: it does not wait.
func TestNothingWaitsInAGroupThatWasLeft(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	ctx := context.Background()
	if _, err := alice.CreateGroup(ctx, "team", ""); err != nil {
		t.Fatal(err)
	}
	alice.until("offers", func() bool { return alice.AddMember(ctx, "#team", "@Bob", "") == nil })
	alice.say("#team", "welcome")
	bob.until("welcome", func() bool { return bob.reads("#team", "welcome") })
	alice.stop()
	bob.say("#team", "is anybody there?")
	queued := func() int {
		s, err := bob.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return s.Queued
	}
	if n := queued(); n != 1 {
		t.Fatalf("before Bob leaves %d messages wait", n)
	}
	if err := bob.LeaveGroup(ctx, "#team"); err != nil {
		t.Fatal(err)
	}
	if n := queued(); n != 0 {
		t.Errorf("after Bob has left %d messages wait", n)
	}
}

func TestHistoryOfANewcomer(t *testing.T) {
	for text, want := range map[string]group.History{"": group.HistoryAll, "all": group.HistoryAll, "none": group.HistoryNone, "since:2026-11-01T00:00:00Z": group.HistoryNone} {
		if h, since, err := historyOf(text); err != nil || h != want || since.IsZero() == strings.HasPrefix(text, "since:") {
			t.Errorf("%q: %v since %v, %v", text, h, since, err)
		}
	}
	for _, text := range []string{"some", "since:", "since:1d", "ALL"} {
		if _, _, err := historyOf(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// away returns Alice, her friend Bob who is away, and his custodian Carol.
func away(t *testing.T, maxBytes int64) (alice, bob, carol *person) {
	t.Helper()
	carol = newPerson(t, "Carol")
	alice, bob = newPerson(t, "Alice", carol.addr()), newPerson(t, "Bob", carol.addr())
	befriend(alice, bob)
	befriend(carol, bob)
	if err := carol.AllowCustody(context.Background(), "@Bob", maxBytes, 0); err != nil {
		t.Fatal(err)
	}
	if err := bob.AddCustodian(context.Background(), "@Carol"); err != nil {
		t.Fatal(err)
	}
	alice.until("Bob's mailbox", func() bool { return alice.hasMailbox("Bob") })
	bob.stop()
	return alice, bob, carol
}

// However many rounds of the outbox run side by side, as when the node goes while
// one is under way, a message is parked once.
func TestOneVisitAtATime(t *testing.T) {
	alice, _, carol := away(t, 0)
	m := alice.say("@Bob", "once")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { alice.outbox(context.Background()) })
	}
	all.Wait()
	alice.until("parked", func() bool { return alice.stateOf(m) == StateParked })
	if n := carol.parcels(); n != 1 {
		t.Errorf("Carol keeps %d parcels", n)
	}
}

// A custodian's signed refusal is one line in the status, until it is over.
func TestFullCustodianIsToldInTheStatus(t *testing.T) {
	alice, bob, _ := away(t, 20*4096) // a share of one small parcel
	told := func() (lines []string) {
		s, err := alice.Status(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range s.Health {
			if a.Code == "custodian-full" {
				lines = append(lines, a.Text)
			}
		}
		return lines
	}
	first := alice.say("@Bob", "first")
	alice.until("parked", func() bool { return alice.stateOf(first) == StateParked })
	if l := told(); len(l) != 0 {
		t.Errorf("a custodian who takes parcels is called full: %q", l)
	}
	second := alice.say("@Bob", "second")
	for range 2 {
		alice.outbox(context.Background())
	}
	l := told()
	if len(l) != 1 || !strings.Contains(l[0], "Carol") || !strings.Contains(l[0], "@Bob") || !strings.Contains(l[0], "until ") {
		t.Errorf("the status says %q", l)
	}
	if s := alice.stateOf(second); s != StateQueued {
		t.Errorf("what was refused is %s", s)
	}
	bob.start()
	alice.until("receipts", func() bool { return alice.stateOf(second) == StateDelivered })
	alice.outbox(context.Background())
	if l := told(); len(l) != 0 {
		t.Errorf("when Bob has it all, the status says %q", l)
	}
}

func TestFullCustodianInWords(t *testing.T) {
	until := time.Date(2026, 12, 21, 14, 0, 0, 0, time.Local)
	for why, want := range map[mailbox.Full]string{
		{Reason: mailbox.SlotFull, FreeAt: until}: "Your share of @Bob's box with Carol is full, until 21 Dec 14:00 at the latest",
		{Reason: mailbox.BoxFull, FreeAt: until}:  "@Bob's box with Carol is full, until 21 Dec 14:00 at the latest",
		{Reason: mailbox.Ending}:                  "Carol stops keeping mail for @Bob",
		{Reason: mailbox.OverShare}:               "larger than your share of @Bob's box with Carol",
	} {
		if got := (fullPlace{chat: "@Bob", name: "Carol", why: why}).line(); !strings.Contains(got, want) {
			t.Errorf("%s: %q", why.Reason, got)
		}
	}
}

// lockedBuffer is written by the goroutines of a node.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// What cannot be read is not taken for what is not there.
func TestDamagedRowsAreTold(t *testing.T) {
	p := newPerson(t, "Alice")
	p.stop()
	var told lockedBuffer
	n, err := Start(context.Background(), Config{Dir: p.dir, Unlock: p.unlock, Logger: slog.New(slog.NewTextHandler(&told, nil))})
	if err != nil {
		t.Fatal(err)
	}
	p.Node = n
	g, err := n.CreateGroup(context.Background(), "team", "")
	if err != nil {
		t.Fatal(err)
	}
	c := n.set.Get(merkle.ID(g.ID))
	boxOf := func(epoch byte) groupBox {
		return groupBox{conv: c, keys: chat.Secrets{Epoch: merkle.ID{epoch}}, next: merkle.ID{1}}
	}
	err = n.db.Update(func(tx *store.Tx) error {
		return errors.Join(
			tx.Set(nodeKey(subGroupBox, boxOf(1).keys.Epoch, [32]byte{}), []byte("short")),
			tx.Set(nodeKey(subGroupBox, boxOf(2).keys.Epoch, [32]byte{}), make([]byte, 32)),
			tx.Set(nodeKey(subParked, c.ID, [32]byte{}), []byte("no row")),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := n.recallBox(boxOf(1)); ok {
		t.Error("half a key is a key")
	}
	if boxOf(2).bridged(n) {
		t.Error("what cannot be read is bridged")
	}
	if _, ok := n.recallBox(boxOf(3)); ok {
		t.Error("there is a key of no box")
	}
	for _, want := range []string{"read the key of a group's box", "read what is parked for a group"} {
		if strings.Count(told.String(), want) != 1 {
			t.Errorf("the log says %q, and %q not once", told.String(), want)
		}
	}
}
