package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// contents of the test's space, or the error that reading met.
func contents(fs vfs.FS) (rows []string, err error) {
	db, err := Open("s", secret, inMem(fs))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	err = db.View(func(tx *Tx) error {
		for k, v := range tx.Scan([]byte{byte(SpaceTest)}) {
			rows = append(rows, string(k)+string(v))
		}
		return nil
	})
	return rows, err
}

// damagedStore has rows in tables and, if it is not closed, in the WAL.
func damagedStore(t *testing.T, clean bool) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	rng := rand.New(rand.NewPCG(3, 3))
	db := must(Create("s", secret, inMem(mem)))
	for i := range uint64(60) {
		v := make([]byte, 200)
		for j := range v {
			v[j] = byte(rng.Uint32()) // nothing for the engine to compress
		}
		put(t, db, Key(SpaceTest, i), v)
		if i%20 == 19 {
			if err := db.p.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, db, Key(SpaceTest, uint64(99)), []byte("last"))
	if clean {
		closed(t, db)
	} else {
		defer db.Close()
	}
	return mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng})
}

func pathsOf(t *testing.T, fs vfs.FS) (paths []string) {
	t.Helper()
	for _, dir := range []string{"s", "s/" + engineName} {
		for _, name := range must(fs.List(dir)) {
			if path := fs.PathJoin(dir, name); !must(fs.Stat(path)).IsDir() && name != lockName {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

func overwrite(t *testing.T, fs vfs.FS, path string, b []byte) {
	t.Helper()
	f := must(fs.Create(path, vfs.WriteCategoryUnspecified))
	if _, err := f.Write(bytes.Clone(b)); err != nil { // Write may scribble on what it is given
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestEveryFlippedBitIsFound flips bits all over every file: the store must
// then say that it is damaged, or show exactly what it held.
func TestEveryFlippedBitIsFound(t *testing.T) {
	for _, clean := range []bool{true, false} {
		t.Run(fmt.Sprintf("closed=%v", clean), func(t *testing.T) {
			mem := damagedStore(t, clean)
			want := must(contents(mem.CrashClone(vfs.CrashCloneCfg{})))
			found := map[string]int{}
			for _, path := range pathsOf(t, mem) {
				whole := must(io.ReadAll(must(mem.Open(path))))
				step := max(1, len(whole)/40)
				for at := 0; at < len(whole); at += step {
					fs := mem.CrashClone(vfs.CrashCloneCfg{})
					b := bytes.Clone(whole)
					b[at] ^= 1 << (at % 8)
					overwrite(t, fs, path, b)
					got, err := contents(fs)
					switch {
					case errors.Is(err, ErrDamaged):
						found[kindOf(path)]++
					case err != nil || !slices.Equal(got, want):
						t.Fatalf("%s: bit %d of byte %d of %d: %d of %d rows, %v", path, at%8, at, len(whole), len(got), len(want), err)
					}
				}
			}
			for _, kind := range []string{"keys", "MANIFEST", "sst", "OPTIONS"} {
				if found[kind] < 30 {
					t.Errorf("only %d flips found in %s files", found[kind], kind)
				}
			}
			if !clean && found["log"] < 30 {
				t.Errorf("only %d flips found in the WAL", found["log"])
			}
			t.Log(found)
		})
	}
}

func kindOf(path string) string {
	name := path[strings.LastIndex(path, "/")+1:]
	if i := strings.Index(name, "."); i >= 0 && name[0] == '0' {
		return name[i+1:]
	}
	return strings.SplitN(strings.SplitN(name, ".", 2)[0], "-", 2)[0]
}

// TestMovedFilesAreFound holds that no file can stand in for another.
func TestMovedFilesAreFound(t *testing.T) {
	mem := damagedStore(t, true)
	var tables []string
	for _, p := range pathsOf(t, mem) {
		if strings.HasSuffix(p, ".sst") {
			tables = append(tables, p)
		}
	}
	if len(tables) < 2 {
		t.Fatalf("tables: %v", tables)
	}
	for _, p := range tables[1:] {
		fs := mem.CrashClone(vfs.CrashCloneCfg{})
		overwrite(t, fs, tables[0], must(io.ReadAll(must(fs.Open(p)))))
		if rows, err := contents(fs); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s in the place of %s: %d rows, %v", p, tables[0], len(rows), err)
		}
	}
}

// TestCutShortFilesAreFound cuts every file of a closed store that holds rows.
func TestCutShortFilesAreFound(t *testing.T) {
	mem := damagedStore(t, true)
	want := must(contents(mem.CrashClone(vfs.CrashCloneCfg{})))
	for _, path := range pathsOf(t, mem) {
		whole := must(io.ReadAll(must(mem.Open(path))))
		for _, n := range []int{0, headerSize, len(whole) / 2, len(whole) - 1} {
			fs := mem.CrashClone(vfs.CrashCloneCfg{})
			overwrite(t, fs, path, whole[:min(n, len(whole))])
			if got, err := contents(fs); !errors.Is(err, ErrDamaged) && (err != nil || !slices.Equal(got, want)) {
				t.Errorf("%s cut to %d of %d: %d of %d rows, %v", path, n, len(whole), len(got), len(want), err)
			}
		}
	}
}

// TestDamageInTheBackgroundStopsWriting holds that a store which meets damage
// while it compacts says so, goes on to read what is whole, and can be closed.
func TestDamageInTheBackgroundStopsWriting(t *testing.T) {
	mem := damagedStore(t, true)
	for _, p := range pathsOf(t, mem) {
		if strings.HasSuffix(p, ".sst") {
			b := must(io.ReadAll(must(mem.Open(p))))
			b[headerSize+10] ^= 1
			overwrite(t, mem, p, b)
			break
		}
	}
	db, err := Open("s", secret, inMem(mem))
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		return
	}
	err = aside(db, func() error { return db.p.Compact(t.Context(), []byte{0}, []byte{255}, false) })
	if err == nil {
		t.Error("compacted damage away")
	}
	<-db.fault.hit
	if err := db.Update(func(tx *Tx) error { return tx.Set(testKey, nil) }); !errors.Is(err, ErrDamaged) {
		t.Errorf("update: %v", err)
	}
	if err := db.Close(); !errors.Is(err, ErrDamaged) {
		t.Errorf("close: %v", err)
	}
}
