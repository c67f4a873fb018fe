package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"causeway/store"
)

// A parcel goes from a sender to the custodian to the owner, and away.
func TestParkCollectDelete(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	p := sealed(t, bob.Slot, "hello")
	rc := r.park(bob, p)
	if rc.Box != r.box.ID() || rc.Parcel != p.ID || !rc.Deposited.Equal(r.now) || !rc.Expires.Equal(r.now.Add(DefaultTTL)) {
		t.Fatalf("receipt %+v", rc)
	}
	if err := VerifyReceipt(bob.Custodian, rc); err != nil {
		t.Fatal(err)
	}

	b := r.owner()
	if b.UsedParcels != 1 || b.UsedBytes != 4<<10 || b.Terms != r.grant.Terms {
		t.Fatalf("%+v", b)
	}
	var text []byte
	upTo, err := b.Collect(Collecting{}, func(h Held, sealed []byte) error {
		if h.Slot != bob.Slot.Hash(b.Custodian) {
			return errors.New("not bob's slot")
		}
		piece, err := bob.Slot.Open(sealed)
		text = piece.Data
		return err
	})
	if err != nil || string(text) != "hello" {
		t.Fatalf("%q, %v", text, err)
	}
	if again := r.collect(); len(again) != 1 {
		t.Fatal("collecting deletes")
	}
	if _, err := b.Collect(Collecting{After: upTo}, func(Held, []byte) error { return errors.New("again") }); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(p.ID); err != nil {
		t.Fatal(err)
	}
	r.audit()
	if len(r.collect()) != 0 {
		t.Fatal("still there")
	}
	var gone *Gone
	if _, err := r.deposit(bob, p); !errors.As(err, &gone) || VerifyGone(gone) != nil {
		t.Fatalf("after deletion: %v", err)
	}
	r.audit()
}

func TestRepeatedDepositIsOneParcelAndOneReceipt(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	p := sealed(t, bob.Slot, "once")
	first := r.park(bob, p)
	r.now = r.now.Add(time.Hour)
	if again := r.park(bob, p); again != first {
		t.Fatalf("%+v, then %+v", first, again)
	}
	r.audit()
	if n := len(r.collect()); n != 1 {
		t.Fatalf("%d parcels", n)
	}
}

func TestManyParcelsOverPagesAndBatches(t *testing.T) {
	r := newRig(t, Terms{MaxParcels: MaxGrantParcels, MaxBytes: 1 << 30})
	bob := r.ticket("bob")
	want := make(map[ParcelID]bool)
	for len(want) < maxPage+50 {
		d, err := OpenSlot(r.ctx, r.dial("x"), bob)
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			p := sealed(t, bob.Slot, "m")
			if _, err := d.Deposit(p); err != nil {
				t.Fatal(err)
			}
			want[p.ID] = true
		}
		d.Close()
	}
	big := sizedParcel(t, bob.Slot, MaxParcel)
	r.park(bob, big)
	want[big.ID] = true
	got := r.collect()
	if len(got) != len(want) {
		t.Fatalf("%d of %d", len(got), len(want))
	}
	skip := 0
	b := r.owner()
	_, err := b.Collect(Collecting{Have: func(p ParcelID) bool { skip++; return p != big.ID }}, func(h Held, _ []byte) error {
		if h.Parcel != big.ID {
			return errors.New("had that")
		}
		return nil
	})
	if err != nil || skip < len(want) {
		t.Fatal(skip, err)
	}
	var all []ParcelID
	for id := range want {
		all = append(all, id)
	}
	if err := b.Delete(all...); err != nil {
		t.Fatal(err)
	}
	r.audit()
}

func TestPiecesOfALongText(t *testing.T) {
	slot := SlotOf(key32("bob"), NewBoxKey().ID(), 7)
	for _, n := range []int{0, 1, capacity(4 << 10), capacity(4<<10) + 1, capacity(64 << 10), capacity(64<<10) + 1, 3*capacity(64<<10) + 5} {
		plain := bytes.Repeat([]byte{7}, n)
		ps, err := slot.Seal(plain, 64<<10)
		if err != nil {
			t.Fatal(err)
		}
		var pieces []Piece
		for i := range ps {
			piece, err := slot.Open(ps[len(ps)-1-i].Sealed)
			if err != nil || len(ps[i].Sealed) > 64<<10 {
				t.Fatal(n, err)
			}
			pieces = append(pieces, piece, piece)
		}
		whole, err := Join(pieces)
		if err != nil || !bytes.Equal(whole, plain) {
			t.Fatalf("%d bytes: %d back, %v", n, len(whole), err)
		}
		if len(ps) > 1 {
			_, err = Join(pieces[:2])
			wantErr(t, "with one missing", err, ErrParcel)
		}
	}
	_, err := slot.Seal(make([]byte, MaxPieces*capacity(4<<10)+1), 4<<10)
	wantErr(t, "too long", err, ErrTooLarge)
	_, err = slot.Seal(nil, 5<<10)
	wantErr(t, "no bucket", err, ErrParcel)
	a, b := sealed(t, slot, "x"), sealed(t, slot, "x")
	pa, _ := slot.Open(a.Sealed)
	pb, _ := slot.Open(b.Sealed)
	pa.Count, pb.Count = 2, 2
	_, err = Join([]Piece{pa, pb})
	wantErr(t, "two sets", err, ErrParcel)
	_, err = Join(nil)
	wantErr(t, "nothing", err, ErrParcel)
}

func TestGroupBoxIsReadByAllAndEmptiedByNobody(t *testing.T) {
	r := newRig(t, Terms{})
	kmbx := key32("mailbox secret of epoch 3")
	first := r.enter(GroupBoxKey(kmbx), Group)
	writers := []string{"log of ann", "log of ben"}
	weeks := map[uint64][]SlotHash{}
	for _, w := range writers {
		s := SlotOf(GroupDepositSecret(kmbx, key32(w)), first.id, WeekOf(r.now))
		weeks[WeekOf(r.now)] = append(weeks[WeekOf(r.now)], s.Hash(first.Custodian))
	}
	if err := first.SetSlots(weeks, false); err != nil {
		t.Fatal(err)
	}
	for _, w := range writers {
		s := SlotOf(GroupDepositSecret(kmbx, key32(w)), first.id, WeekOf(r.now))
		r.park(Ticket{first.id, first.Custodian, s}, sealed(t, s, w))
	}
	// Another member has no grant here: it knows the receipt key from the group.
	other, err := OpenBox(r.ctx, r.dial("ben"), Entry{Key: GroupBoxKey(kmbx), Class: Group, Custodian: first.Custodian})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*Box{first, other} {
		n := 0
		if _, err := b.Collect(Collecting{}, func(Held, []byte) error { n++; return nil }); err != nil || n != len(writers) {
			t.Fatal(n, err)
		}
	}
	wantErr(t, "delete", other.Delete(ParcelID{1}), ErrDenied)
	wantErr(t, "close slots", other.SetSlots(nil, true), ErrDenied)
	wantErr(t, "drop", other.Drop(), ErrDenied)
	wantErr(t, "stand in", other.StandIn(StandIn{Requests: 1, Expires: r.now.Add(time.Hour)}), ErrDenied)
	r.audit()
	r.wait(DefaultTTL)
	r.audit()
	if h, _ := r.c.Holdings(); h[0].Parcels != 0 {
		t.Fatalf("%+v", h)
	}
}

func TestOwnerWhoBlocksAContactClosesItsSlots(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	carol := r.ticket("carol")
	kept := sealed(t, bob.Slot, "before")
	r.park(bob, kept)
	b := r.owner()
	if err := b.SetSlots(map[uint64][]SlotHash{WeekOf(r.now): {carol.Slot.Hash(b.Custodian)}}, true); err != nil {
		t.Fatal(err)
	}
	_, err := r.deposit(bob, sealed(t, bob.Slot, "after"))
	wantErr(t, "blocked", err, ErrRefused)
	r.park(carol, sealed(t, carol.Slot, "hi"))
	if _, ok := r.collect()[kept.ID]; !ok {
		t.Fatal("what lay there is gone")
	}
	r.audit()
	if err := b.Delete(kept.ID); err != nil {
		t.Fatal(err)
	}
	r.audit()
}

func TestSlotsComeInManyFrames(t *testing.T) {
	r := newRig(t, Terms{})
	b := r.owner()
	weeks := map[uint64][]SlotHash{}
	for w := range uint64(RegisterWeeks) {
		for i := range 330 {
			h := SlotOf(key32(fmt.Sprint(i)), b.id, WeekOf(r.now)+w).Hash(b.Custodian)
			weeks[WeekOf(r.now)+w] = append(weeks[WeekOf(r.now)+w], h, h)
		}
	}
	if err := b.SetSlots(weeks, true); err != nil {
		t.Fatal(err)
	}
	if err := b.SetSlots(weeks, true); err != nil {
		t.Fatal("again:", err)
	}
	last := SlotOf(key32("329"), b.id, WeekOf(r.now))
	r.park(Ticket{b.id, b.Custodian, last}, sealed(t, last, "x"))
	r.audit()
	wantErr(t, "far ahead", b.SetSlots(map[uint64][]SlotHash{WeekOf(r.now) + maxWeeksAhead + 1: {{1}}}, false), ErrDenied)
	wantErr(t, "long ago", b.SetSlots(map[uint64][]SlotHash{WeekOf(r.now) - 2: {{1}}}, false), ErrDenied)
	var n uint64
	counts := func(set uint64) {
		alter(t, r.db, key(subBox, b.id), func(row *boxRow) { n, row.Slots = row.Slots, set })
	}
	counts(maxSlots)
	wantErr(t, "too many", b.SetSlots(map[uint64][]SlotHash{WeekOf(r.now): {{1}}}, false), ErrDenied)
	counts(n)
	r.audit()
	if err := b.Drop(); err != nil {
		t.Fatal(err)
	}
	r.audit()
}

func TestHoldingsAndGrants(t *testing.T) {
	r := newRig(t, Terms{MaxBytes: 1 << 30, TTL: time.Hour})
	bob := r.ticket("bob")
	r.park(bob, sizedParcel(t, bob.Slot, 16<<10))
	r.now = r.now.Add(10 * time.Minute)
	r.park(bob, sizedParcel(t, bob.Slot, 64<<10))
	h, err := r.c.Holdings()
	if err != nil || len(h) != 1 || h[0].Owner != alice || h[0].Parcels != 2 || h[0].Bytes != 80<<10 || !h[0].Oldest.Equal(noon) {
		t.Fatalf("%+v, %v", h, err)
	}
	same, err := r.c.Grant(alice, Terms{MaxBytes: 1 << 20}, r.now)
	if err != nil || same.Token != r.grant.Token || same.Terms.TTL != DefaultTTL {
		t.Fatalf("%+v, %v", same, err)
	}
	for _, g := range []Grant{same, r.grant, {Token: key32("t"), Terms: Terms{1, 1, MinTTL, noon}}} {
		back, err := DecodeGrant(g.Encode())
		if err != nil || back.Token != g.Token || !back.Terms.Until.Equal(g.Terms.Until) || back.Terms.TTL != g.Terms.TTL {
			t.Fatalf("%+v became %+v, %v", g, back, err)
		}
	}
	for name, terms := range map[string]Terms{
		"bytes": {MaxBytes: MaxGrantBytes + 1}, "parcels": {MaxParcels: MaxGrantParcels + 1},
		"short": {TTL: MinTTL - 1}, "long": {TTL: MaxTTL + time.Second},
	} {
		_, err := r.c.Grant(alice, terms, r.now)
		wantErr(t, name, err, ErrTooLarge)
		if _, err := DecodeGrant(Grant{Terms: terms}.Encode()); err == nil {
			t.Fatal("decoded", name)
		}
	}
	wantErr(t, "withdraw from nobody", r.c.Withdraw(key32("nobody"), r.now), ErrNoGrant)
}

func TestAnnounceBoxesAndStandIns(t *testing.T) {
	r := newRig(t, Terms{})
	b := r.owner()
	first := r.enter(NewBoxKey(), First)
	err := first.StandIn(StandIn{Ask: key32("ask"), Slot: RequestSlot(key32("token")), Requests: 1,
		Expires: r.now.Add(week), Tags: []DayTag{{Day: 100, Tag: key32("tag 100")}, {Day: 101, Tag: key32("tag 101")}}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.c.Announce(101)
	if err != nil || len(a.Boxes) != 2 || len(a.Tags) != 1 || a.Tags[0] != key32("tag 101") {
		t.Fatalf("%+v, %v", a, err)
	}
	want := BoxTag{b.TagSecret, b.Custodian}
	if a.Boxes[0] != want && a.Boxes[1] != want {
		t.Fatal("the owner was told other secrets")
	}
}

func TestBoxesOfAGrantAreBounded(t *testing.T) {
	r := newRig(t, Terms{})
	alter(t, r.db, key(subGrant, alice), func(g *grantRow) { g.Boxes = maxBoxes - 1 })
	r.enter(NewBoxKey(), Personal).Close()
	_, err := OpenBox(r.ctx, r.dial("owner"), Entry{Key: NewBoxKey(), Class: Personal, Grant: &r.grant})
	wantErr(t, "one more", err, ErrDenied)
}

// alter changes one record, to bring a counter near its bound.
func alter[T any](t *testing.T, db *store.DB, k []byte, change func(*T)) {
	t.Helper()
	err := db.Update(func(tx *store.Tx) error {
		row := new(T)
		if _, err := load(tx, k, row); err != nil {
			return err
		}
		change(row)
		return save(tx, k, row)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	k := NewBoxKey()
	s := SlotOf(key32("bob"), k.ID(), 1)
	if got := fmt.Sprintf("%v %+v %#v %v", *k, k, s, s); got != "redacted redacted redacted redacted" {
		t.Fatal(got)
	}
}
