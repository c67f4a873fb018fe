package dagsync

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/merkle"
)

// A slowDisk is a node whose commits become durable when the test says so.
type slowDisk struct {
	*node
	written []func()
}

func (s *slowDisk) AddLater(c Conv, p peer.ID, blocks []merkle.Block, durable func()) (merkle.Result, error) {
	res, err := s.Add(c, p, blocks)
	s.written = append(s.written, durable)
	return res, err
}

// CREDIT says that what it covers is on the disk: entries in the middle of an
// answer are taken without waiting, but credited only then.
func TestCreditWaitsForTheDisk(t *testing.T) {
	us := users("ann", "bob")
	history := logOf(us[1], 40)
	ann := newNode(t, "ann", us...)
	disk := &slowDisk{node: ann}
	landed := uint64(0)
	var r *raw
	r = rawOver(t, ann, us[1], config{ledger: newLedger(), leases: newLeases(), lazy: disk, landed: func(sid, size uint64) {
		r.e.durable(r.now, sid, size)
		landed += size
	}})
	r.open()
	last := history[len(history)-1]
	h, err := merkle.DecodeHeader(last.Header)
	if err != nil {
		t.Fatal(err)
	}
	q, ok := find[*want](r.claim(us[1].log(), h.ID(), h.Seq))
	if !ok {
		t.Fatal("no WANT")
	}
	half := entries{Sid: r.sid, Req: q.Req}
	half.fill(entriesOf(t, history[:20]))
	if c, ok := find[*credit](r.send(&half)); ok || len(disk.written) != 1 || ann.added != 20 {
		t.Fatalf("%+v before the disk has them; %d commits, %d entries", c, len(disk.written), ann.added)
	}
	disk.written[0]()
	got, err := r.drain()
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := find[*credit](got); !ok || c.Bytes != landed || landed != uint64(len(encode(&half))) {
		t.Fatalf("%+v for %d bytes", c, landed)
	}
	rest := entries{Sid: r.sid, Req: q.Req, Flags: flagLast}
	rest.fill(entriesOf(t, history[20:]))
	if _, ok := find[*credit](r.send(&rest)); !ok || len(disk.written) != 1 || ann.added != 40 {
		t.Errorf("the last batch is not waited for: %d commits, %d entries", len(disk.written), ann.added)
	}
}

// Frames without an entry cost their sender a strike, and no transaction.
func TestAttack15_EmptyEntries(t *testing.T) {
	us := users("ann", "mallory")
	history := logOf(us[1], 40)
	ann := newNode(t, "ann", us...)
	disk := &slowDisk{node: ann}
	r := rawOver(t, ann, us[1], config{ledger: newLedger(), leases: newLeases(), lazy: disk})
	r.open()
	h, err := merkle.DecodeHeader(history[len(history)-1].Header)
	if err != nil {
		t.Fatal(err)
	}
	q, ok := find[*want](r.claim(us[1].log(), h.ID(), h.Seq))
	if !ok {
		t.Fatal("no WANT")
	}
	for n := 0; err == nil; n++ {
		if _, err = r.try(&entries{Sid: r.sid, Req: q.Req}); n > maxStrikes {
			t.Fatalf("%d of them", n)
		}
	}
	wantProtocolError(t, err)
	if len(disk.written) != 0 {
		t.Errorf("%d transactions", len(disk.written))
	}
}
