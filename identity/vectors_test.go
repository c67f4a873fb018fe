package identity

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// H is bytes that the vectors write in hexadecimal.
type H []byte

func (h *H) UnmarshalText(t []byte) error {
	b, err := hex.DecodeString(string(t))
	*h = b
	return err
}

type vectors struct {
	People []struct {
		Root, Card, UID, Device, Log, Leaf, Recovery H
		Words, UIDText, SafetyID, Name               string
		Gen                                          uint64
	}
	SafetyNumber string
	Names        struct{ Clean, Unclean []string }
}

// readVectors reads what docs/spec/vectors/04-people.mjs wrote.
func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("../docs/spec/vectors/04-people.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.People) < 2 || len(v.Names.Clean) == 0 || len(v.Names.Unclean) == 0 {
		t.Fatal("a kind of vector is missing")
	}
	return v
}

func TestVectorsPeople(t *testing.T) {
	for _, v := range readVectors(t).People {
		r, d := RootFromSeed([32]byte(v.Root)), DeviceFromSeed([32]byte(v.Device))
		if got := strings.Join(r.Words(), " "); got != v.Words {
			t.Errorf("%s: words %s", v.Name, got)
		}
		card := r.Card()
		if !bytes.Equal(card.Encode(), v.Card) || card.UID() != UID(v.UID) || card.UID().String() != v.UIDText {
			t.Errorf("%s: card %x, UID %s", v.Name, card.Encode(), card.UID())
		}
		if got := card.UID().SafetyID(); got != v.SafetyID {
			t.Errorf("%s: safety id %s", v.Name, got)
		}
		log := d.DeriveLog("causeway/1 vector log", []byte("context"))
		if log.Seed() != [32]byte(v.Log) {
			t.Errorf("%s: log %x", v.Name, log.Seed())
		}
		theirs, err := DecodeLeaf(v.Leaf)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		ours, err := NewLeaf(card, theirs.Chain, d, log, v.Gen, theirs.KEM, v.Name)
		if err != nil || !bytes.Equal(ours.Encode(), v.Leaf) {
			t.Errorf("%s: leaf %x, %v", v.Name, ours.Encode(), err)
		}
		if sig := r.Recover(theirs); !bytes.Equal(sig[:], v.Recovery) {
			t.Errorf("%s: recovery %x", v.Name, sig)
		}
	}
}

func TestVectorsSafetyNumber(t *testing.T) {
	v := readVectors(t)
	if got := SafetyNumber(UID(v.People[0].UID), UID(v.People[1].UID)); got != v.SafetyNumber {
		t.Error(got)
	}
}

func TestVectorsNames(t *testing.T) {
	v := readVectors(t)
	for _, n := range v.Names.Clean {
		if err := CheckName(n); err != nil {
			t.Errorf("%q: %v", n, err)
		}
	}
	for _, n := range v.Names.Unclean {
		if CheckName(n) == nil {
			t.Errorf("%q is clean", n)
		}
	}
}
