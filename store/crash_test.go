package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// A transaction of the workload writes its number under several keys far
// apart, one of them shared by all, so that half of one would show.
const keysPerTx = 4

func txKey(n uint64, part byte) []byte { return Key(SpaceTest, part, n) }

var lastKey = Key(SpaceTest, byte(0xff))

func writeTx(db *DB, n uint64, acked *atomic.Uint64) error {
	return db.Update(func(tx *Tx) error {
		value := binary.BigEndian.AppendUint64(make([]byte, 100), n)
		for part := range byte(keysPerTx) {
			if err := tx.Set(txKey(n, part), value); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { acked.Store(n) })
		return tx.Set(lastKey, value)
	})
}

// checkPrefix returns the number of the last transaction of the store, after
// checking that those up to it are there whole and nothing after it is.
func checkPrefix(db *DB) (last uint64, err error) {
	err = db.View(func(tx *Tx) error {
		v, err := tx.Get(lastKey)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err == nil {
			last = binary.BigEndian.Uint64(v[100:])
		}
		for part := range byte(keysPerTx) {
			n := uint64(0)
			for k := range tx.Scan(Key(SpaceTest, part)) {
				if n++; binary.BigEndian.Uint64(k[2:]) != n {
					return fmt.Errorf("part %d of transaction %d is missing", part, n)
				}
			}
			if n != last {
				return fmt.Errorf("part %d ends with transaction %d, not %d", part, n, last)
			}
		}
		return tx.Err()
	})
	return last, err
}

// workload writes transactions alone, flushes, compacts, closes and opens again.
func workload(fs vfs.FS, acked *atomic.Uint64) error {
	db, err := Open("s", secret, inMem(fs))
	if err != nil {
		return err
	}
	for n := acked.Load() + 1; n <= 24; n++ {
		if err = writeTx(db, n, acked); err != nil {
			break
		}
		if n%8 == 0 {
			err = aside(db, db.p.Flush)
		}
	}
	return errors.Join(err, db.Close())
}

// aside runs a call of the engine that does not come back if the disk fails.
func aside(db *DB, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-db.fault.hit:
		return db.Err()
	}
}

func TestCrashAtEverySync(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, seed))
	mem := vfs.NewCrashableMem()
	closed(t, must(Create("s", secret, inMem(mem))))
	type crash struct {
		acked uint64
		fs    *vfs.MemFS
		what  string
	}
	var (
		mu      sync.Mutex
		crashes []crash
		acked   atomic.Uint64
	)
	watch := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		percent := []int{0, 50, 100}[len(crashes)%3]
		c := crash{acked: acked.Load(), what: fmt.Sprintf("seed %d, op %d: %v %s, %d%% of the rest", seed, len(crashes), op.Kind, op.Path, percent)}
		c.fs = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
		crashes = append(crashes, c)
		return nil
	})
	for range 2 {
		if err := workload(errorfs.Wrap(mem, watch), &acked); err != nil {
			t.Fatal(err)
		}
	}
	if acked.Load() != 24 || len(crashes) < 100 {
		t.Fatalf("%d acknowledged, %d crashes", acked.Load(), len(crashes))
	}
	for _, c := range crashes {
		db, err := Open("s", secret, inMem(c.fs))
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		last, err := checkPrefix(db)
		if err != nil || last < c.acked || last > c.acked+1 {
			t.Fatalf("%s: %d acknowledged, %d found, %v", c.what, c.acked, last, err)
		}
		if err := writeTx(db, last+1, new(atomic.Uint64)); err != nil {
			t.Fatalf("%s: write after recovery: %v", c.what, err)
		}
		closed(t, db)
	}
	t.Logf("%d crashes", len(crashes))
}

// TestCrashInCreate holds that a store whose creation was cut short anywhere
// is either there or can be created again.
func TestCrashInCreate(t *testing.T) {
	mem := vfs.NewCrashableMem()
	rng := rand.New(rand.NewPCG(2, 2))
	var images []*vfs.MemFS
	watch := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			images = append(images, mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng}))
		}
		return nil
	})
	closed(t, must(Create("s", secret, inMem(errorfs.Wrap(mem, watch)))))
	for i, fs := range images {
		db, err := Open("s", secret, inMem(fs))
		if errors.Is(err, ErrNotExist) {
			db, err = Create("s", secret, inMem(fs))
		}
		if err != nil {
			t.Fatalf("crash at operation %d of %d: %v", i, len(images), err)
		}
		closed(t, db)
	}
	t.Logf("%d crashes", len(images))
}

// TestCrashUnderManyWriters takes images while eight writers share syncs.
func TestCrashUnderManyWriters(t *testing.T) {
	const writers, each = 8, 30
	rng := rand.New(rand.NewPCG(4, 4))
	mem := vfs.NewCrashableMem()
	type image struct {
		fs    *vfs.MemFS
		acked [writers]uint64
	}
	var (
		mu     sync.Mutex
		images []image
		acked  [writers]atomic.Uint64
		ops    int
	)
	watch := errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if ops++; op.Kind.ReadOrWrite() == errorfs.OpIsRead || ops%5 != 0 {
			return nil
		}
		var i image
		for w := range writers {
			i.acked[w] = acked[w].Load()
		}
		i.fs = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: ops % 3 * 50, RNG: rng})
		images = append(images, i)
		return nil
	})
	closed(t, must(Create("s", secret, inMem(mem))))
	db := must(Open("s", secret, inMem(errorfs.Wrap(mem, watch))))
	key := func(w int, part byte) []byte { return Key(SpaceTest, part, uint64(w)) }
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := uint64(1); n <= each; n++ {
				v := binary.BigEndian.AppendUint64(nil, n)
				err := db.Update(func(tx *Tx) error {
					return errors.Join(tx.Set(key(w, 1), v), tx.Set(key(w, 2), v))
				})
				if err != nil {
					t.Error(err)
				}
				acked[w].Store(n)
			}
		})
	}
	wg.Wait()
	closed(t, db)
	for i, image := range images {
		db := must(Open("s", secret, inMem(image.fs)))
		err := db.View(func(tx *Tx) error {
			for w, acked := range image.acked {
				a, err := tx.Get(key(w, 1))
				if errors.Is(err, ErrNotFound) && acked == 0 {
					continue
				}
				b, err2 := tx.Get(key(w, 2))
				if err := errors.Join(err, err2); err != nil {
					return err
				}
				if !bytes.Equal(a, b) || binary.BigEndian.Uint64(a) < acked {
					t.Errorf("image %d: writer %d has %x and %x, %d acknowledged", i, w, a, b, acked)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("image %d: %v", i, err)
		}
		closed(t, db)
	}
	t.Logf("%d images", len(images))
}
