package mailbox

import (
	"testing"
)

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
