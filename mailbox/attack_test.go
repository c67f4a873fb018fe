package mailbox

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"causeway/store"
)

// custodians are several of one owner, who has one box key.
func custodians(t *testing.T, n int) []*rig {
	rigs := make([]*rig, n)
	for i := range rigs {
		rigs[i] = newRig(t, Terms{})
		rigs[i].box = rigs[0].box
	}
	return rigs
}

// A custodian that drops, replays, reorders or serves old parcels: another copy
// has the same id, so the owner takes each parcel once, from whoever has it.
func TestAttack34_CustodianDropsReplaysReorders(t *testing.T) {
	two := custodians(t, 2)
	var ids []ParcelID
	for i := range 5 {
		slot := SlotOf(key32("bob"), two[0].box.ID(), WeekOf(noon))
		p := sealed(t, slot, string(rune('a'+i)))
		ids = append(ids, p.ID)
		for _, r := range two {
			r.park(r.ticket("bob"), p)
		}
	}
	drop(t, two[0], ids[1])
	have := map[ParcelID]int{}
	for range 3 { // again and again, from both, in any order
		for _, r := range []*rig{two[1], two[0]} {
			b := r.owner()
			_, err := b.Collect(Collecting{Have: func(p ParcelID) bool { return have[p] > 0 }}, func(h Held, _ []byte) error {
				have[h.Parcel]++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			b.Close()
		}
	}
	for _, id := range ids {
		if have[id] != 1 {
			t.Fatalf("%v: taken %d times", id, have[id])
		}
	}
}

// drop has a custodian lose a parcel behind everyone's back.
func drop(t *testing.T, r *rig, id ParcelID) {
	t.Helper()
	err := r.db.Update(func(tx *store.Tx) error {
		_, err := take(tx, r.box.ID(), id, r.now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// strangerSteps runs the frames of a peer that is nobody and returns the last
// answer.
func strangerSteps(r *rig, frames ...any) (answer []any, err error) {
	s := &session{c: r.c, self: []byte("custodian"), peer: []byte("stranger")}
	for _, f := range frames {
		b, encErr := encodeFrame(f)
		if encErr != nil {
			return nil, encErr
		}
		if answer, err = s.step(b, r.now); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// A stranger deposits without a slot: refused before any byte of the parcel is
// read, in the same words whatever is wrong, and nothing is stored.
func TestAttack36_DepositWithoutCapability(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	good := bob.Slot.ID(bob.Custodian)
	p := sizedParcel(t, bob.Slot, MaxParcel)
	hello := &helloFrame{Version: version, Box: bob.Box}
	elsewhere := bob.Slot.ID(ReceiptKey{1})
	nearly := good
	nearly[31] ^= 1
	nextWeek := SlotOf(key32("bob"), bob.Box, WeekOf(r.now)+1).ID(bob.Custodian)
	before := snapshot(t, r.db)
	for name, frames := range map[string][]any{
		"no greeting":                {&depositFrame{Slot: good, Parcel: p.ID, Size: 4 << 10}},
		"unknown box":                {&helloFrame{Version: version, Box: BoxID{1}}, &depositFrame{Slot: good, Parcel: p.ID, Size: 4 << 10}},
		"zero slot":                  {hello, &depositFrame{Parcel: p.ID, Size: 4 << 10}},
		"one bit wrong":              {hello, &depositFrame{Slot: nearly, Parcel: p.ID, Size: 4 << 10}},
		"shown to another custodian": {hello, &depositFrame{Slot: elsewhere, Parcel: p.ID, Size: 4 << 10}},
		"next week, not registered":  {hello, &depositFrame{Slot: nextWeek, Parcel: p.ID, Size: 4 << 10}},
		"no bucket":                  {hello, &depositFrame{Slot: good, Parcel: p.ID, Size: 5000}},
		"too large":                  {hello, &depositFrame{Slot: good, Parcel: p.ID, Size: MaxParcel + 1}},
		"bytes unasked":              {hello, &bytesFrame{Data: []byte("x")}},
		"bytes first":                {&bytesFrame{Data: []byte("x")}},
		"two greetings":              {hello, hello},
		"other version":              {&helloFrame{Version: 2, Box: bob.Box}},
		"the owner's requests":       {hello, &listFrame{Limit: 9}},
		"a fetch":                    {hello, &fetchFrame{Items: []fetchItem{{Parcel: p.ID}}}},
		"a deletion":                 {hello, &deleteFrame{}},
		"an answer":                  {hello, &okFrame{}},
		"owner without a signature":  {hello, &ownerFrame{Class: Personal}},
		"owner before greeting":      {&ownerFrame{Class: Personal}},
		"owner of no class":          {hello, &ownerFrame{}},
		"an invite that is not":      {&inviteFrame{Version: version}},
	} {
		if answer, err := strangerSteps(r, frames...); err != errRefuse || answer != nil {
			t.Errorf("%s: %v, %v", name, answer, err)
		}
	}
	if after := snapshot(t, r.db); after != before {
		t.Fatal("something was stored")
	}

	// Over the wire: no byte beyond the refused frame is asked for or taken.
	l := r.dial("stranger")
	if _, err := l.greet(r.ctx, bob.Box, nil); err != nil {
		t.Fatal(err)
	}
	_, err := l.ask(&depositFrame{Slot: nearly, Parcel: p.ID, Size: MaxParcel})
	wantErr(t, "deposit", err, ErrRefused)
	if _, err := l.stream.Write([]byte("parcel")); !errors.Is(err, io.ErrClosedPipe) {
		t.Fatalf("the custodian still reads: %v", err)
	}
	// A frame larger than a stranger may send is not read either.
	l = r.dial("stranger")
	if _, err := l.greet(r.ctx, bob.Box, nil); err != nil {
		t.Fatal(err)
	}
	_, err = l.ask(&slotsFrame{Weeks: []WeekSlots{{Hashes: make([]SlotHash, 100)}}})
	if err == nil {
		t.Fatal("a large frame of a stranger was read")
	}
}

// An unknown box answers a greeting like a known one, and always in the same way.
func TestStrangersCannotTellWhichBoxesAreHere(t *testing.T) {
	r := newRig(t, Terms{})
	known := r.ticket("bob").Box
	var receipts []ReceiptKey
	for range 2 {
		for _, box := range []BoxID{known, {7}} {
			o, err := r.dial("stranger").greet(r.ctx, box, nil)
			if err != nil {
				t.Fatal(err)
			}
			receipts = append(receipts, o.Receipt)
		}
	}
	if receipts[0] != receipts[2] || receipts[1] != receipts[3] || receipts[0] == receipts[1] {
		t.Fatal("answers differ")
	}
}

// liar serves a box's owner what a dishonest custodian might.
type liar struct {
	rows  []listRow
	bytes map[ParcelID][]byte
	more  bool
}

func (x *liar) serve(r *rig, l *Link) {
	s := &session{c: r.c, self: l.local, peer: l.remote}
	for {
		b, err := l.read(1 << 18)
		if err != nil {
			return
		}
		f, _ := decodeFrame(b)
		var answer []any
		switch f := f.(type) {
		case *listFrame:
			answer = []any{&rowsFrame{Rows: x.rows, More: x.more}}
		case *fetchFrame:
			for _, item := range f.Items {
				if d := x.bytes[item.Parcel]; len(d) > 0 {
					answer = append(answer, &bytesFrame{Data: d})
				}
				answer = append(answer, &bytesFrame{})
			}
		default:
			answer, _ = s.step(b, r.now)
		}
		for _, f := range answer {
			if l.write(f) != nil {
				return
			}
		}
	}
}

// A custodian loses, withholds, replays, reorders or truncates parcels: the
// owner keeps none that does not match its id, passes over it, says so, and
// fetches it elsewhere; what the sender shows rests on signed facts only.
func TestAttack38_CustodianLosesOrCorruptsParcels(t *testing.T) {
	two := custodians(t, 2)
	slot := SlotOf(key32("bob"), two[0].box.ID(), WeekOf(noon))
	var rows []listRow
	given := map[ParcelID][]byte{}
	var ps []Parcel
	for i := range 5 {
		p := sealed(t, slot, string(rune('a'+i)))
		ps = append(ps, p)
		two[1].park(two[1].ticket("bob"), p)
		rows = append(rows, listRow{Seq: uint64(i + 1), Parcel: p.ID, Size: 4 << 10})
		given[p.ID] = p.Sealed
	}
	given[ps[1].ID] = nil                                    // withheld
	given[ps[2].ID] = ps[2].Sealed[:100]                     // truncated
	given[ps[3].ID] = append([]byte{1}, ps[3].Sealed[1:]...) // altered
	rows[4].Parcel, given[ps[4].ID] = ps[0].ID, ps[0].Sealed // replayed in place of another
	collectFrom := func(x *liar) (got map[ParcelID]bool, upTo uint64, err error) {
		here, there := r2pipe(two[0])
		go x.serve(two[0], there)
		b, err := OpenBox(two[0].ctx, here, Entry{Key: two[0].box, Class: Personal, Grant: &two[0].grant})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		got = map[ParcelID]bool{}
		upTo, err = b.Collect(Collecting{Have: func(p ParcelID) bool { return got[p] }}, func(h Held, sealed []byte) error {
			if ParcelOf(sealed).ID != h.Parcel {
				t.Error("kept what does not match")
			}
			got[h.Parcel] = true
			return nil
		})
		return got, upTo, err
	}
	got, upTo, err := collectFrom(&liar{rows: rows, bytes: given})
	wantErr(t, "collect", err, ErrParcel)
	if len(got) != 1 || !got[ps[0].ID] || upTo != 1 {
		t.Fatalf("%d kept, up to %d", len(got), upTo)
	}
	for _, p := range ps {
		if _, ok := two[1].collect()[p.ID]; !ok {
			t.Fatal("the other copy is missing")
		}
	}
	for name, x := range map[string]*liar{
		"order backwards": {rows: []listRow{{Seq: 2, Size: 4096, Parcel: ParcelID{1}}, {Seq: 1, Size: 4096}}},
		"row again":       {rows: []listRow{{Seq: 1, Size: 4096}}, more: true},
		"huge":            {rows: []listRow{{Seq: 1, Size: MaxParcel + 1}}},
		"longer than it":  {rows: []listRow{{Seq: 1, Size: 4, Parcel: ps[0].ID}}, bytes: given},
	} {
		if _, _, err := collectFrom(x); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A sender takes no fact that is not signed for its parcel.
	forge := func(answer any) error {
		here, there := r2pipe(two[1])
		bob := two[1].ticket("bob")
		go func() {
			s := &session{c: two[1].c, self: there.local, peer: there.remote}
			for b, err := there.read(1 << 18); err == nil; b, err = there.read(1 << 18) {
				if f, _ := decodeFrame(b); reflect.TypeOf(f) == reflect.TypeFor[*depositFrame]() {
					there.write(answer)
				} else if frames, err := s.step(b, noon); err == nil {
					there.write(frames[0])
				}
			}
		}()
		_, err := Deposit(two[1].ctx, here, bob, ps[0])
		return err
	}
	wantErr(t, "forged receipt", forge(&receiptFrame{Size: 4 << 10}), ErrSignature)
	wantErr(t, "receipt of another size", forge(&receiptFrame{Size: 5}), ErrProtocol)
	wantErr(t, "forged refusal", forge(&quotaFrame{Reason: SlotFull}), ErrSignature)
	wantErr(t, "forged deletion", forge(&goneFrame{}), ErrSignature)
	wantErr(t, "no fact", forge(&okFrame{}), ErrProtocol)

	// The sender: no receipt that the custodian did not sign for this parcel.
	bob := two[1].ticket("bob")
	rc := two[1].park(bob, ps[0])
	for name, forged := range map[string]Receipt{
		"longer": {rc.Box, rc.Parcel, rc.Size, rc.Deposited, rc.Expires.Add(time.Second), rc.Sig},
		"other":  {rc.Box, ps[1].ID, rc.Size, rc.Deposited, rc.Expires, rc.Sig},
		"box":    {BoxID{1}, rc.Parcel, rc.Size, rc.Deposited, rc.Expires, rc.Sig},
		"far":    {rc.Box, rc.Parcel, rc.Size, rc.Deposited, time.Unix(1<<50, 0), rc.Sig},
	} {
		wantErr(t, name, VerifyReceipt(bob.Custodian, forged), ErrSignature)
	}
	wantErr(t, "another custodian's", VerifyReceipt(two[0].ticket("bob").Custodian, rc), ErrSignature)
}

// A parcel lost by an honest custodian is laid down again when the sender
// repeats the deposit; deletion is idempotent and reaches all replicas, also
// those to which the parcel comes only later.
func TestAttack39_DeletionReachesAllReplicas(t *testing.T) {
	three := custodians(t, 3)
	slot := SlotOf(key32("bob"), three[0].box.ID(), WeekOf(noon))
	p := sealed(t, slot, "x")
	three[0].park(three[0].ticket("bob"), p)
	three[1].park(three[1].ticket("bob"), p)
	drop(t, three[1], p.ID)
	if rc := three[1].park(three[1].ticket("bob"), p); rc.Parcel != p.ID {
		t.Fatal("not laid down again")
	}
	for range 2 {
		for _, r := range three {
			b := r.owner()
			if err := b.Delete(p.ID); err != nil {
				t.Fatal(err)
			}
			b.Close()
			r.audit()
		}
	}
	for i, r := range three {
		if len(r.collect()) != 0 {
			t.Fatal("still held")
		}
		var gone *Gone
		if _, err := r.deposit(r.ticket("bob"), p); !errors.As(err, &gone) {
			t.Fatalf("replica %d: %v", i, err)
		}
		wantErr(t, "another parcel", VerifyGone(&Gone{gone.Box, ParcelID{1}, gone.Sig}), ErrSignature)
	}
	// Nobody else can delete: a signature of another key is refused.
	r := three[0]
	b := r.owner()
	err := b.do(&deleteFrame{Items: []deleteItem{{Parcel: p.ID, Sig: NewBoxKey().Deletion(p.ID)}}})
	wantErr(t, "forged", err, ErrRefused)
}

// Everything that the custodian stores and hears for two parcels of one sender
// in two weeks shares no identifier but the box and what the custodian itself
// puts there.
func TestAttack40_TwoWeeksShareNoIdentifier(t *testing.T) {
	r := newRig(t, Terms{})
	b := r.owner()
	this := WeekOf(r.now)
	slots := []Slot{SlotOf(key32("bob"), b.id, this), SlotOf(key32("bob"), b.id, this+1)}
	weeks := map[uint64][]SlotHash{}
	for i, s := range slots {
		weeks[this+uint64(i)] = []SlotHash{s.Hash(b.Custodian), SlotOf(key32("carol"), b.id, this+uint64(i)).Hash(b.Custodian)}
	}
	if err := b.SetSlots(weeks, false); err != nil {
		t.Fatal(err)
	}
	seen := make([][]byte, 2)
	for i, s := range slots {
		before := rowsOf(t, r.db)
		r.park(Ticket{b.id, b.Custodian, s}, sealed(t, s, "the same words"))
		shown, hash := s.ID(b.Custodian), s.Hash(b.Custodian)
		seen[i] = append(seen[i], shown[:]...)
		for k, v := range rowsOf(t, r.db) {
			// The rows of the grant and the box count what all senders left.
			ofOwner := k[1] == subGrant || k[1] == subBox
			if !ofOwner && (before[k] != v || bytes.Contains([]byte(k+v), hash[:])) {
				seen[i] = append(append(seen[i], k...), v...)
			}
		}
		// The box is known to be the same. What stands in its place differs.
		seen[i] = bytes.ReplaceAll(seen[i], b.id[:], bytes.Repeat([]byte{0xf0 + byte(i)}, 32))
		r.now = r.now.Add(week)
	}
	const least = 8 // bytes that could name someone
	for i := range len(seen[0]) - least + 1 {
		if w := seen[0][i : i+least]; bytes.Contains(seen[1], w) && !structure(w) {
			t.Fatalf("both weeks have %x", w)
		}
	}
	// The order of registration does not link them either.
	for _, w := range sortedSlots(weeks) {
		for i, h := range w.Hashes {
			if i > 0 && bytes.Compare(w.Hashes[i-1][:], h[:]) >= 0 {
				t.Fatal("not sorted")
			}
		}
	}
}

// structure reports whether w is made of small numbers, the heads of arrays,
// byte strings and false, and the high byte of times: what every row has.
func structure(w []byte) bool {
	for _, b := range w {
		if b > 0x20 && b != 0x50 && b != 0x58 && b != 0x6a && b&0xf8 != 0x80 && b != 0xf4 {
			return false
		}
	}
	return true
}

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

// A contact of the owner poses as its custodian, alone or between the sender and
// the true custodian: the sender says nothing but a random number, and has no
// receipt.
func TestAttack46_ContactPosesAsCustodian(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	p := sealed(t, bob.Slot, "x")
	impostor := newRig(t, Terms{})

	_, err := Deposit(r.ctx, impostor.dial("bob"), bob, p)
	wantErr(t, "own receipt key", err, ErrImpostor)

	// Relaying to the true custodian: its proof is over the wrong peer ids.
	here, there := r2pipe(r)
	up := r.dial("mallory")
	heard := make(chan []byte, 1)
	go func() {
		up.bind(r.ctx)
		there.bind(r.ctx)
		for {
			b, err := there.read(1 << 18)
			if err != nil {
				close(heard)
				return
			}
			f, _ := decodeFrame(b)
			if _, ok := f.(*helloFrame); !ok {
				heard <- b
			}
			answer, err := up.ask(f)
			if err != nil || there.write(answer) != nil {
				return
			}
		}
	}()
	_, err = Deposit(r.ctx, here, bob, p)
	wantErr(t, "relayed", err, ErrImpostor)
	if b := <-heard; b != nil {
		t.Fatalf("the impostor heard %x", b)
	}
	r.audit()

	// An owner does not show a grant's token or its slots to an impostor either.
	_, err = OpenBox(r.ctx, impostor.dial("owner"), Entry{Key: r.box, Class: Personal, Grant: &r.grant})
	wantErr(t, "grant not known there", err, ErrRefused)
	_, err = OpenBox(r.ctx, impostor.dial("owner"), Entry{Key: r.box, Class: Personal, Grant: &r.grant, Custodian: bob.Custodian})
	wantErr(t, "owner", err, ErrImpostor)
	_, err = OpenBox(r.ctx, r.dial("owner"), Entry{Key: r.box, Class: Personal})
	wantErr(t, "nothing to know it by", err, ErrImpostor)
	// An old proof does not do: the nonce of the other side is in it.
	old, err := r.dial("bob").greet(r.ctx, bob.Box, nil)
	if err != nil {
		t.Fatal(err)
	}
	fresh := old
	fresh.ClientNonce[0] ^= 1
	if verify(old.Receipt, "causeway/1 mailbox custodian proof", fresh, [64]byte{}) {
		t.Fatal("a proof for another nonce")
	}
}

// An owner's proof relayed by somebody else, or for another class or grant, opens
// nothing; a box is opened under its class only.
func TestOnlyTheOwnerEnters(t *testing.T) {
	r := newRig(t, Terms{})
	r.owner().Close()
	_, err := OpenBox(r.ctx, r.dial("owner"), Entry{Key: r.box, Class: First, Grant: &r.grant})
	wantErr(t, "other class", err, ErrRefused)
	stranger := Grant{Token: key32("made up")}
	_, err = OpenBox(r.ctx, r.dial("x"), Entry{Key: NewBoxKey(), Class: Personal, Grant: &stranger})
	wantErr(t, "made-up grant", err, ErrRefused)
	// A known box without a good grant opens, but the custodian proves nothing.
	_, err = OpenBox(r.ctx, r.dial("x"), Entry{Key: r.box, Class: Personal, Grant: &stranger})
	wantErr(t, "custodian without the token", err, ErrImpostor)

	// A voucher registers its own box and no other.
	kmbx := key32("k")
	group := GroupBoxKey(kmbx)
	v := r.grant.Voucher(group.ID())
	if b, err := OpenBox(r.ctx, r.dial("member"), Entry{Key: group, Class: Group, Voucher: &v}); err != nil || b.Terms != r.grant.Terms {
		t.Fatal(err)
	}
	_, err = OpenBox(r.ctx, r.dial("member"), Entry{Key: NewBoxKey(), Class: Personal, Voucher: &v})
	wantErr(t, "voucher of another box", err, ErrRefused)

	for name, spoil := range map[string]func(*ownerFrame, *opening){
		"class":  func(f *ownerFrame, _ *opening) { f.Class = Group },
		"grant":  func(f *ownerFrame, _ *opening) { f.Grant[0] ^= 1 },
		"use":    func(f *ownerFrame, _ *opening) { f.Use[0] ^= 1 },
		"sig":    func(f *ownerFrame, _ *opening) { f.Sig[0] ^= 1 },
		"client": func(_ *ownerFrame, o *opening) { o.Client = []byte("else") },
	} {
		l := r.dial("x")
		o, err := l.greet(r.ctx, r.box.ID(), nil)
		if err != nil {
			t.Fatal(err)
		}
		f := ownerOf(r.box, r.grant, o)
		spoil(f, &o)
		if name == "client" {
			f = ownerOf(r.box, r.grant, o)
		}
		_, err = l.ask(f)
		wantErr(t, name, err, ErrRefused)
	}
}

func ownerOf(k *BoxKey, g Grant, o opening) *ownerFrame {
	f, _ := proveOwner(Entry{Key: k, Class: Personal, Grant: &g}, o)
	return f
}

// A member left behind by rekeys returns: the previous epoch's box holds the
// bridge parcel, which its mailbox secret opens, and nothing else does. A removed
// member on the same road opens no newer box.
func TestAttack49_BridgeParcelInThePreviousEpochsBox(t *testing.T) {
	r := newRig(t, Terms{TTL: MaxTTL})
	kmbx := [][32]byte{key32("K_mbx of epoch 1"), key32("K_mbx of epoch 2"), key32("K_mbx of epoch 3")}
	bridge := func(e int, box BoxID) Slot {
		return SlotOf(GroupDepositSecret(kmbx[e], [32]byte{}), box, WeekOf(noon))
	}
	receipts := make([]ReceiptKey, 3)
	for e, text := range []string{"rekey to 2, sealed under 1", "rekey to 3, sealed under 2"} {
		b := r.enter(GroupBoxKey(kmbx[e]), Group)
		s := bridge(e, b.id)
		if err := b.SetSlots(map[uint64][]SlotHash{WeekOf(noon): {s.Hash(b.Custodian)}}, false); err != nil {
			t.Fatal(err)
		}
		receipts[e] = b.Custodian
		r.park(Ticket{b.id, b.Custodian, s}, sealed(t, s, text))
		b.Close()
	}
	r.enter(GroupBoxKey(kmbx[2]), Group).Close()
	r.wait(60 * day)

	// walk opens the box of an epoch, and tries its parcel with a secret.
	walk := func(e, with int) (string, error) {
		b, err := OpenBox(r.ctx, r.dial("member"), Entry{Key: GroupBoxKey(kmbx[with]), Class: Group, Custodian: receipts[e]})
		if err != nil {
			return "", err
		}
		defer b.Close()
		var text string
		_, err = b.Collect(Collecting{}, func(_ Held, sealed []byte) error {
			piece, err := bridge(with, b.id).Open(sealed)
			text = string(piece.Data)
			return err
		})
		return text, err
	}
	for e, want := range []string{"rekey to 2, sealed under 1", "rekey to 3, sealed under 2"} {
		if got, err := walk(e, e); err != nil || got != want {
			t.Fatalf("epoch %d: %q, %v", e+1, got, err)
		}
	}
	for _, with := range []int{0, 2} {
		if _, err := walk(1, with); err == nil {
			t.Fatalf("the secret of epoch %d opens the box of epoch 2", with+1)
		}
	}
	s1, s2 := bridge(0, GroupBoxKey(kmbx[0]).ID()), bridge(1, GroupBoxKey(kmbx[1]).ID())
	_, err := s1.Open(sealed(t, s2, "x").Sealed)
	wantErr(t, "parcel of another epoch", err, ErrParcel)
	r.audit()
}
