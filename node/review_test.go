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
	if may, _ := p.ack(id, now, ackPause); !may {
		t.Fatal("the first one must wait")
	}
	p.acked(id, now)
	if may, wait := p.ack(id, now.Add(time.Second), ackPause); may || wait != ackPause-time.Second {
		t.Errorf("%v, wait %v", may, wait)
	}
	if may, wait := p.ack(id, now.Add(2*time.Second), ackPause); may || wait != 0 {
		t.Errorf("told twice: %v, wait %v", may, wait)
	}
	if may, _ := p.ack(id, now.Add(ackPause), ackPause); !may {
		t.Error("it must wait though its time has come")
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

// Marks say no more than the receipts do: after a new log was begun, of a
// custodian with several boxes, and of mail that is kept for a short time.
func TestParkedRowTellsTheTruth(t *testing.T) {
	now := time.Now()
	var row parkedRow
	old, fresh := merkle.LogKey{1}, merkle.LogKey{2}
	entry := func(log merkle.LogKey, seq uint64) merkle.Entry {
		return merkle.Entry{ID: merkle.ID{log[0], byte(seq)}, Header: merkle.Header{Log: log, Seq: seq}}
	}
	row.take(old, []merkle.Entry{entry(old, 99)})
	if was := row.take(fresh, []merkle.Entry{entry(fresh, 0)}); was != 0 || row.UpTo != 1 {
		t.Errorf("of the new log %d lie there, before %d", row.UpTo, was)
	}
	for _, ttl := range []time.Duration{time.Hour, 30 * 24 * time.Hour} {
		row = parkedRow{}
		row.count(mailbox.Receipt{Deposited: now, Expires: now.Add(ttl)})
		renew := time.Unix(int64(row.Renew), 0)
		if renew.Before(now.Add(ttl/2)) || !renew.Before(now.Add(ttl)) {
			t.Errorf("what is kept for %v is parked anew after %v", ttl, renew.Sub(now))
		}
	}
}

func TestOneCustodianOfTwoEpochsIsOneCopy(t *testing.T) {
	alice := newPerson(t, "Alice")
	g, err := alice.CreateGroup(context.Background(), "team", "")
	if err != nil {
		t.Fatal(err)
	}
	c := alice.set.Get(merkle.ID(g.ID))
	err = alice.db.Update(func(tx *store.Tx) error {
		for i := range byte(3) {
			row := parkedRow{Log: c.State().Log, UpTo: 9, Until: uint64(time.Now().Add(time.Hour).Unix()), Keeper: [32]byte{i / 2}}
			if err := putRow(tx, nodeKey(subParked, c.ID, [32]byte{i}), &row); err != nil {
				return err
			}
		}
		at, want, err := alice.parkedAt(tx, c, c.State().Log, 1)
		if len(at) != 2 || want != 2 {
			t.Errorf("parked %d/%d with two custodians", len(at), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
