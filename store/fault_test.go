package store

import (
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// failing fails every write from the nth on, as a full or broken disk does.
type failing struct {
	errno error
	after int64
	seen  atomic.Int64
}

func (f *failing) String() string { return "failing" }

func (f *failing) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileClose, errorfs.OpRemove, errorfs.OpRemoveAll, errorfs.OpFilePreallocate, errorfs.OpLock:
		return nil // these need no room
	}
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead || f.seen.Add(1) <= f.after {
		return nil
	}
	return f.errno
}

// image returns a store with a few transactions in it, as a crash left it, so
// that opening it replays a WAL.
func image(t *testing.T) (_ *vfs.MemFS, acked uint64) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	db := must(Create("s", secret, inMem(mem)))
	defer db.Close()
	var n atomic.Uint64
	for n.Load() < 3 {
		if err := writeTx(db, n.Load()+1, &n); err != nil {
			t.Fatal(err)
		}
	}
	return mem.CrashClone(vfs.CrashCloneCfg{}), n.Load()
}

func TestAttack35_DiskFullAndDiskFailedAtEveryWrite(t *testing.T) {
	for _, c := range []struct {
		errno, want error
		step        int64
	}{{syscall.ENOSPC, ErrFull, 1}, {syscall.EIO, ErrIO, 2}, {syscall.EROFS, ErrIO, 7}} {
		t.Run(c.errno.Error(), func(t *testing.T) {
			mem, acked := image(t)
			for n := int64(0); ; n += c.step {
				clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0})
				inj := &failing{errno: c.errno, after: n}
				failOnce(t, clone, inj, acked, c.want)
				if t.Failed() {
					t.Fatalf("at write %d", n)
				}
				if inj.seen.Load() <= n {
					t.Logf("%d writes", n)
					return
				}
			}
		})
	}
}

// failOnce runs the workload on a disk that fails at one point, and then opens
// the store on a disk that works again.
func failOnce(t *testing.T, mem *vfs.MemFS, inj *failing, before uint64, want error) {
	t.Helper()
	var acked atomic.Uint64
	acked.Store(before)
	err := failingWorkload(t, errorfs.Wrap(mem, inj), &acked, want)
	if hit := inj.seen.Load() > inj.after; hit != errors.Is(err, want) || strings.Contains(err1(err), "\n") {
		t.Errorf("disk failed: %v, error: %v", hit, err)
	}
	db, err := Open("s", secret, inMem(mem))
	if err != nil {
		t.Errorf("open on a working disk: %v", err)
		return
	}
	defer db.Close()
	last, err := checkPrefix(db)
	if err != nil || last < acked.Load() || last > acked.Load()+1 {
		t.Errorf("%d acknowledged, %d found, %v", acked.Load(), last, err)
	}
	if err := writeTx(db, last+1, &acked); err != nil {
		t.Errorf("write on a working disk: %v", err)
	}
}

func err1(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func failingWorkload(t *testing.T, fs vfs.FS, acked *atomic.Uint64, want error) error {
	t.Helper()
	db, err := Open("s", secret, inMem(fs))
	if err != nil {
		return err
	}
	for n := acked.Load() + 1; n <= 12 && err == nil; n++ {
		if err = writeTx(db, n, acked); err == nil && n%4 == 0 {
			err = aside(db, db.p.Flush)
		}
	}
	if db.Err() != nil {
		<-db.Failed()
		again := writeTx(db, 99, acked)
		if !errors.Is(again, want) || acked.Load() == 99 || !errors.Is(db.Err(), want) {
			t.Errorf("second write after a failure: %v", again)
		}
		if last, err := checkPrefix(db); err != nil || last != acked.Load() {
			t.Errorf("read after a failure: %d of %d, %v", last, acked.Load(), err)
		}
	}
	if failed := db.Close(); err == nil {
		err = failed
	}
	return err
}

// TestAttack35_OneFailedSyncOnly holds that a single failure is as final as a
// full disk: after a failed fsync nobody knows what the next one covers.
func TestAttack35_OneFailedSyncOnly(t *testing.T) {
	mem := vfs.NewMem()
	var armed, failed atomic.Bool
	inj := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if armed.Load() && op.Kind == errorfs.OpFileSyncData && failed.CompareAndSwap(false, true) {
			return syscall.EIO
		}
		return nil
	})
	db := must(Create("s", secret, inMem(errorfs.Wrap(mem, inj))))
	defer db.Close()
	put(t, db, testKey, []byte("before"))
	armed.Store(true)
	ran := false
	set := func(tx *Tx) error {
		tx.OnCommit(func() { ran = true })
		return tx.Set(testKey, []byte("after"))
	}
	for range 2 {
		if err := db.Update(set); !errors.Is(err, ErrIO) {
			t.Errorf("got %v", err)
		}
	}
	if v := get(t, db, testKey); string(v) != "before" || ran {
		t.Errorf("an unacknowledged value shows: %q, hook %v", v, ran)
	}
}

func TestReadFailureIsReported(t *testing.T) {
	mem := vfs.NewMem()
	db := must(Create("s", secret, inMem(mem)))
	put(t, db, testKey, make([]byte, 100_000))
	closed(t, db)
	var armed atomic.Bool
	inj := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if armed.Load() && op.Kind == errorfs.OpFileReadAt {
			return syscall.EIO
		}
		return nil
	})
	db = must(Open("s", secret, inMem(errorfs.Wrap(mem, inj))))
	defer db.Close()
	armed.Store(true)
	err := db.View(func(tx *Tx) error {
		_, err := tx.Get(testKey)
		return err
	})
	if !errors.Is(err, ErrIO) {
		t.Errorf("get: %v", err)
	}
	err = db.View(func(tx *Tx) error {
		for range tx.Scan(testKey) {
			t.Error("a row from nowhere")
		}
		return nil // forgets to ask tx.Err
	})
	if !errors.Is(err, ErrIO) {
		t.Errorf("scan: %v", err)
	}
}
