package seal

import (
	"bytes"
	"errors"
	"testing"

	"causeway/internal/wire"
)

func TestSlotsOpenForTheirReadersOnly(t *testing.T) {
	info := SlotInfo{Group: id(1), Log: id(2), Seq: 3, Salt: NewSalt()}
	k := NewKey()
	members := []*KEM{UserKEM(id(1), 0), UserKEM(id(2), 0), UserKEM(id(3), 5)}
	var to, contents [][]byte
	for i, m := range members {
		to = append(to, m.Public())
		contents = append(contents, k.Content())
		if i == 2 {
			contents[i] = k.WithoutHistory().Content()
		}
	}
	slots, err := SealSlots(to, info, contents)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range members {
		got, err := OpenSlot(slots, m, info)
		if err != nil || !bytes.Equal(got, contents[i]) {
			t.Errorf("member %d: %v", i, err)
		}
	}
	for name, other := range map[string]*KEM{"stranger": UserKEM(id(4), 0), "other generation": UserKEM(id(1), 1)} {
		if _, err := OpenSlot(slots, other, info); !errors.Is(err, ErrNoSlot) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, wrong := range map[string]SlotInfo{
		"group": {id(9), info.Log, info.Seq, info.Salt}, "log": {info.Group, id(9), info.Seq, info.Salt}, "seq": {info.Group, info.Log, 4, info.Salt}} {
		if _, err := OpenSlot(slots, members[0], wrong); !errors.Is(err, ErrSlot) {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

func TestSlotsAreCanonicalAndBounded(t *testing.T) {
	info := SlotInfo{Salt: [16]byte{1}}
	a, b := UserKEM(id(1), 0), UserKEM(id(2), 0)
	content := NewKey().Content()
	if _, err := SealSlots([][]byte{a.Public(), b.Public(), a.Public()}, info, [][]byte{content, content, content}); !errors.Is(err, ErrRecipient) {
		t.Errorf("one key twice: %v", err)
	}
	if _, err := SealSlots([][]byte{a.Public(), make([]byte, KEMSize)}, info, [][]byte{content, content}); !errors.Is(err, ErrRecipient) {
		t.Errorf("unusable key: %v", err)
	}
	if _, err := SealSlots([][]byte{a.Public()}, info, [][]byte{make([]byte, MaxContent+1)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large content: %v", err)
	}
	if _, err := SealSlots(make([][]byte, MaxSlots+1), info, make([][]byte, MaxSlots+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many: %v", err)
	}
	if _, err := SealSlots([][]byte{a.Public()}, info, nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("no content: %v", err)
	}
	slots, err := SealSlots([][]byte{a.Public(), b.Public()}, info, [][]byte{content, content})
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseSlots(slots)
	if err != nil {
		t.Fatal(err)
	}
	all[0], all[1] = all[1], all[0]
	swapped, err := wire.Marshal(slotsWire{Slots: all})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSlot(swapped, a, info); !errors.Is(err, ErrFormat) {
		t.Errorf("out of order: %v", err)
	}
}

// A damaged slot is never a panic, and never opens.
func TestDamagedSlots(t *testing.T) {
	info := SlotInfo{Salt: [16]byte{1}}
	a := UserKEM(id(1), 0)
	slots, err := SealSlots([][]byte{a.Public()}, info, [][]byte{NewKey().Content()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range slots {
		bad := bytes.Clone(slots)
		bad[i] ^= 1 << (i % 8)
		if _, err := OpenSlot(bad, a, info); err == nil {
			t.Fatalf("bit flipped in byte %d and opened", i)
		}
	}
	for n := range len(slots) {
		if _, err := OpenSlot(slots[:n], a, info); !errors.Is(err, ErrFormat) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestUserKEMGenerations(t *testing.T) {
	a := UserKEM(id(1), 0)
	if bytes.Equal(a.Public(), UserKEM(id(1), 1).Public()) || bytes.Equal(a.Public(), UserKEM(id(2), 0).Public()) {
		t.Error("two generations have one key")
	}
	if !bytes.Equal(a.Public(), KEMFromSeed(a.Seed()).Public()) || len(a.Public()) != KEMSize {
		t.Error("the seed does not bring back the key")
	}
}

func TestBoxes(t *testing.T) {
	secret, kem := NewKey().K, UserKEM(id(1), 0)
	plain := []byte("parcel")
	box, err := SealBytes(secret, "a", []byte("ad"), plain)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenBytes(secret, "a", []byte("ad"), box); err != nil || !bytes.Equal(got, plain) {
		t.Fatal(err)
	}
	sealed, err := SealTo(kem.Public(), "a", plain)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenTo(kem, "a", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatal(err)
	}
	if len(box) != len(plain)+BoxOverhead || len(sealed) != len(plain)+BoxToOverhead {
		t.Error("overhead")
	}
	refused := map[string]func() error{
		"purpose":        func() error { _, err := OpenBytes(secret, "b", []byte("ad"), box); return err },
		"ad":             func() error { _, err := OpenBytes(secret, "a", []byte("da"), box); return err },
		"secret":         func() error { _, err := OpenBytes(NewKey().K, "a", []byte("ad"), box); return err },
		"empty":          func() error { _, err := OpenBytes(secret, "a", nil, nil); return err },
		"purpose to":     func() error { _, err := OpenTo(kem, "b", sealed); return err },
		"key":            func() error { _, err := OpenTo(UserKEM(id(2), 0), "a", sealed); return err },
		"empty to":       func() error { _, err := OpenTo(kem, "a", nil); return err },
		"box is not to":  func() error { _, err := OpenTo(kem, "a", box); return err },
		"to is no bytes": func() error { _, err := OpenBytes(secret, "a", []byte("ad"), sealed); return err },
	}
	for i := range box {
		refused["bit in box"] = flipped(box, i, func(b []byte) error { _, err := OpenBytes(secret, "a", []byte("ad"), b); return err })
		refused["bit in box to"] = flipped(sealed, i*len(sealed)/len(box), func(b []byte) error { _, err := OpenTo(kem, "a", b); return err })
		for name, try := range refused {
			if err := try(); !errors.Is(err, ErrOpen) {
				t.Fatalf("%s (%d): %v", name, i, err)
			}
		}
	}
	if _, err := SealBytes([32]byte{}, "a", nil, plain); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
	if _, err := SealTo(make([]byte, KEMSize), "a", plain); !errors.Is(err, ErrRecipient) {
		t.Error(err)
	}
}

func flipped(b []byte, i int, try func([]byte) error) func() error {
	bad := bytes.Clone(b)
	bad[i] ^= 0x10
	return func() error { return try(bad) }
}

func FuzzSlots(f *testing.F) {
	info := SlotInfo{Salt: [16]byte{1}}
	a, b := UserKEM(id(1), 0), UserKEM(id(2), 0)
	content := Key{id(1), id(2)}.Content()
	one, err := SealSlots([][]byte{a.Public()}, info, [][]byte{content})
	if err != nil {
		f.Fatal(err)
	}
	two, err := SealSlots([][]byte{a.Public(), b.Public()}, info, [][]byte{content, content})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(one)
	f.Add(two)
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := parseSlots(raw)
		if err != nil {
			return
		}
		again, err := wire.Marshal(slotsWire{Slots: all})
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%x encodes as %x", raw, again)
		}
		if content, err := OpenSlot(raw, a, info); err != nil && content != nil {
			t.Fatal("content with an error")
		}
	})
}

func BenchmarkSealSlots10(b *testing.B) {
	var to, contents [][]byte
	for i := range 10 {
		to, contents = append(to, UserKEM(id(byte(i)), 0).Public()), append(contents, NewKey().Content())
	}
	for b.Loop() {
		if _, err := SealSlots(to, SlotInfo{}, contents); err != nil {
			b.Fatal(err)
		}
	}
}
