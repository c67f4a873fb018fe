package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// H is bytes that the vectors write in hexadecimal.
type H []byte

func (h *H) UnmarshalText(t []byte) error {
	b, err := hex.DecodeString(string(t))
	*h = b
	return err
}

func (h H) id() (x [32]byte) { copy(x[:], h); return x }

func (h H) salt() (x [16]byte) { copy(x[:], h); return x }

type vectors struct {
	Epochs []struct {
		Group, K, H, Content              H
		Ctl, Msg, Lnk, Rdv, Mbx, Syn, Log H
		Chain                             []H
	}
	Bodies []struct {
		Secret, Salt, Log, Prev, Slots, Plain, Body H
		Seq                                         uint64
		EntryKey                                    H `json:"entry_key"`
	}
	Kems []struct {
		Secret, Seed, Public H
		Gen                  uint64
	}
	Slots []struct {
		Group, Log, Salt, Slots H
		Seq                     uint64
		Readers                 []struct{ Seed, Content H }
	}
	Links []struct {
		History     bool
		Group, Link H
		ChildK      H `json:"child_K"`
		ChildH      H `json:"child_H"`
		ParentGroup H `json:"parent_group"`
		ParentK     H `json:"parent_K"`
		ParentH     H `json:"parent_H"`
		ParentID    H `json:"parent_id"`
	}
	Boxes []struct {
		Secret, Salt, Ad, Plain, Box H
		Purpose                      string
	}
	BoxesTo []struct {
		Seed, Plain, Box H
		Purpose          string
	} `json:"boxes_to"`
}

// readVectors reads what docs/spec/vectors/03-keys.mjs wrote.
func readVectors(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("../docs/spec/vectors/03-keys.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Epochs) == 0 || len(v.Bodies) == 0 || len(v.Kems) == 0 || len(v.Slots) == 0 || len(v.Links) == 0 || len(v.Boxes) == 0 || len(v.BoxesTo) == 0 {
		t.Fatal("a kind of vector is missing")
	}
	return v
}

func TestVectorsEpochs(t *testing.T) {
	for i, v := range readVectors(t).Epochs {
		k := Key{K: v.K.id(), H: v.H.id()}
		e := Derive(v.Group.id(), k)
		for name, pair := range map[string][2][32]byte{"ctl": {e.Ctl(), v.Ctl.id()}, "msg": {e.Msg(), v.Msg.id()}, "lnk": {e.Lnk(), v.Lnk.id()},
			"rdv": {e.Rdv(), v.Rdv.id()}, "mbx": {e.Mbx(), v.Mbx.id()}, "syn": {e.Syn(), v.Syn.id()}} {
			if pair[0] != pair[1] {
				t.Errorf("%d: %s is %x", i, name, pair[0])
			}
		}
		if !bytes.Equal(k.Content(), v.Content) {
			t.Errorf("%d: content %x", i, k.Content())
		}
		c := e.Chain(v.Log.id())
		for n, want := range v.Chain {
			if mk := c.Next(); mk != want.id() {
				t.Errorf("%d: message key %d is %x", i, n, mk)
			}
		}
	}
}

func TestVectorsBodies(t *testing.T) {
	for i, v := range readVectors(t).Bodies {
		c := Context{Log: v.Log.id(), Seq: v.Seq, Prev: v.Prev.id()}
		body, key, err := Seal(v.Secret.id(), v.Salt.salt(), c, v.Slots, v.Plain)
		if err != nil || !bytes.Equal(body, v.Body) || key != v.EntryKey.id() {
			t.Errorf("%d: %v\n%x\n%x", i, err, body, v.Body)
		}
		if plain, err := open(v.Body, v.Secret.id(), c); err != nil || !bytes.Equal(plain, v.Plain) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestVectorsKEMs(t *testing.T) {
	for i, v := range readVectors(t).Kems {
		k := UserKEM(v.Secret.id(), v.Gen)
		if k.Seed() != v.Seed.id() || !bytes.Equal(k.Public(), v.Public) {
			t.Errorf("%d: %x", i, k.Public())
		}
	}
}

func TestVectorsSlots(t *testing.T) {
	for i, v := range readVectors(t).Slots {
		info := SlotInfo{Group: v.Group.id(), Log: v.Log.id(), Seq: v.Seq, Salt: v.Salt.salt()}
		for j, r := range v.Readers {
			if got, err := OpenSlot(v.Slots, KEMFromSeed(r.Seed.id()), info); err != nil || !bytes.Equal(got, r.Content) {
				t.Errorf("%d, reader %d: %x, %v", i, j, got, err)
			}
		}
	}
}

func TestVectorsLinks(t *testing.T) {
	for i, v := range readVectors(t).Links {
		child := Derive(v.Group.id(), Key{v.ChildK.id(), v.ChildH.id()})
		parent := Derive(v.ParentGroup.id(), Key{v.ParentK.id(), v.ParentH.id()})
		e, err := Unlink(child, v.ParentGroup.id(), v.ParentID.id(), v.Link)
		if err != nil {
			t.Fatal(i, err)
		}
		if e.Full() != v.History || e.Ctl() != parent.Ctl() || e.Lnk() != parent.Lnk() || v.History && e.s != parent.s {
			t.Errorf("%d: another parent", i)
		}
	}
}

func TestVectorsBoxes(t *testing.T) {
	all := readVectors(t)
	for i, v := range all.Boxes {
		if box := sealBytes(v.Secret.id(), v.Salt.salt(), v.Purpose, v.Ad, v.Plain); !bytes.Equal(box, v.Box) {
			t.Errorf("%d: %x", i, box)
		}
		if got, err := OpenBytes(v.Secret.id(), v.Purpose, v.Ad, v.Box); err != nil || !bytes.Equal(got, v.Plain) {
			t.Errorf("%d: %x, %v", i, got, err)
		}
	}
	for i, v := range all.BoxesTo {
		if got, err := OpenTo(KEMFromSeed(v.Seed.id()), v.Purpose, v.Box); err != nil || !bytes.Equal(got, v.Plain) {
			t.Errorf("to %d: %x, %v", i, got, err)
		}
	}
}
