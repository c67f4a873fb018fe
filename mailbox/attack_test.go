package mailbox

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"causeway/store"
)

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
	// A frame larger than a stranger may send is refused at its length.
	l = r.dial("stranger")
	if _, err := l.greet(r.ctx, bob.Box, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.stream.Write(binary.AppendUvarint(nil, maxGreeting+1)); err != nil {
		t.Fatal(err)
	}
	_, err = l.answer()
	wantErr(t, "a large frame", err, ErrRefused)

	// A hash that begins like a registered one is another hash.
	err = r.db.Update(func(tx *store.Tx) error {
		alike := good.Hash()
		alike[31] ^= 1
		return save(tx, slotKey(bob.Box, alike), &slotRow{Hash: alike, Until: maxSeconds})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.deposit(bob, p)
	wantErr(t, "eight bytes alike", err, ErrRefused)
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
