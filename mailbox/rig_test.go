package mailbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"causeway/store"
)

// noon is when the stories begin: a Sunday, in the middle of a week that
// begins on a Thursday.
var noon = time.Date(2026, 11, 15, 12, 0, 0, 0, time.UTC)

// key32 is a secret with a name.
func key32(name string) (k [32]byte) {
	copy(k[:], name)
	return k
}

// rig is one custodian with a clock of its own, and one owner with a grant.
type rig struct {
	t   testing.TB
	ctx context.Context
	db  *store.DB
	c   *Custodian
	now time.Time

	grant Grant
	box   *BoxKey
}

var alice = key32("alice, a friend")

func newRig(t testing.TB, terms Terms) *rig {
	t.Helper()
	return newRigOn(t, store.OpenMemory(), terms)
}

func newRigOn(t testing.TB, db *store.DB, terms Terms) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() { db.Close() })
	r := &rig{t: t, ctx: ctx, db: db, now: noon, box: NewBoxKey()}
	var err error
	if r.c, err = NewCustodian(db); err != nil {
		t.Fatal(err)
	}
	if r.grant, err = r.c.Grant(alice, terms, r.now); err != nil {
		t.Fatal(err)
	}
	return r
}

// dial opens a link to the custodian, which reads the clock of the rig.
func (r *rig) dial(from string) *Link {
	here, there := net.Pipe()
	r.t.Cleanup(func() { here.Close(); there.Close() })
	served := &Link{stream: there, local: []byte("custodian"), remote: []byte(from), r: bufio.NewReader(there)}
	served.bind(r.ctx)
	go func() {
		defer served.Close()
		r.c.serve(served, func() time.Time { return r.now })
	}()
	return &Link{stream: here, local: []byte(from), remote: []byte("custodian"), r: bufio.NewReader(here)}
}

// enter opens a box of a class as its owner.
func (r *rig) enter(k *BoxKey, class Class) *Box {
	r.t.Helper()
	b, err := OpenBox(r.ctx, r.dial("owner"), Entry{Key: k, Class: class, Grant: &r.grant})
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// owner opens the personal box.
func (r *rig) owner() *Box { return r.enter(r.box, Personal) }

// ticket registers the present week's slot of a contact and returns what the
// contact needs.
func (r *rig) ticket(contact string) Ticket {
	r.t.Helper()
	b := r.owner()
	defer b.Close()
	s := SlotOf(key32(contact), b.id, WeekOf(r.now))
	if err := b.SetSlots(map[uint64][]SlotHash{WeekOf(r.now): {s.Hash(b.Custodian)}}, false); err != nil {
		r.t.Fatal(err)
	}
	return Ticket{Box: b.id, Custodian: b.Custodian, Slot: s}
}

func (r *rig) deposit(t Ticket, p Parcel) (Receipt, error) {
	return Deposit(r.ctx, r.dial("throw-away"), t, p)
}

// park deposits and expects a receipt.
func (r *rig) park(t Ticket, p Parcel) Receipt {
	r.t.Helper()
	rc, err := r.deposit(t, p)
	if err != nil {
		r.t.Fatal(err)
	}
	return rc
}

// collect returns what lies in the personal box, by id.
func (r *rig) collect() map[ParcelID]Held {
	r.t.Helper()
	b := r.owner()
	defer b.Close()
	got := make(map[ParcelID]Held)
	_, err := b.Collect(Collecting{}, func(h Held, sealed []byte) error {
		if _, twice := got[h.Parcel]; twice || ParcelOf(sealed).ID != h.Parcel {
			return fmt.Errorf("parcel %s twice or wrong", h.Parcel)
		}
		got[h.Parcel] = h
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

func (r *rig) sweep() {
	r.t.Helper()
	if _, err := r.c.Sweep(r.now); err != nil {
		r.t.Fatal(err)
	}
}

// wait lets time pass as it does for a program that runs: sweeping every day.
func (r *rig) wait(d time.Duration) {
	r.t.Helper()
	for end := r.now.Add(d); r.now.Before(end); {
		r.now = r.now.Add(min(day, end.Sub(r.now)))
		r.sweep()
	}
}

func sealed(t testing.TB, s Slot, text string) Parcel {
	t.Helper()
	ps, err := s.Seal([]byte(text), 0)
	if err != nil || len(ps) != 1 {
		t.Fatal(len(ps), err)
	}
	return ps[0]
}

// sizedParcel is a parcel of a bucket's size.
func sizedParcel(t testing.TB, s Slot, bucket int) Parcel {
	t.Helper()
	p := sealed(t, s, string(make([]byte, capacity(bucket))))
	if len(p.Sealed) != bucket {
		t.Fatalf("parcel of %d bytes, want %d", len(p.Sealed), bucket)
	}
	return p
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, want %v", what, err, want)
	}
}

func wantFull(t testing.TB, what string, err error, reason Reason) *Full {
	t.Helper()
	var full *Full
	if !errors.As(err, &full) || full.Reason != reason {
		t.Fatalf("%s: %v, want %v", what, err, reason)
	}
	return full
}

// r2pipe is a link with nobody at the other end yet.
func r2pipe(r *rig) (here, there *Link) {
	a, b := net.Pipe()
	r.t.Cleanup(func() { a.Close(); b.Close() })
	here = &Link{stream: a, local: []byte("bob"), remote: []byte("custodian"), r: bufio.NewReader(a)}
	there = &Link{stream: b, local: []byte("custodian"), remote: []byte("bob"), r: bufio.NewReader(b)}
	there.bind(r.ctx)
	return here, there
}
