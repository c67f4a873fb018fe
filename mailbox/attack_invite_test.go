package mailbox

import (
	"bytes"
	"testing"
	"time"
)

// A request is refused without the invite, after its revocation, after it has
// expired and when the invite is used up, and no key or address is told.
func TestAttack41_RequestsOfDeadInvites(t *testing.T) {
	r := newRig(t, Terms{})
	box := NewBoxKey()
	first := r.enter(box, First)
	ask, slot := key32("what joiners show"), RequestSlot(key32("deposit token"))
	stand := StandIn{Ask: ask, Slot: slot, Requests: 2, Offer: []byte("sealed offer"), Expires: r.now.Add(3 * day)}
	if err := first.StandIn(stand); err != nil {
		t.Fatal(err)
	}
	ticket := Ticket{box.ID(), first.Custodian, slot}
	request := func(n int) Parcel { return ParcelOf(bytes.Repeat([]byte{byte(n)}, MaxRequest)) }

	l := r.dial("joiner")
	o, err := FetchOffer(r.ctx, l, ask)
	if err != nil || string(o.Sealed) != "sealed offer" || o.Box != box.ID() || o.Custodian != first.Custodian {
		t.Fatalf("%+v, %v", o, err)
	}
	if _, err := Deposit(r.ctx, l, ticket, request(1)); err != nil { // on the same stream
		t.Fatal(err)
	}
	wrong := ask
	wrong[0] ^= 1
	_, err = FetchOffer(r.ctx, r.dial("stranger"), wrong)
	wantErr(t, "another ask", err, ErrRefused)
	_, err = r.deposit(Ticket{box.ID(), first.Custodian, RequestSlot(key32("other token"))}, request(2))
	wantErr(t, "another token", err, ErrRefused)
	_, err = r.deposit(ticket, ParcelOf(make([]byte, MaxRequest+1)))
	wantErr(t, "too large", err, ErrRefused)
	r.park(ticket, request(2))
	_, err = r.deposit(ticket, request(3))
	wantFull(t, "used up", err, SlotFull)
	r.audit()

	if err := first.RevokeStandIn(ask); err != nil {
		t.Fatal(err)
	}
	if err := first.RevokeStandIn(ask); err != nil {
		t.Fatal("again:", err)
	}
	_, err = FetchOffer(r.ctx, r.dial("joiner"), ask)
	wantErr(t, "revoked", err, ErrRefused)
	_, err = r.deposit(ticket, request(4))
	wantErr(t, "revoked", err, ErrRefused)
	r.audit()

	stand.Ask, stand.Slot = key32("second"), RequestSlot(key32("second token"))
	if err := first.StandIn(stand); err != nil {
		t.Fatal(err)
	}
	r.now = stand.Expires
	_, err = FetchOffer(r.ctx, r.dial("joiner"), stand.Ask)
	wantErr(t, "expired", err, ErrRefused)
	_, err = r.deposit(Ticket{box.ID(), first.Custodian, stand.Slot}, request(5))
	wantErr(t, "expired", err, ErrRefused)
	r.sweep()
	r.audit()
	r.wait(RequestTTL)
	r.audit()
	if n := countKeys(t, r.db, key(subBox)); n != 0 {
		t.Fatalf("%d boxes left of dead invites", n)
	}
}

func TestStandInsAreBounded(t *testing.T) {
	r := newRig(t, Terms{})
	first := r.enter(NewBoxKey(), First)
	ok := StandIn{Ask: key32("a"), Slot: RequestSlot(key32("t")), Requests: 1, Expires: r.now.Add(day), Offer: make([]byte, MaxOffer)}
	if err := first.StandIn(ok); err != nil {
		t.Fatal(err)
	}
	again := ok
	again.Offer = []byte("better")
	if err := first.StandIn(again); err != nil {
		t.Fatal("replacing:", err)
	}
	for name, change := range map[string]func(*StandIn){
		"offer":    func(s *StandIn) { s.Offer = make([]byte, MaxOffer+1) },
		"tags":     func(s *StandIn) { s.Tags = make([]DayTag, MaxStandInTags+1) },
		"none":     func(s *StandIn) { s.Requests = 0 },
		"requests": func(s *StandIn) { s.Requests = MaxRequests + 1 },
	} {
		s := ok
		change(&s)
		wantErr(t, name, first.StandIn(s), ErrTooLarge)
	}
	for name, change := range map[string]func(*StandIn){
		"over":       func(s *StandIn) { s.Expires = r.now },
		"far ahead":  func(s *StandIn) { s.Expires = r.now.Add(MaxStandInTTL + time.Second) },
		"other slot": func(s *StandIn) { s.Slot = RequestSlot(key32("u")) },
	} {
		s := ok
		change(&s)
		wantErr(t, name, first.StandIn(s), ErrDenied)
	}
	wantErr(t, "weekly slots", first.SetSlots(nil, false), ErrDenied)
	// Another owner cannot take the ask over or end it.
	other := r.enter(NewBoxKey(), First)
	wantErr(t, "taken", other.StandIn(ok), ErrDenied)
	if err := other.RevokeStandIn(ok.Ask); err != nil {
		t.Fatal(err)
	}
	if o, err := FetchOffer(r.ctx, r.dial("joiner"), ok.Ask); err != nil || string(o.Sealed) != "better" {
		t.Fatal(err)
	}
	for i := range MaxStandIns - 1 {
		s := ok
		s.Ask, s.Slot = key32("more"+string(rune(i))), RequestSlot(key32("more"+string(rune(i))))
		if err := first.StandIn(s); err != nil {
			t.Fatal(err)
		}
	}
	s := ok
	s.Ask, s.Slot = key32("last"), RequestSlot(key32("last"))
	wantErr(t, "one more", first.StandIn(s), ErrDenied)
	r.audit()
	if err := first.Drop(); err != nil {
		t.Fatal(err)
	}
	r.audit()
}
