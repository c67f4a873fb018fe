package mailbox

import (
	"errors"
	"testing"
	"time"
)

func TestWeeks(t *testing.T) {
	for at, want := range map[time.Time]uint64{
		time.Unix(-1, 0):          0,
		time.Unix(0, 0):           0,
		time.Unix(7*86400-1, 0):   0,
		time.Unix(7*86400, 0):     1,
		noon:                      2967,
		weekStart(2967):           2967,
		weekStart(2968).Add(-1e9): 2967,
	} {
		if got := WeekOf(at); got != want {
			t.Errorf("%v: week %d, want %d", at, got, want)
		}
	}
}

func TestSlotIsOpenInItsWeekAndADayAround(t *testing.T) {
	r := newRig(t, Terms{})
	b := r.owner()
	w := WeekOf(noon) + 2
	s := SlotOf(key32("bob"), b.id, w)
	if err := b.SetSlots(map[uint64][]SlotHash{w: {s.Hash(b.Custodian)}}, false); err != nil {
		t.Fatal(err)
	}
	ticket := Ticket{b.id, b.Custodian, s}
	for _, c := range []struct {
		at   time.Time
		want error
	}{
		{weekStart(w).Add(-day - time.Second), ErrRefused},
		{weekStart(w).Add(-day), nil},
		{weekStart(w + 1).Add(day - time.Second), nil},
		{weekStart(w + 1).Add(day), ErrRefused},
	} {
		r.now = c.at
		_, err := r.deposit(ticket, sealed(t, s, "x"))
		wantErr(t, c.at.String(), err, c.want)
	}
}

func TestParcelsExpireWithoutATombstone(t *testing.T) {
	r := newRig(t, Terms{TTL: 2 * day})
	bob := r.ticket("bob")
	p := sealed(t, bob.Slot, "x")
	rc := r.park(bob, p)
	r.now = rc.Expires.Add(-time.Second)
	if len(r.collect()) != 1 {
		t.Fatal("gone too early")
	}
	r.now = rc.Expires
	if len(r.collect()) != 0 {
		t.Fatal("listed after its time")
	}
	b := r.owner()
	f, err := b.l.ask(&fetchFrame{Items: []fetchItem{{Parcel: p.ID}}})
	if got, ok := f.(*bytesFrame); err != nil || !ok || len(got.Data) != 0 {
		t.Fatal("fetched after its time", err)
	}
	r.audit()
	// Laid down anew before anyone swept, it is a new deposit.
	again := r.park(bob, p)
	if !again.Deposited.Equal(r.now) {
		t.Fatalf("%+v", again)
	}
	r.audit()
	r.wait(3 * day)
	r.audit()
	if h, _ := r.c.Holdings(); h[0].Parcels != 0 || h[0].Bytes != 0 {
		t.Fatalf("%+v", h)
	}
}

func TestTombstoneOutlivesItsSlot(t *testing.T) {
	r := newRig(t, Terms{})
	w := WeekOf(noon) + 1
	r.now = weekStart(w).Add(-slotSlack)
	b := r.owner()
	s := SlotOf(key32("bob"), b.id, w)
	if err := b.SetSlots(map[uint64][]SlotHash{w: {s.Hash(b.Custodian)}, w + 8: {{9}}}, false); err != nil {
		t.Fatal(err)
	}
	ticket := Ticket{b.id, b.Custodian, s}
	here, never := sealed(t, s, "x"), sealed(t, s, "came later")
	r.park(ticket, here)
	if err := b.Delete(here.ID, never.ID, here.ID); err != nil {
		t.Fatal(err)
	}
	r.audit()
	for r.now.Before(weekStart(w + 1).Add(slotSlack)) {
		for _, p := range []Parcel{here, never} {
			var gone *Gone
			if _, err := r.deposit(ticket, p); !errors.As(err, &gone) {
				t.Fatalf("%v: %v", r.now, err)
			}
		}
		r.wait(12 * time.Hour)
		r.audit()
	}
	_, err := r.deposit(ticket, here)
	wantErr(t, "after the week", err, ErrRefused)
	r.wait(day)
	r.audit()
	if n := countKeys(t, r.db, key(subHeld)); n != 0 {
		t.Fatalf("%d tombstones left", n)
	}
}

func TestWithdrawnGrantGivesNotice(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	r.park(bob, sealed(t, bob.Slot, "x"))
	if err := r.c.Withdraw(alice, r.now); err != nil {
		t.Fatal(err)
	}
	_, err := r.deposit(bob, sealed(t, bob.Slot, "y"))
	if full := wantFull(t, "withdrawn", err, Ending); !full.FreeAt.IsZero() {
		t.Fatalf("%+v", full)
	}
	b := r.owner()
	if !b.Drops.Equal(r.now.Add(WithdrawNotice)) {
		t.Fatalf("%+v", b)
	}
	wantErr(t, "more slots", b.SetSlots(nil, false), ErrDenied)
	_, err = OpenBox(r.ctx, r.dial("owner"), Entry{Key: NewBoxKey(), Class: Personal, Grant: &r.grant})
	wantErr(t, "new box", err, ErrRefused)

	r.wait(WithdrawNotice - time.Second)
	if len(r.collect()) != 1 {
		t.Fatal("dropped before the notice ran out")
	}
	if err := r.c.Withdraw(alice, r.now); err != nil { // asking again changes nothing
		t.Fatal(err)
	}
	r.wait(time.Second)
	if n := countKeys(t, r.db, []byte{byte(key(0)[0])}); n > 4 {
		t.Fatalf("%d records left of a withdrawn grant", n)
	}
	r.audit()
	_, err = r.deposit(bob, sealed(t, bob.Slot, "z"))
	wantErr(t, "after all", err, ErrRefused)
}

func TestWithdrawnGrantGivenAgainKeepsTheBoxes(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	r.park(bob, sealed(t, bob.Slot, "x"))
	if err := r.c.Withdraw(alice, r.now); err != nil {
		t.Fatal(err)
	}
	old := r.grant
	var err error
	if r.grant, err = r.c.Grant(alice, Terms{}, r.now); err != nil || r.grant.Token == old.Token {
		t.Fatal(err)
	}
	r.wait(2 * WithdrawNotice)
	if len(r.collect()) != 1 {
		t.Fatal("dropped")
	}
	bob = r.ticket("bob")
	r.park(bob, sealed(t, bob.Slot, "y"))
	_, err = OpenBox(r.ctx, r.dial("owner"), Entry{Key: NewBoxKey(), Class: Personal, Grant: &old})
	wantErr(t, "old token", err, ErrRefused)
	r.audit()
}

func TestGrantProlongedInTime(t *testing.T) {
	r := newRig(t, Terms{Until: noon.Add(day), TTL: time.Hour})
	r.owner().Close()
	if _, err := r.c.Grant(alice, Terms{Until: noon.Add(100 * day)}, r.now); err != nil {
		t.Fatal(err)
	}
	r.wait(3 * day)
	r.owner().Close()
	bob := r.ticket("bob")
	r.park(bob, sealed(t, bob.Slot, "x"))
	r.audit()
}

func TestGrantEndsByItself(t *testing.T) {
	r := newRig(t, Terms{Until: noon.Add(2 * day), TTL: 5 * day})
	bob := r.ticket("bob")
	r.wait(day)
	rc := r.park(bob, sealed(t, bob.Slot, "x"))
	r.wait(day)
	_, err := r.deposit(bob, sealed(t, bob.Slot, "x"))
	wantFull(t, "ended", err, Ending)
	r.wait(rc.Expires.Add(-time.Second).Sub(r.now))
	if len(r.collect()) != 1 {
		t.Fatal("the receipt's promise is broken")
	}
	r.wait(3 * day)
	if h, _ := r.c.Holdings(); len(h) != 0 {
		t.Fatalf("%+v", h)
	}
	r.audit()
}

func TestBoxesThatNobodyCanUseGo(t *testing.T) {
	r := newRig(t, Terms{})
	kmbx := key32("k")
	g := r.enter(GroupBoxKey(kmbx), Group)
	s := SlotOf(GroupDepositSecret(kmbx, key32("w")), g.id, WeekOf(r.now))
	if err := g.SetSlots(map[uint64][]SlotHash{WeekOf(r.now): {s.Hash(g.Custodian)}}, false); err != nil {
		t.Fatal(err)
	}
	r.park(Ticket{g.id, g.Custodian, s}, sealed(t, s, "x"))
	r.wait(DefaultTTL - day)
	if countKeys(t, r.db, key(subBox)) != 1 || countKeys(t, r.db, key(subSlot)) != 1 {
		t.Fatal("went with a parcel inside")
	}
	r.wait(day)
	if countKeys(t, r.db, key(subBox)) != 0 || countKeys(t, r.db, key(subSlot)) != 0 {
		t.Fatal("stays for nothing")
	}
	r.audit()
}

// A clock that is set to 2100 for an hour, or to 1970, loses nothing.
func TestAttack45_ClockOfTheCustodianJumps(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	r.sweep()
	r.park(bob, sealed(t, bob.Slot, "x"))
	for _, wrong := range []time.Time{time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, 0)} {
		r.now = wrong
		for range 12 {
			r.sweep()
			r.now = r.now.Add(5 * time.Minute)
		}
		r.now = noon.Add(time.Hour)
		r.sweep()
		if len(r.collect()) != 1 {
			t.Fatalf("lost with the clock at %v", wrong)
		}
		r.audit()
	}
	// Off for two months, then running for a day: what is over goes.
	r.now = noon.Add(60 * day)
	r.sweep()
	r.wait(clockDoubt)
	if countKeys(t, r.db, key(subParcel)) != 0 {
		t.Fatal("never swept")
	}
	r.audit()
}

// More than one batch of expired records goes in one sweep.
func TestSweepInBatches(t *testing.T) {
	r := newRig(t, Terms{TTL: time.Hour, MaxParcels: MaxGrantParcels})
	bob := r.ticket("bob")
	for range 6 {
		d, err := OpenSlot(r.ctx, r.dial("x"), bob)
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			if _, err := d.Deposit(sealed(t, bob.Slot, "x")); err != nil {
				t.Fatal(err)
			}
		}
		d.Close()
	}
	r.now = r.now.Add(time.Hour)
	n, err := r.c.Sweep(r.now)
	if err != nil || n != 360 {
		t.Fatal(n, err)
	}
	r.audit()
}

// What one owner ends or fills is nothing to another.
func TestOwnersDoNotTouchEachOther(t *testing.T) {
	r := newRig(t, Terms{})
	carol := key32("carol, another friend")
	hers, err := r.c.Grant(carol, Terms{}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		b, err := OpenBox(r.ctx, r.dial("carol"), Entry{Key: NewBoxKey(), Class: Personal, Grant: &hers})
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	bob := r.ticket("bob")
	p := sealed(t, bob.Slot, "x")
	r.park(bob, p)
	if err := r.c.Withdraw(carol, r.now); err != nil {
		t.Fatal(err)
	}
	r.park(bob, sealed(t, bob.Slot, "y"))
	r.now = r.now.Add(WithdrawNotice)
	r.sweep()
	if len(r.collect()) != 2 || countKeys(t, r.db, key(subBox)) != 1 {
		t.Fatal("alice's box is not what it was")
	}
	if h, _ := r.c.Holdings(); len(h) != 1 || h[0].Owner != alice {
		t.Fatalf("%+v", h)
	}
	// A box belongs to who registered it, whatever grant is shown later.
	again, err := r.c.Grant(carol, Terms{MaxBytes: 1 << 20}, r.now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBox(r.ctx, r.dial("owner"), Entry{Key: r.box, Class: Personal, Grant: &again})
	if err != nil || b.Terms != r.grant.Terms {
		t.Fatal(err)
	}
	r.audit()
}
