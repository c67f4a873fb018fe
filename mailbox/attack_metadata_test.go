package mailbox

import (
	"bytes"
	"testing"
)

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
