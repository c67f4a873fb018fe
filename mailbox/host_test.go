package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"causeway/internal/label"
	"causeway/store"
)

func newHost(t *testing.T) host.Host {
	t.Helper()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableRelay())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// reach opens a link from one host to the custodian on another.
func reach(t *testing.T, from, to host.Host) *Link {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := from.Connect(ctx, peer.AddrInfo{ID: to.ID(), Addrs: to.Addrs()}); err != nil {
		t.Fatal(err)
	}
	s, err := from.NewStream(ctx, to.ID(), protocol.ID(label.MailboxProtocol))
	if err != nil {
		t.Fatal(err)
	}
	return Over(s)
}

// The whole road over real hosts: consent, registration, a deposit from a
// throw-away host, collection, deletion; and an invite by stand-in.
func TestOverLoopbackHosts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	db := store.OpenMemory()
	defer db.Close()
	c, err := NewCustodian(db)
	if err != nil {
		t.Fatal(err)
	}
	carol := newHost(t)
	carol.SetStreamHandler(protocol.ID(label.MailboxProtocol), c.Handler(ctx))
	g, err := c.Grant(alice, Terms{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	home, key := newHost(t), NewBoxKey()
	box, err := OpenBox(ctx, reach(t, home, carol), Entry{Key: key, Class: Personal, Grant: &g})
	if err != nil {
		t.Fatal(err)
	}
	w := WeekOf(time.Now())
	slot := SlotOf(key32("bob"), key.ID(), w)
	if err := box.SetSlots(map[uint64][]SlotHash{w: {slot.Hash(box.Custodian)}}, true); err != nil {
		t.Fatal(err)
	}

	p := sizedParcel(t, slot, MaxParcel)
	ticket := Ticket{key.ID(), box.Custodian, slot}
	rc, err := Deposit(ctx, reach(t, newHost(t), carol), ticket, p)
	if err != nil || VerifyReceipt(box.Custodian, rc) != nil {
		t.Fatal(err)
	}
	var got []byte
	if _, err = box.Collect(Collecting{}, func(_ Held, sealed []byte) error { got = sealed; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := slot.Open(got); err != nil {
		t.Fatal(err)
	}
	if err := box.Delete(p.ID); err != nil {
		t.Fatal(err)
	}
	box.Close()
	var gone *Gone
	if _, err := Deposit(ctx, reach(t, newHost(t), carol), ticket, p); !errors.As(err, &gone) {
		t.Fatal(err)
	}
	bad := ticket
	bad.Custodian = ReceiptKey{1}
	_, err = Deposit(ctx, reach(t, newHost(t), carol), bad, p)
	wantErr(t, "impostor", err, ErrImpostor)
	bad = ticket
	bad.Slot = SlotOf(key32("eve"), key.ID(), w)
	_, err = Deposit(ctx, reach(t, newHost(t), carol), bad, p)
	wantErr(t, "stranger", err, ErrRefused)

	first, err := OpenBox(ctx, reach(t, home, carol), Entry{Key: NewBoxKey(), Class: First, Grant: &g})
	if err != nil {
		t.Fatal(err)
	}
	request := RequestSlot(key32("token"))
	err = first.StandIn(StandIn{Ask: key32("ask"), Slot: request, Requests: 1, Offer: []byte("o"), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	joiner := newHost(t)
	o, err := FetchOffer(ctx, reach(t, joiner, carol), key32("ask"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Deposit(ctx, reach(t, joiner, carol), Ticket{o.Box, o.Custodian, request}, ParcelOf(make([]byte, MaxRequest))); err != nil {
		t.Fatal(err)
	}
	if err := auditStore(db); err != nil {
		t.Fatal(err)
	}
}

// A node that is on stands in for itself by the same road, without a network.
func TestLocalLink(t *testing.T) {
	r := newRig(t, Terms{})
	b, err := OpenBox(r.ctx, r.c.Local(r.ctx), Entry{Key: NewBoxKey(), Class: First, Grant: &r.grant})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.StandIn(StandIn{Ask: key32("ask"), Slot: RequestSlot(key32("t")), Requests: 1, Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	b.Close()
	l := r.c.Local(r.ctx)
	defer l.Close()
	if _, err := FetchOffer(r.ctx, l, key32("ask")); err != nil {
		t.Fatal(err)
	}
}

// No more streams are served at once than the limit says; one that ends makes
// room.
func TestSessionsAreBounded(t *testing.T) {
	r := newRig(t, Terms{})
	var open []*Link
	for range maxSessions {
		l := r.c.Local(r.ctx)
		if _, err := l.greet(r.ctx, BoxID{1}, nil); err != nil {
			t.Fatal(err)
		}
		open = append(open, l)
	}
	if _, err := r.c.Local(r.ctx).greet(r.ctx, BoxID{1}, nil); err == nil {
		t.Fatal("served one too many")
	}
	open[0].Close()
	for {
		l := r.c.Local(r.ctx)
		_, err := l.greet(r.ctx, BoxID{1}, nil)
		l.Close()
		if err == nil {
			break
		}
	}
	for _, l := range open {
		l.Close()
	}
}

// A client whose time is over is told so, not that the stream broke.
func TestContextEndsASession(t *testing.T) {
	r := newRig(t, Terms{})
	here, _ := r2pipe(r)
	ctx, cancel := context.WithCancel(r.ctx)
	cancel()
	_, err := here.greet(ctx, BoxID{1}, nil)
	wantErr(t, "before", err, context.Canceled)
	here, there := r2pipe(r)
	ctx, cancel = context.WithCancel(r.ctx)
	go func() {
		there.read(100)
		cancel()
	}()
	_, err = here.greet(ctx, BoxID{1}, nil)
	wantErr(t, "while waiting", err, context.Canceled)
}

// cutStream breaks after some bytes were read.
type cutStream struct {
	io.ReadWriteCloser
	left int
}

func (c *cutStream) SetDeadline(time.Time) error { return nil }

func (c *cutStream) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.ReadWriteCloser.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// Collecting over streams that all break early goes on where it stopped: a large
// parcel comes through links none of which carries it whole.
func TestCollectResumesInsideAParcel(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	p := sizedParcel(t, bob.Slot, MaxParcel)
	r.park(bob, p)
	var partial Partial
	for try := 0; ; try++ {
		if try > 20 {
			t.Fatal("no progress")
		}
		l := r.dial("owner")
		l.stream = &cutStream{ReadWriteCloser: l.stream, left: 128 << 10}
		l.r.Reset(l.stream)
		b, err := OpenBox(r.ctx, l, Entry{Key: r.box, Class: Personal, Grant: &r.grant})
		if err != nil {
			t.Fatal(err)
		}
		done := false
		_, err = b.Collect(Collecting{Partial: &partial}, func(h Held, sealed []byte) error {
			done = ParcelOf(sealed).ID == p.ID
			return nil
		})
		b.Close()
		if done {
			if err != nil || try < 7 {
				t.Fatalf("after %d tries: %v", try, err)
			}
			return
		}
		wantErr(t, fmt.Sprint("try ", try), err, io.ErrUnexpectedEOF)
	}
}
