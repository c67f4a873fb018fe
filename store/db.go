package store

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// DB is an open store. Its methods may be called from any goroutine.
type DB struct {
	p     *pebble.DB
	files *files // the directory, its lock and its keys
	meta  meta
	cost  cost // of Argon2id for a new passphrase

	fault *fault
	gate  *gate

	writer  sync.Mutex     // held while the function of an Update runs
	wrote   bool           // guarded by writer: something is in the WAL only
	hot     map[string]any // guarded by writer: see Tx.Hot
	toApply chan *commit
	toSync  chan *commit  // sent to by the applier only
	synced  chan struct{} // closed when the syncer ends

	mu     sync.Mutex // guards newest, closed and adding to active
	newest *snapshot  // the last durable state: what View shows
	closed bool
	active sync.WaitGroup // Views and Updates that run
	freed  sync.WaitGroup // snapshots on their way back to the engine
}

// Incarnation is random for each store that was ever created: a peer that
// remembers a position in it learns from this that the position is void.
func (db *DB) Incarnation() [16]byte { return db.meta.incarnation }

// Err returns what made the store read-only (ErrFull, ErrIO, ErrDamaged), or nil.
func (db *DB) Err() error { return db.fault.get() }

// Failed is closed when Err becomes an error.
func (db *DB) Failed() <-chan struct{} { return db.fault.hit }

// begin registers a transaction, which ends with db.active.Done.
func (db *DB) begin() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return ErrClosed
	}
	db.active.Add(1)
	return nil
}

// View runs fn over a snapshot of the last durable state. It waits for nobody
// and shows nothing that is not yet synced.
func (db *DB) View(fn func(tx *Tx) error) error {
	if err := db.begin(); err != nil {
		return err
	}
	defer db.active.Done()
	s := db.acquire()
	defer db.release(s)
	tx := &Tx{r: s.p}
	defer tx.end()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.err
}

// Update runs fn alone among writers; reads inside see its own writes. What it
// wrote happens as one and is on disk when Update returns nil. If fn returns an
// error nothing happened. If the disk fails Update returns ErrFull or ErrIO:
// the transaction was not acknowledged, and every later Update returns the same
// until the store is closed and opened again. fn must not call Update.
func (db *DB) Update(fn func(tx *Tx) error) error { return db.update(fn, false) }

// UpdateLater is Update that does not wait for the disk: it returns nil once the
// next Update sees what fn wrote. Hooks of OnCommit tell when it is durable. If
// the disk fails before that they are never called, and every later Update says
// so.
func (db *DB) UpdateLater(fn func(tx *Tx) error) error { return db.update(fn, true) }

func (db *DB) update(fn func(tx *Tx) error, later bool) error {
	if err := db.begin(); err != nil {
		return err
	}
	defer db.active.Done()
	c, err := db.stage(fn)
	switch {
	case c == nil:
		return err
	case later && err == nil:
		return db.fault.get()
	}
	if failed := db.wait(c); failed != nil {
		return failed
	}
	return err
}

// stage runs fn and applies what it wrote. Even when fn fails its outcome may
// rest on a transaction that is not durable yet, so a commit that writes
// nothing waits for that one; only a failed store returns no commit.
func (db *DB) stage(fn func(tx *Tx) error) (*commit, error) {
	db.writer.Lock()
	defer db.writer.Unlock()
	if err := db.fault.get(); err != nil {
		return nil, err
	}
	b := db.p.NewIndexedBatch()
	tx := &Tx{r: b, batch: b, warm: db.hot}
	defer tx.end()
	kept := false
	defer func() {
		if !kept {
			b.Close()
		}
	}()
	err := fn(tx)
	if err == nil {
		err = tx.err
	}
	c := newCommit()
	if err == nil {
		c.hooks, c.onApply = tx.hooks, tx.apply
		if !b.Empty() {
			c.batch, kept, db.wrote = b, true, true
		}
	}
	db.apply(c)
	if err == nil {
		db.remember(tx)
	}
	return c, err
}

// Close waits for transactions that run, writes out what is in memory only,
// so that the next Open is quick, and frees the store. Everything that was
// acknowledged is on disk with or without Close.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.mu.Unlock()
	db.active.Wait()
	defer db.files.close()
	close(db.toApply)
	done := make(chan error, 1)
	go func() { done <- db.shutdown() }()
	select {
	case err := <-done:
		if err == nil {
			err = db.files.writeInventory()
		}
		return err
	case <-db.fault.hit:
		db.gate.close()
		return db.fault.get()
	}
}

// shutdown closes the engine in good order. It does not return if the disk fails.
func (db *DB) shutdown() error {
	<-db.synced
	db.release(db.newest)
	db.freed.Wait()
	if db.wrote {
		if err := db.p.Flush(); err != nil {
			return readError("close", err)
		}
	}
	return readError("close", db.p.Close())
}
