package seal

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What is sealed with given randomness is the same twice, and the standard
// library opens it.
func TestDerandomisedSealsAreHPKE(t *testing.T) {
	defer Derandomise(nil)
	k := KEMFromSeed([32]byte{7})
	info := SlotInfo{Log: [32]byte{1}, Seq: 3}
	var boxes, slots [2][]byte
	for i := range 2 {
		Derandomise(rand.NewChaCha8([32]byte{9}))
		var err error
		if boxes[i], err = SealTo(k.Public(), "purpose", []byte("plain")); err != nil {
			t.Fatal(err)
		}
		if slots[i], err = SealSlots([][]byte{k.Public()}, info, [][]byte{[]byte("content")}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(boxes[0], boxes[1]) || !bytes.Equal(slots[0], slots[1]) {
		t.Error("the same randomness seals differently")
	}
	if plain, err := OpenTo(k, "purpose", boxes[0]); err != nil || string(plain) != "plain" {
		t.Errorf("the box opens to %q, %v", plain, err)
	}
	if content, err := OpenSlot(slots[0], k, info); err != nil || string(content) != "content" {
		t.Errorf("the slot opens to %q, %v", content, err)
	}
	if _, err := SealTo(k.Public()[1:], "purpose", nil); err == nil {
		t.Error("a key that is too short is taken")
	}
}
