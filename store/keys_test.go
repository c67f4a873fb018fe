package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func aKeysFile(t testing.TB) []byte {
	t.Helper()
	s := must(newSlot([32]byte{1}, secret, cheap))
	k := &keysFile{slots: []slot{s, s}, meta: sealMeta([32]byte{1}, meta{schema: Schema})}
	return k.encode()
}

// reseal repairs the sum at the end, as whoever plants a file would.
func reseal(b []byte) []byte {
	k := bytes.Clone(b[:len(b)-32])
	return appendSum(k)
}

func TestPlantedKeysFiles(t *testing.T) {
	whole := aKeysFile(t)
	edit := func(at int, b ...byte) []byte {
		c := bytes.Clone(whole)
		copy(c[at:], b)
		return reseal(c)
	}
	for _, c := range []struct {
		why  string
		file []byte
		want error
	}{
		{"a newer format", edit(7, keysFormat+1), ErrNewer},
		{"no slots", edit(8, 0), ErrDamaged},
		{"too many slots", edit(8, 200), ErrDamaged},
		{"a slot too few", edit(8, 1), ErrDamaged},
		{"an unknown kind", edit(9, 9), ErrDamaged},
		{"endless time", edit(10, 0xff), ErrDamaged},
		{"no time", edit(10, 0, 0, 0, 0), ErrDamaged},
		{"all memory", edit(14, 0xff), ErrDamaged},
		{"no lanes", edit(18, 0), ErrDamaged},
		{"a key file that costs", edit(9, 2), ErrDamaged},
		{"another magic", edit(0, 'X'), ErrDamaged},
		{"a long tail", reseal(append(bytes.Clone(whole), 0)), ErrDamaged},
		{"nothing", nil, ErrDamaged},
	} {
		if _, err := decodeKeys(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

// TestSlotsAreBoundToTheirCost: who can write the file cannot make the next
// opening spend less on guesses without making it fail.
func TestSlotsAreBoundToTheirCost(t *testing.T) {
	s := must(newSlot([32]byte{1}, secret, cheap))
	s.cost.lanes, s.cost.memory = 2, 16
	if _, err := s.open(secret); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v", err)
	}
}

func TestSecretsCannotBePrinted(t *testing.T) {
	u := Unlock{passphrase: []byte("hunter2"), path: "/home/me/key", fileKey: []byte("hunter3")}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("open", "with", u)
	text := fmt.Sprintf("%v %+v %#v %s %x %q %d", u, u, u, u, u, u, u) + log.String()
	for _, secret := range []string{"hunter", "6875", "104 117", "/home"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q shows in %s", secret, text)
		}
	}
}

func FuzzKeysFile(f *testing.F) {
	whole := aKeysFile(f)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(reseal(whole[:len(whole)-slotSize]))
	f.Add([]byte(keysMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, reseal(append(bytes.Clone(b), make([]byte, 32)...))} {
			k, err := decodeKeys(b)
			if err == nil && !bytes.Equal(k.encode(), b) {
				t.Errorf("%x decodes and encodes to %x", b, k.encode())
			}
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrOlder) {
				t.Errorf("error of no kind: %v", err)
			}
		}
	})
}

// FuzzOpenDamagedKeys opens a whole store whose keys file is damaged.
func FuzzOpenDamagedKeys(f *testing.F) {
	base := vfs.NewCrashableMem()
	if err := must(Create("s", secret, inMem(base))).Close(); err != nil {
		f.Fatal(err)
	}
	whole := must(readFile(base, "s/keys"))
	f.Add(uint16(0), byte(0), uint16(len(whole)), false)
	f.Add(uint16(9), byte(1), uint16(len(whole)), true)
	f.Add(uint16(0), byte(0), uint16(20), false)
	f.Fuzz(func(t *testing.T, at uint16, flip byte, length uint16, repair bool) {
		b := bytes.Clone(whole)
		b[int(at)%len(b)] ^= flip
		b = b[:min(int(length), len(b))]
		if repair && len(b) >= 32 {
			b = reseal(b)
		}
		if len(b) >= slotHead+keysHead && b[keysHead+5]|b[keysHead+6]|b[keysHead+1]|b[keysHead+2] != 0 {
			return // would honestly take long
		}
		fs := base.CrashClone(vfs.CrashCloneCfg{})
		overwrite(t, fs, "s/keys", b)
		db, err := Open("s", secret, inMem(fs))
		switch {
		case err == nil && !bytes.Equal(b, whole):
			t.Error("a damaged keys file opened")
		case err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrLocked) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrOlder):
			t.Errorf("error of no kind: %v", err)
		}
		if db != nil {
			db.Close()
		}
	})
}
