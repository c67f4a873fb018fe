package store

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FuzzOpenDamagedStore opens a store of which one file was changed: bits turned
// over, a stretch put elsewhere, the end cut off. A store that was closed says
// that it is damaged or shows exactly what it held; one that crashed may be
// torn where nothing was marked as synced (docs/spec/08-store.md, section 8), and
// then at least is no error of another kind.
func FuzzOpenDamagedStore(f *testing.F) {
	f.Add(true, byte(0), uint32(0), byte(0), uint32(0), uint16(0), uint32(0))
	f.Add(true, byte(1), uint32(70), byte(1), uint32(0), uint16(0), uint32(0))
	f.Add(true, byte(9), uint32(700), byte(0), uint32(64), uint16(4112), uint32(0))
	f.Add(false, byte(4), uint32(64), byte(9), uint32(0), uint16(0), uint32(17))
	f.Add(false, byte(7), uint32(90), byte(0), uint32(300), uint16(40), uint32(0))
	f.Fuzz(func(t *testing.T, clean bool, file byte, at uint32, flip byte, from uint32, length uint16, cut uint32) {
		base, w := crashedStore()
		if clean {
			base, w = closedStore()
		}
		mem := base.CrashClone(vfs.CrashCloneCfg{})
		paths := pathsOf(t, mem)
		path := paths[int(file)%len(paths)]
		whole := must(io.ReadAll(must(mem.Open(path))))
		if len(whole) == 0 {
			return
		}
		b := slices.Clone(whole)
		i, j := int(at)%len(b), int(from)%len(b)
		copy(b[i:], whole[j:min(len(b), j+int(length))])
		b[i] ^= flip
		b = b[:len(b)-int(cut)%len(b)]
		overwrite(t, mem, path, b)
		if costly(mem) {
			return
		}
		var rows table
		db, err := Open("s", secret, inMem(mem))
		if err == nil {
			rows, err = tableOf(db)
			defer db.Close()
		}
		switch {
		case err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrLocked) && !errors.Is(err, ErrNewer) && !errors.Is(err, ErrOlder):
			t.Fatalf("%s: error of no kind: %v", path, err)
		case err == nil && clean:
			if err := w.holds(rows, true); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
	})
}

// costly reports whether a keys file honestly asks for much of Argon2id.
func costly(mem *vfs.MemFS) bool {
	b, err := readFile(mem, "s/"+keysName)
	if err != nil {
		return false
	}
	k, err := decodeKeys(b)
	return err == nil && slices.ContainsFunc(k.slots, func(s slot) bool { return s.cost.time > 4 || s.cost.memory > 1<<10 })
}
