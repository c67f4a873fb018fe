package mailbox

import (
	"testing"
	"time"
)

func TestRoomAtTheBoundaries(t *testing.T) {
	const k = 1 << 10
	terms := grantRow{MaxBytes: 100 * k * share, MaxParcels: 4 * share}
	first := grantRow{Until: 1 << 40}
	for _, c := range []struct {
		name        string
		class       Class
		grant       grantRow
		slot, whole usage
		max         uint64 // of a request slot
		size        uint64
		want        Reason
	}{
		{"empty", Personal, terms, usage{}, usage{}, 0, 64 * k, 0},
		{"exactly a share", Personal, terms, usage{}, usage{}, 0, 100 * k, 0},
		{"one over a share", Personal, terms, usage{}, usage{}, 0, 100*k + 1, OverShare},
		{"fills the share", Personal, terms, usage{Bytes: 36 * k, Parcels: 1}, usage{Bytes: 36 * k, Parcels: 1}, 0, 64 * k, 0},
		{"one byte over", Personal, terms, usage{Bytes: 36*k + 1, Parcels: 1}, usage{Bytes: 36*k + 1, Parcels: 1}, 0, 64 * k, SlotFull},
		{"last parcel", Personal, terms, usage{Parcels: 3}, usage{Parcels: 3}, 0, 4 * k, 0},
		{"parcel too many", Personal, terms, usage{Parcels: 4}, usage{Parcels: 4}, 0, 4 * k, SlotFull},
		{"fills the box", Personal, terms, usage{}, usage{Bytes: 1996 * k, Parcels: 9}, 0, 4 * k, 0},
		{"over the box", Personal, terms, usage{}, usage{Bytes: 1996*k + 1, Parcels: 9}, 0, 4 * k, BoxFull},
		{"last of the box", Group, terms, usage{}, usage{Parcels: 79}, 0, 4 * k, 0},
		{"box has its number", Group, terms, usage{}, usage{Parcels: 80}, 0, 4 * k, BoxFull},
		{"a share is one parcel at least", Personal, grantRow{MaxBytes: 1 << 30, MaxParcels: 3}, usage{}, usage{}, 0, 4 * k, 0},
		{"ended", Personal, grantRow{MaxBytes: 1 << 30, MaxParcels: 99, Until: 1}, usage{}, usage{}, 0, 4 * k, Ending},
		{"request", First, first, usage{}, usage{Parcels: 63, Bytes: 63 * MaxRequest}, 1, MaxRequest, 0},
		{"request too many for its invite", First, first, usage{Parcels: 1, Bytes: 1}, usage{Parcels: 1, Bytes: 1}, 1, 1, SlotFull},
		{"request too many for the box", First, first, usage{}, usage{Parcels: 64, Bytes: 64}, 1, 1, BoxFull},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := shelf{row: boxRow{Class: c.class, Used: c.whole}, grant: c.grant, slot: slotRow{Used: c.slot, MaxParcels: c.max}}
			s.grant.Used = c.whole
			if got := s.room(c.size, noon); got != c.want {
				t.Fatalf("%v, want %v", got, c.want)
			}
		})
	}
	for class, sizes := range map[Class]map[uint64]bool{
		Personal: {0: false, 1: false, 4 * k: true, 4*k + 1: false, MaxParcel: true, MaxParcel + 1: false, 2 * MaxParcel: false},
		First:    {0: false, 1: true, MaxRequest: true, MaxRequest + 1: false},
	} {
		for size, want := range sizes {
			if class.fits(size) != want {
				t.Errorf("class %d, %d bytes", class, size)
			}
		}
	}
}

// One contact fills the owner's box: it gets its share and a signed refusal that
// says when room comes free; the others do not notice, and nothing is dropped.
func TestAttack37_OneContactFillsTheBox(t *testing.T) {
	r := newRig(t, Terms{MaxBytes: share * 128 << 10, MaxParcels: 10_000})
	bob, carol := r.ticket("bob"), r.ticket("carol")
	d, err := OpenSlot(r.ctx, r.dial("bob"), bob)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Deposit(sizedParcel(t, bob.Slot, 64<<10)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	if _, err := d.Deposit(sizedParcel(t, bob.Slot, 64<<10)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	for range 3 {
		p := sizedParcel(t, bob.Slot, 4<<10)
		_, err = d.Deposit(p)
		full := wantFull(t, "over the share", err, SlotFull)
		if VerifyFull(bob.Custodian, full) != nil || full.Parcel != p.ID || full.Box != bob.Box ||
			!full.Issued.Equal(r.now) || !full.FreeAt.Equal(noon.Add(DefaultTTL)) {
			t.Fatalf("%+v", full)
		}
		full.FreeAt = full.FreeAt.Add(time.Second)
		wantErr(t, "altered refusal", VerifyFull(bob.Custodian, full), ErrSignature)
	}
	_, err = d.Deposit(sizedParcel(t, bob.Slot, 256<<10))
	if full := wantFull(t, "larger than a share", err, OverShare); !full.FreeAt.IsZero() {
		t.Fatalf("%+v", full)
	}
	r.park(carol, sizedParcel(t, carol.Slot, 64<<10))
	if len(r.collect()) != 3 {
		t.Fatal("something was dropped")
	}
	r.audit()

	// What expires takes no room, even before anyone sweeps.
	r.now = noon.Add(6 * day)
	r.c.Sweep(r.now)
	short := newRig(t, Terms{MaxBytes: share * 64 << 10, TTL: time.Hour})
	dan := short.ticket("dan")
	short.sweep()
	short.park(dan, sizedParcel(t, dan.Slot, 64<<10))
	_, err = short.deposit(dan, sizedParcel(t, dan.Slot, 64<<10))
	full := wantFull(t, "full", err, SlotFull)
	short.now = full.FreeAt
	short.park(dan, sizedParcel(t, dan.Slot, 64<<10))
	short.audit()
}

func TestFullBoxSaysWhenRoomComesFree(t *testing.T) {
	r := newRig(t, Terms{MaxBytes: 1 << 40, MaxParcels: share})
	var tickets []Ticket
	for i := range share + 1 {
		tickets = append(tickets, r.ticket("contact "+string(rune('a'+i))))
	}
	for _, k := range tickets[:share] {
		r.park(k, sealed(t, k.Slot, "x"))
		r.now = r.now.Add(time.Minute)
	}
	last := tickets[share]
	_, err := r.deposit(last, sealed(t, last.Slot, "x"))
	if full := wantFull(t, "box", err, BoxFull); !full.FreeAt.Equal(noon.Add(DefaultTTL)) {
		t.Fatalf("%+v", full)
	}
	// The same allowance used up from another box of the owner.
	kmbx := key32("k")
	g := r.enter(GroupBoxKey(kmbx), Group)
	s := SlotOf(GroupDepositSecret(kmbx, key32("w")), g.id, WeekOf(r.now))
	if err := g.SetSlots(map[uint64][]SlotHash{WeekOf(r.now): {s.Hash(g.Custodian)}}, false); err != nil {
		t.Fatal(err)
	}
	_, err = r.deposit(Ticket{g.id, g.Custodian, s}, sealed(t, s, "x"))
	if full := wantFull(t, "other box", err, BoxFull); full.FreeAt.Before(noon.Add(DefaultTTL)) {
		t.Fatalf("%+v", full)
	}
	// A first-contact box is not the contacts' to fill.
	first := r.enter(NewBoxKey(), First)
	q := RequestSlot(key32("token"))
	if err := first.StandIn(StandIn{Slot: q, Requests: 1, Expires: r.now.Add(day)}); err != nil {
		t.Fatal(err)
	}
	r.park(Ticket{first.id, first.Custodian, q}, ParcelOf([]byte("a request")))
	r.audit()
}

// Two parcels that were let in while there was room for one: the second gets its
// refusal after its bytes, and the books are right. One parcel that two senders
// bring at once lies there once.
func TestRoomIsCheckedAgainAtTheEnd(t *testing.T) {
	r := newRig(t, Terms{MaxBytes: share * 4 << 10})
	bob := r.ticket("bob")
	begin := func(p Parcel) *session {
		s := &session{c: r.c, self: []byte("custodian"), peer: []byte("x")}
		for _, f := range []any{&helloFrame{Version: version, Box: bob.Box},
			&depositFrame{Slot: bob.Slot.ID(bob.Custodian), Parcel: p.ID, Size: uint64(len(p.Sealed))}} {
			b, err := encodeFrame(f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.step(b, r.now); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	end := func(s *session, p Parcel) any {
		answer, err := s.bytes(&bytesFrame{Data: p.Sealed}, r.now)
		if err != nil {
			t.Fatal(err)
		}
		return answer[0]
	}
	p, q := sealed(t, bob.Slot, "p"), sealed(t, bob.Slot, "q")
	first, same, other := begin(p), begin(p), begin(q)
	one := end(first, p)
	if rc, ok := one.(*receiptFrame); !ok || *end(same, p).(*receiptFrame) != *rc {
		t.Fatalf("%T", one)
	}
	if _, ok := end(other, q).(*quotaFrame); !ok {
		t.Fatal("over the share")
	}
	r.audit()
	// Bytes that are not the parcel, too many of them, or none, are refused.
	roomy := newRig(t, Terms{})
	r, bob = roomy, roomy.ticket("bob")
	p, q = sealed(t, bob.Slot, "p"), sealed(t, bob.Slot, "q")
	for name, data := range map[string][]byte{"another parcel": q.Sealed, "too many": make([]byte, 5000), "none": nil} {
		_, err := begin(p).bytes(&bytesFrame{Data: data}, r.now)
		wantErr(t, name, err, errRefuse)
	}
	r.audit()
}
