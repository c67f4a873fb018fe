package store

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

func writeSealed(t testing.TB, fs *sealedFS, name string, parts [][]byte, syncs []bool) {
	t.Helper()
	f := must(fs.Create(name, vfs.WriteCategoryUnspecified))
	for i, p := range parts {
		if n, err := f.Write(p); n != len(p) || err != nil {
			t.Fatalf("wrote %d of %d, %v", n, len(p), err)
		}
		if syncs[i] {
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSealedFilesReadBack writes in random portions and reads at random offsets.
func TestSealedFilesReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"000001.sst", "000002.log"}).Draw(rt, "name")
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(4090, 4100), rapid.IntRange(0, 80_000)), 0, 5).Draw(rt, "sizes")
		rng := rand.NewChaCha8([32]byte{1})
		var parts [][]byte
		var syncs []bool
		for range sizes {
			p := make([]byte, sizes[len(parts)])
			rng.Read(p)
			parts = append(parts, p)
			syncs = append(syncs, modeOf(name) == modeStream && rapid.Bool().Draw(rt, "sync"))
		}
		want := bytes.Join(parts, nil)
		fs, _ := sealedMem([32]byte{2})
		writeSealed(t, fs, name, parts, syncs)
		f := must(fs.Open(name))
		defer f.Close()
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("read %d of %d bytes, %v", len(got), len(want), err)
		}
		if modeOf(name) == modeStream {
			return
		}
		if size := must(f.Stat()).Size(); size != int64(len(want)) || must(fs.Stat(name)).Size() != size {
			rt.Fatalf("size %d, want %d", size, len(want))
		}
		off := rapid.IntRange(0, len(want)+10).Draw(rt, "offset")
		p := make([]byte, rapid.IntRange(0, len(want)+10).Draw(rt, "length"))
		n, err := f.ReadAt(p, int64(off))
		tail := want[min(off, len(want)):]
		if n != min(len(p), len(tail)) || !bytes.Equal(p[:n], tail[:n]) || (n < len(p)) != (err == io.EOF) {
			rt.Fatalf("%d bytes at %d of %d: %d, %v", len(p), off, len(want), n, err)
		}
	})
}

// TestEqualContentsGiveUnlikeFiles: no two files share a keystream.
func TestEqualContentsGiveUnlikeFiles(t *testing.T) {
	fs, mem := sealedMem([32]byte{3})
	zero := make([]byte, 64<<10)
	seen := map[string]bool{}
	for range 3 {
		for _, name := range []string{"000001.log", "000002.sst"} {
			writeSealed(t, fs, name, [][]byte{zero}, []bool{true})
			b := must(io.ReadAll(must(mem.Open(name))))
			for b = b[saltAt:]; len(b) >= 16; b = b[16:] {
				if seen[string(b[:16])] {
					t.Fatalf("%x comes twice", b[:16])
				}
				seen[string(b[:16])] = true
			}
		}
	}
	if f, err := fs.ReuseForWrite("000001.log", "000009.log", ""); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if _, err := mem.Stat("000001.log"); err == nil {
		t.Error("a WAL that was to be reused is still there")
	}
}

func TestWhatTheEngineDoesNotUseIsRefused(t *testing.T) {
	fs, _ := sealedMem([32]byte{4})
	writeSealed(t, fs, "000001.sst", nil, nil)
	_, err := fs.OpenReadWrite("000001.sst", "")
	for _, err := range []error{err, fs.Link("000001.sst", "x"), fs.Rename("000001.sst", "000002.sst")} {
		if !errors.Is(err, errUnused) {
			t.Errorf("got %v", err)
		}
	}
}

// FuzzSealedFile reads a file whose bytes after the header come from outside:
// only what was sealed may ever come out.
func FuzzSealedFile(f *testing.F) {
	for _, name := range []string{"000001.sst", "000002.log"} {
		fs, mem := sealedMem([32]byte{5})
		writeSealed(f, fs, name, [][]byte{make([]byte, 5000), make([]byte, 10)}, []bool{modeOf(name) == modeStream, false})
		b := must(io.ReadAll(must(mem.Open(name))))
		f.Add(name == "000002.log", b)
		f.Add(name == "000002.log", b[:len(b)-1])
		f.Add(name == "000002.log", b[:headerSize])
	}
	f.Fuzz(func(t *testing.T, stream bool, b []byte) {
		name := map[bool]string{true: "000002.log", false: "000001.sst"}[stream]
		fs, mem := sealedMem([32]byte{5})
		overwrite(t, mem, name, b)
		r, err := fs.Open(name)
		if err == nil {
			var got []byte
			got, err = io.ReadAll(r)
			if len(bytes.Trim(got, "\x00")) != 0 {
				t.Errorf("%x was never written", got)
			}
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("error of no kind: %v", err)
		}
	})
}

func FuzzInventory(f *testing.F) {
	f.Add(encodeItems([]item{{"000001.sst", 5}, {"MANIFEST-000002", 1 << 40}}))
	f.Add([]byte{1})
	f.Add([]byte{0x81, 0x00, 'a', 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		items, err := decodeItems(b)
		if err == nil && !bytes.Equal(encodeItems(items), b) {
			t.Errorf("%x decodes to %v", b, items)
		}
	})
}
