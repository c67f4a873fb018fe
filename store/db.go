package store

import (
	"crypto/rand"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of a store; the zero value is right for a desktop.
type Options struct {
	// FS is where the files lie; nil is the disk.
	FS vfs.FS
}

// DB is an open store. Its methods may be called from any goroutine.
type DB struct {
	p           *pebble.DB
	incarnation [16]byte

	writer sync.Mutex // one Update at a time runs its function

	mu     sync.Mutex // guards newest and closed
	newest *snapshot  // the last durable state: what View shows
	closed bool
}

// Incarnation is random for each store that was ever created: a peer that
// remembers a position in it learns from this that the position is void.
func (db *DB) Incarnation() [16]byte { return db.incarnation }

// OpenMemory returns a store that lives in memory only, for tests and --temp.
func OpenMemory() *DB {
	db, err := openPebble("store", vfs.NewMem())
	if err != nil {
		panic("store: open in memory: " + err.Error())
	}
	return db
}

func openPebble(dir string, fs vfs.FS) (*DB, error) {
	p, err := pebble.Open(dir, &pebble.Options{FS: fs, MemTableSize: 4 << 20, Logger: quiet{}})
	if err != nil {
		return nil, readError("open", err)
	}
	db := &DB{p: p}
	rand.Read(db.incarnation[:])
	db.newest = newSnapshot(p)
	return db, nil
}

// Create makes a new store in dir, which may exist if it is empty.
func Create(dir string, u Unlock, o Options) (*DB, error) {
	return Open(dir, u, o)
}

// Open opens the store in dir.
func Open(dir string, u Unlock, o Options) (*DB, error) {
	fs := o.FS
	if fs == nil {
		fs = vfs.Default
	}
	return openPebble(dir, fs)
}

// Close writes out what is in memory and frees the store.
func (db *DB) Close() error {
	db.writer.Lock()
	defer db.writer.Unlock()
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	db.newest.release()
	return db.p.Close()
}

// View runs fn over a snapshot of the last durable state.
func (db *DB) View(fn func(tx *Tx) error) error {
	s, err := db.acquire()
	if err != nil {
		return err
	}
	defer s.release()
	tx := &Tx{r: s.p}
	defer func() { tx.over = true }()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.err
}

// Update runs fn alone among writers; what it wrote happens as one, and is on
// disk when Update returns nil. If fn returns an error nothing happens.
func (db *DB) Update(fn func(tx *Tx) error) error {
	db.writer.Lock()
	defer db.writer.Unlock()
	if db.closed {
		return ErrClosed
	}
	b := db.p.NewIndexedBatch()
	tx := &Tx{r: b, batch: b}
	defer func() { tx.over = true }()
	if err := fn(tx); err != nil {
		b.Close()
		return err
	}
	if tx.err != nil {
		b.Close()
		return tx.err
	}
	if err := db.p.Apply(b, pebble.Sync); err != nil {
		return err
	}
	db.publish(newSnapshot(db.p))
	for _, f := range tx.hooks {
		f()
	}
	return b.Close()
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(string, ...any) {}
