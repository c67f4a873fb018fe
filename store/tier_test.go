package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The disk tier: each thing that a store does, alone, met by each fault at each
// of its calls to the disk in turn, until it ends without meeting the fault.

// rows is the contents of the test's space.
type table map[string]string

// witness knows what a store may hold: the state after each transaction, in the
// order in which they ran, and the last of them that was acknowledged.
type witness struct {
	mu      sync.Mutex
	states  []table
	acked   int
	secrets []Unlock // any of these may open it; the newest last
}

// update changes the store and remembers what it ought to hold then.
func (w *witness) update(db *DB, change func(rows table)) error {
	return db.Update(func(tx *Tx) error {
		w.mu.Lock()
		before := w.states[len(w.states)-1]
		n := len(w.states)
		w.mu.Unlock()
		after := maps.Clone(before)
		change(after)
		var errs []error
		for k := range before {
			if _, kept := after[k]; !kept {
				errs = append(errs, tx.Delete([]byte(k)))
			}
		}
		for k, v := range after {
			if before[k] != v {
				errs = append(errs, tx.Set([]byte(k), []byte(v)))
			}
		}
		w.mu.Lock()
		w.states = append(w.states, after)
		w.mu.Unlock()
		tx.OnCommit(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.acked = n
		})
		return errors.Join(errs...)
	})
}

// put writes rows with these numbers, of size bytes.
func (w *witness) put(db *DB, size int, numbers ...uint64) error {
	return w.update(db, func(rows table) {
		for _, n := range numbers {
			b := make([]byte, size)
			rng := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(len(rows))})
			rng.Read(b)
			rows[string(Key(SpaceTest, n))] = string(b)
		}
	})
}

// copy is the witness as it stands now.
func (w *witness) copy() *witness {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &witness{states: w.states[:len(w.states):len(w.states)], acked: w.acked, secrets: w.secrets[:len(w.secrets):len(w.secrets)]}
}

// holds says whether rows are those after a transaction that was acknowledged
// or a later one; exact: after the last acknowledged one.
func (w *witness) holds(rows table, exact bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.states) - 1
	if exact {
		last = w.acked
	}
	for n := max(w.acked, 0); n <= last; n++ {
		if maps.Equal(w.states[n], rows) {
			return nil
		}
	}
	for n, s := range w.states {
		if maps.Equal(s, rows) {
			return fmt.Errorf("shows transaction %d, acknowledged is %d of %d", n, w.acked, len(w.states)-1)
		}
	}
	return fmt.Errorf("%d rows that no transaction left; acknowledged is %d of %d", len(rows), w.acked, len(w.states)-1)
}

// tableOf reads the test's space forth, back and row by row, which must agree.
func tableOf(db *DB) (rows table, err error) {
	rows = table{}
	err = db.View(func(tx *Tx) error {
		for k, v := range tx.Scan([]byte{byte(SpaceTest)}) {
			rows[string(k)] = string(v)
		}
		if tx.Err() != nil {
			return tx.Err()
		}
		n := 0
		for k, v := range tx.ScanBack([]byte{byte(SpaceTest)}, nil) {
			one, err := tx.Get(k)
			if err != nil {
				return err
			}
			if n++; rows[string(k)] != string(v) || !bytes.Equal(one, v) {
				return fmt.Errorf("row %x differs by the way it is read", k)
			}
		}
		if tx.Err() == nil && n != len(rows) {
			return fmt.Errorf("%d rows forth, %d back", len(rows), n)
		}
		return nil
	})
	return rows, err
}

// trial is one run of one operation.
type trial struct {
	*witness
	mem  *vfs.MemFS
	disk *badDisk
	db   *DB // nil: not open
}

// operation is something that a store does.
type operation struct {
	name    string
	base    func() (*vfs.MemFS, *witness) // the disk before it
	opened  bool                          // it begins with the store open
	prepare func(tr *trial) error         // nil: nothing more before it
	run     func(tr *trial) error
}

func (tr *trial) open() (err error) {
	tr.db, err = Open("s", tr.secrets[0], inMem(tr.disk))
	return err
}

var freshSecret = Passphrase([]byte("battery staple"))

var operations = []operation{
	{name: "create", base: noStore, run: func(tr *trial) (err error) {
		tr.db, err = Create("s", secret, inMem(tr.disk))
		if err == nil {
			tr.acked = 0
		}
		return err
	}},
	{name: "open", base: closedStore, run: (*trial).open},
	{name: "recover", base: crashedStore, run: (*trial).open},
	{name: "append", base: crashedStore, opened: true, run: func(tr *trial) error { return tr.put(tr.db, 100, 500, 501) }},
	{name: "delete", base: closedStore, opened: true, run: func(tr *trial) error {
		return tr.update(tr.db, func(rows table) {
			for n := range uint64(20) {
				delete(rows, string(Key(SpaceTest, n*2)))
			}
		})
	}},
	{name: "group commit", base: closedStore, opened: true, run: groupCommit},
	{name: "burst", base: closedStore, opened: true, run: func(tr *trial) (err error) {
		for n := uint64(0); n < 6 && err == nil; n++ {
			err = tr.put(tr.db, 90_000, 600+n) // more than one memtable and one WAL
		}
		return err
	}},
	{name: "flush", base: crashedStore, opened: true, prepare: func(tr *trial) error { return tr.put(tr.db, 100, 700) },
		run: func(tr *trial) error { return aside(tr.db, tr.db.p.Flush) }},
	{name: "compact", base: closedStore, opened: true, run: compact},
	{name: "passphrase", base: closedStore, opened: true, run: changeTo(freshSecret)},
	{name: "key file", base: closedStore, opened: true, run: changeTo(KeyFile("key"))},
	{name: "close", base: crashedStore, opened: true, prepare: func(tr *trial) error { return tr.put(tr.db, 100, 800) },
		run: func(tr *trial) error { return tr.db.Close() }},
	{name: "close unchanged", base: closedStore, opened: true, run: func(tr *trial) error { return tr.db.Close() }},
}

// groupCommit has writers share syncs.
func groupCommit(tr *trial) error {
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { errs[i] = tr.put(tr.db, 100, 500+uint64(i), 0) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func compact(tr *trial) error {
	err := aside(tr.db, func() error { return tr.db.p.Compact(context.Background(), []byte{0}, []byte{255}, false) })
	if err != nil && tr.db.Err() == nil {
		return readError("compact", err) // what it read
	}
	return err
}

func changeTo(fresh Unlock) func(tr *trial) error {
	return func(tr *trial) error {
		tr.mu.Lock()
		old := tr.secrets[0]
		tr.secrets = append(tr.secrets, fresh)
		tr.mu.Unlock()
		err := tr.db.ChangePassphrase(old, fresh)
		if err == nil {
			tr.mu.Lock()
			tr.secrets = []Unlock{fresh}
			tr.mu.Unlock()
		}
		return err
	}
}

// noStore is an empty disk; nothing is acknowledged, not even that it is empty.
func noStore() (*vfs.MemFS, *witness) {
	return vfs.NewCrashableMem(), &witness{states: []table{{}}, acked: -1, secrets: []Unlock{secret}}
}

// closedStore has rows in several tables on two levels, and an inventory.
var closedStore = sync.OnceValues(func() (*vfs.MemFS, *witness) { return builtStore(true) })

// crashedStore has rows in tables and others in the WAL only.
var crashedStore = sync.OnceValues(func() (*vfs.MemFS, *witness) { return builtStore(false) })

func builtStore(clean bool) (*vfs.MemFS, *witness) {
	mem, w := noStore()
	w.acked = 0
	db := must(Create("s", secret, inMem(mem)))
	for i := range uint64(6) {
		numbers := make([]uint64, 12)
		for j := range numbers {
			numbers[j] = (i*7 + uint64(j)*3) % 40
		}
		if err := w.put(db, 300, numbers...); err != nil {
			panic(err)
		}
		if i < 4 {
			must(0, db.p.Flush())
		}
		if i == 1 {
			must(0, db.p.Compact(context.Background(), []byte{0}, []byte{255}, false))
		}
	}
	if clean {
		must(0, db.Close())
		return mem, w
	}
	defer db.Close()
	return mem.CrashClone(vfs.CrashCloneCfg{}), w
}

// begin makes a trial of o on a disk of its own.
func (o operation) begin(t *testing.T) *trial {
	t.Helper()
	mem, w := o.base()
	tr := &trial{witness: w.copy(), mem: mem.CrashClone(vfs.CrashCloneCfg{})}
	tr.disk = &badDisk{FS: tr.mem}
	if o.opened {
		if err := tr.open(); err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
	}
	if o.prepare != nil {
		if err := o.prepare(tr); err != nil {
			t.Fatalf("%s: prepare: %v", o.name, err)
		}
	}
	return tr
}

// bounded runs what must not hang. The bound is far more than any of it takes.
func bounded[T any](t *testing.T, what string, f func() T) T {
	t.Helper()
	done := make(chan T, 1)
	go func() { done <- f() }()
	select {
	case v := <-done:
		return v
	case <-time.After(time.Minute):
		t.Fatalf("%s hangs", what)
		panic("unreachable")
	}
}

// recovers opens what is on a disk that works again, holds it against the
// witness, and shows that it can be written, closed and opened once more.
func (w *witness) recovers(mem *vfs.MemFS) error {
	db, err := w.reopen(mem)
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	defer db.Close()
	rows, err := tableOf(db)
	if err == nil {
		err = w.holds(rows, false)
	}
	if err != nil {
		return fmt.Errorf("read again: %w", err)
	}
	w.states, w.acked = []table{rows}, 0
	if err := w.put(db, 10, 900); err != nil {
		return fmt.Errorf("write again: %w", err)
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("close again: %w", err)
	}
	if db, err = w.reopen(mem); err != nil {
		return fmt.Errorf("open a third time: %w", err)
	}
	defer db.Close()
	if rows, err = tableOf(db); err == nil {
		err = w.holds(rows, true)
	}
	return err
}

// reopen opens a store by whichever secret may open it, or makes the one whose
// making was cut short.
func (w *witness) reopen(mem *vfs.MemFS) (db *DB, err error) {
	for _, u := range w.secrets {
		if db, err = Open("s", u, inMem(mem)); !errors.Is(err, ErrLocked) {
			break
		}
	}
	if errors.Is(err, ErrNotExist) && w.acked < 0 {
		return Create("s", w.secrets[0], inMem(mem))
	}
	return db, err
}
