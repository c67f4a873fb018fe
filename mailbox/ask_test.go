package mailbox

import (
	"errors"
	"testing"
)

// Who parked a parcel may ask what became of it, without its bytes.
func TestAskWhatBecameOfAParcel(t *testing.T) {
	r := newRig(t, Terms{})
	bob := r.ticket("bob")
	kept, taken := sealed(t, bob.Slot, "kept"), sealed(t, bob.Slot, "taken")
	r.park(bob, kept)
	r.park(bob, taken)
	b := r.owner()
	if err := b.Delete(taken.ID); err != nil {
		t.Fatal(err)
	}
	b.Close()

	d, err := OpenSlot(r.ctx, r.dial("throw-away"), bob)
	if err != nil {
		t.Fatal(err)
	}
	var gone *Gone
	if err := d.Ask(taken.ID, len(taken.Sealed)); !errors.As(err, &gone) || gone.Parcel != taken.ID || VerifyGone(gone) != nil {
		t.Errorf("of one that was taken: %v", err)
	}
	if err := d.Ask(kept.ID, len(kept.Sealed)); err != nil {
		t.Errorf("of one that lies there: %v", err)
	}
	wantErr(t, "of one that never was there", d.Ask(ParcelID{1}, len(kept.Sealed)), ErrForgotten)
	if err := d.Ask(kept.ID, len(kept.Sealed)); err == nil {
		t.Error("the session goes on after that")
	}
	if n := len(r.collect()); n != 1 {
		t.Errorf("after the questions %d parcels lie there", n)
	}

	r.wait(r.grant.Terms.TTL + day)
	d, err = OpenSlot(r.ctx, r.dial("throw-away"), r.ticket("bob"))
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, "of one that has expired", d.Ask(kept.ID, len(kept.Sealed)), ErrForgotten)
}
