package store

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// unhex is bytes that JSON spells in hexadecimal.
type unhex []byte

func (h *unhex) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

type fileVector struct {
	Name, Why      string
	Contents, File unhex
	Damaged        bool
}

type vectors struct {
	KDF []struct {
		Passphrase   string
		Salt, KEK    unhex
		Time, Memory uint32
		Lanes        uint8
	}
	Keys struct {
		Root, Incarnation, FileKey, File unhex
		Passphrase                       string
	}
	Paged, Streams []fileVector
	Inventory      struct {
		Items []struct {
			Name string
			Size int64
		}
		File unhex
	}
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	if err := json.Unmarshal(must(os.ReadFile("../docs/spec/vectors/08-store.json")), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVectorsKDF: the script's Argon2id is held against RFC 9106 before it
// makes these.
func TestVectorsKDF(t *testing.T) {
	for _, v := range readVectors(t).KDF {
		s := &slot{kind: slotPassphrase, cost: cost{v.Time, v.Memory, v.Lanes}, salt: [16]byte(v.Salt)}
		kek, err := Passphrase([]byte(v.Passphrase)).derive(s)
		if err != nil || !bytes.Equal(kek[:], v.KEK) {
			t.Errorf("%+v: %x, %v", s.cost, kek, err)
		}
	}
}

func TestVectorsKeysFile(t *testing.T) {
	v := readVectors(t).Keys
	k := must(decodeKeys(v.File))
	if !bytes.Equal(k.encode(), v.File) {
		t.Error("encodes to other bytes")
	}
	for i, u := range []Unlock{Passphrase([]byte(v.Passphrase)), {path: "x", fileKey: v.FileKey}} {
		root, at, err := k.unlock(u)
		if err != nil || at != i || !bytes.Equal(root[:], v.Root) {
			t.Fatalf("slot %d: %x in %d, %v", i, root, at, err)
		}
		again := k.slots[i]
		kek := must(u.derive(&again))
		again.wrap(kek, root)
		if again != k.slots[i] {
			t.Errorf("slot %d wraps to other bytes", i)
		}
	}
	m, err := openMeta([32]byte(v.Root), k.meta)
	if err != nil || m.schema != Schema || !bytes.Equal(m.incarnation[:], v.Incarnation) {
		t.Errorf("meta %+v, %v", m, err)
	}
}

// sealedMem is a sealed file system over memory, as Pebble would see it.
func sealedMem(root [32]byte) (*sealedFS, *vfs.MemFS) {
	mem := vfs.NewMem()
	return &sealedFS{inner: mem, root: root, gate: newGate(newFault())}, mem
}

func TestVectorsFiles(t *testing.T) {
	all := readVectors(t)
	for _, v := range append(all.Paged, all.Streams...) {
		fs, mem := sealedMem([32]byte(all.Keys.Root))
		overwrite(t, mem, v.Name, v.File)
		f, err := fs.Open(v.Name)
		var got []byte
		if err == nil {
			got, err = io.ReadAll(f)
		}
		if v.Damaged != errors.Is(err, ErrDamaged) || !v.Damaged && (err != nil || !bytes.Equal(got, v.Contents)) {
			t.Errorf("%s %s: %d of %d bytes, %v", v.Name, v.Why, len(got), len(v.Contents), err)
		}
	}
}

func TestVectorsInventory(t *testing.T) {
	all := readVectors(t)
	f := &files{root: [32]byte(all.Keys.Root)}
	var want []item
	for _, i := range all.Inventory.Items {
		want = append(want, item{i.Name, i.Size})
	}
	if got, err := f.openInventory(all.Inventory.File); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
