package node

import (
	"context"
	"testing"
	"time"

	"causeway/chat"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// pileOf is what a contact lays down, as the owner meets it.
func pileOf(t *testing.T, conv merkle.ID, entries []merkle.Entry) *pile {
	t.Helper()
	segments, err := packSegments(conv, entries, segmentBytes)
	if err != nil {
		t.Fatal(err)
	}
	slot := mailbox.SlotOf([32]byte{1}, mailbox.BoxID{2}, 3)
	parcels, err := slot.Seal(segments[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	ps := piles{}
	var all *pile
	for _, p := range parcels {
		piece, err := slot.Open(p.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		all = ps.add(mailbox.Held{Parcel: p.ID}, piece)
	}
	return all
}

func (p *person) entries(c *chat.Conversation) (out []merkle.Entry) {
	p.t.Helper()
	err := p.db.View(func(tx *store.Tx) (err error) {
		out, err = c.DAG().Missing(tx, nil)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// Mail for a conversation that is not known yet stays with the custodian: the
// request that founds it may come after it. Mail for one that the sender is not
// in is dropped.
func TestMailIsDeletedOnlyWhenItIsOfNoUse(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	g, err := bob.CreateGroup(context.Background(), "team", "")
	if err != nil {
		t.Fatal(err)
	}
	c := bob.set.Get(merkle.ID(g.ID))
	any := func(*chat.Conversation) bool { return true }
	p := pileOf(t, c.ID, bob.entries(c))
	if read, err := alice.unpack(p, any); err != nil || len(read) != 0 {
		t.Errorf("of an unknown conversation %d parcels are done with, %v", len(read), err)
	}
	if alice.collected(nil)(p.parcels[0]) {
		t.Error("it counts as collected")
	}
	none := func(*chat.Conversation) bool { return false }
	if read, err := bob.unpack(p, none); err != nil || len(read) != 1 {
		t.Errorf("of a stranger to the conversation %d parcels are done with, %v", len(read), err)
	}
	part := &pile{pieces: []mailbox.Piece{{Count: 2}}, parcels: p.parcels}
	if read, err := bob.unpack(part, any); err != nil || len(read) != 0 {
		t.Errorf("of half a set %d parcels are done with, %v", len(read), err)
	}
}

func TestReceiptThatComesTooSoonIsOwed(t *testing.T) {
	p, id, now := newPace(), merkle.ID{1}, time.Now()
	if may, _ := p.ack(id, now); !may {
		t.Fatal("the first one must wait")
	}
	p.acked(id, now)
	if may, wait := p.ack(id, now.Add(time.Second)); may || wait != ackPause-time.Second {
		t.Errorf("%v, wait %v", may, wait)
	}
	if may, wait := p.ack(id, now.Add(2*time.Second)); may || wait != 0 {
		t.Errorf("told twice: %v, wait %v", may, wait)
	}
	if !p.owed(id, now.Add(ackPause)) || p.owed(id, now.Add(ackPause-1)) {
		t.Error("it is not owed when its time comes")
	}
}

func TestCloseTwice(t *testing.T) {
	alice := newPerson(t, "Alice")
	n := alice.Node
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	alice.Node = nil
	if _, err := n.Send(context.Background(), Outgoing{Target: "@x", Text: "y"}); err == nil {
		t.Error("a closed node takes messages")
	}
}
