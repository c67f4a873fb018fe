package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// readings are the operations that read, and reading all that there is.
func readings() []operation {
	look := func(tr *trial) error {
		if err := tr.open(); err != nil {
			return err
		}
		rows, err := tableOf(tr.db)
		if err == nil {
			err = tr.holds(rows, true)
		}
		return err
	}
	return append(slices.Clone(operations),
		operation{name: "look", base: closedStore, run: look},
		operation{name: "recover and look", base: crashedStore, run: look})
}

// TestTierReadFailureAtEveryRead has every call that looks or reads fail: the
// answer is that error or the truth, and nothing on the disk is the worse.
func TestTierReadFailureAtEveryRead(t *testing.T) {
	total := 0
	for _, onwards := range []bool{false, true} {
		for _, o := range readings() {
			for n := 0; readAt(t, o, n, onwards, "EIO", verdict{err: syscall.EIO}, ErrIO) && !t.Failed(); n += tierStep {
				total++
			}
		}
	}
	t.Logf("%d failures", total)
}

// TestTierMisdirectedReads has every read bring what lies elsewhere: in the
// same file, or at the same place of another.
func TestTierMisdirectedReads(t *testing.T) {
	total := 0
	for name, stray := range map[string]func(*vfs.MemFS) verdict{
		"the next page": neighbour(pageSize), "the page before": neighbour(-pageSize), "some bytes on": neighbour(markSize), "another file": otherFile,
	} {
		for _, o := range readings() {
			for n := 0; misread(t, o, n, name, stray) && !t.Failed(); n += tierStep {
				total++
			}
		}
	}
	t.Logf("%d reads", total)
}

// readAt runs an operation whose nth reading call has a verdict.
func readAt(t *testing.T, o operation, n int, onwards bool, name string, v verdict, want error) (hit bool) {
	t.Helper()
	tr := o.begin(t)
	rule, met := from(n, false, onwards, v)
	tr.disk.set(rule)
	return tr.reads(t, o, fmt.Sprintf("%s: %s at reading call %d", o.name, name, n), met, want)
}

// misread runs an operation whose nth read brings the wrong bytes.
func misread(t *testing.T, o operation, n int, name string, stray func(*vfs.MemFS) verdict) (hit bool) {
	t.Helper()
	tr := o.begin(t)
	rule, met := from(n, true, false, stray(tr.mem))
	tr.disk.set(func(op diskOp) verdict {
		op.write = op.what == "read"
		return rule(op)
	})
	return tr.reads(t, o, fmt.Sprintf("%s: %s instead, read %d", o.name, name, n), met, ErrDamaged)
}

// reads runs the operation, reads all, and then heals the disk.
func (tr *trial) reads(t *testing.T, o operation, what string, met *[]diskOp, want error) (hit bool) {
	t.Helper()
	err := bounded(t, what, func() error { return o.run(tr) })
	tr.disk.mu.Lock()
	what += fmt.Sprint(" ", (*met)[:min(1, len(*met))])
	hit = len(*met) > 0
	tr.disk.mu.Unlock()
	if err != nil && (!hit || !errors.Is(err, want) || strings.Contains(err.Error(), "\n")) {
		t.Errorf("%s: %v", what, err)
	}
	if tr.db != nil {
		rows, err := tableOf(tr.db)
		if err == nil {
			err = tr.holds(rows, true)
		}
		if err != nil && !errors.Is(err, want) && !errors.Is(err, ErrClosed) {
			t.Errorf("%s: read: %v", what, err)
		}
		_ = bounded(t, what, tr.db.Close) // may meet it, too
	}
	tr.heals(t, what)
	return hit
}

// neighbour reads by bytes further on, or as far before if the file ends there.
func neighbour(by int64) func(*vfs.MemFS) verdict {
	return func(*vfs.MemFS) verdict {
		return verdict{stray: func(f vfs.File, _ string, p []byte, off int64) (int, error) {
			info, err := f.Stat()
			if err != nil {
				return 0, err
			}
			at := off + by
			if at < 0 || at+int64(len(p)) > info.Size() {
				at = max(0, off-by)
			}
			return f.ReadAt(p, at)
		}}
	}
}

// otherFile reads the next file of the directory that is long enough.
func otherFile(mem *vfs.MemFS) verdict {
	return verdict{stray: func(f vfs.File, path string, p []byte, off int64) (int, error) {
		dir := mem.PathDir(path)
		names, err := mem.List(dir)
		if err != nil {
			return 0, err
		}
		slices.Sort(names)
		at := slices.Index(names, mem.PathBase(path)) + 1
		for _, name := range slices.Concat(names[at:], names[:at]) {
			if n, err := readFrom(mem, mem.PathJoin(dir, name), p, off); n > 0 {
				return n, err
			}
		}
		return f.ReadAt(p, off)
	}}
}

func readFrom(mem *vfs.MemFS, path string, p []byte, off int64) (int, error) {
	info, err := mem.Stat(path)
	if err != nil || info.IsDir() || info.Size() <= off {
		return 0, io.EOF
	}
	f, err := mem.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(p, off)
}

// A compaction that ran while Open failed read through a cache that was gone,
// and the process ended (found by a failing list of the directory).
func TestNoCompactionBeforeOpenIsThrough(t *testing.T) {
	s := &scheduler{fault: newFault()}
	if ok, _ := s.TrySchedule(); ok {
		t.Error("granted")
	}
}
