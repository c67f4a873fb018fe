package store

import (
	"github.com/cockroachdb/pebble/v2"

	"causeway/internal/planted"
)

// commit is one transaction on its way to the disk: applied in order by the
// applier, made durable and acknowledged in the same order by the syncer. The
// writer lock is free again once it is applied, so that many wait for one fsync.
type commit struct {
	batch *pebble.Batch // nil if there is nothing to write: it only waits its turn
	hooks []func()
	// onApply runs in the applier while the writer waits with its lock held, and
	// so before the next transaction and before hooks.
	onApply []func()

	after   *snapshot     // the state after it; set by the applier
	applied chan struct{} // closed by the applier
	done    chan struct{} // closed by the syncer
	acked   bool          // guarded by fault.mu
}

func newCommit() *commit {
	return &commit{applied: make(chan struct{}), done: make(chan struct{})}
}

// apply hands c to the engine. Called with the writer lock held.
func (db *DB) apply(c *commit) {
	select {
	case db.toApply <- c:
	case <-db.fault.hit:
		return
	}
	select {
	case <-c.applied:
	case <-db.fault.hit:
	}
}

// wait returns nil once c is durable and its hooks have run.
func (db *DB) wait(c *commit) error {
	select {
	case <-c.done:
		return nil
	case <-db.fault.hit:
	}
	if db.fault.acknowledged(c) {
		<-c.done
		return nil
	}
	return db.fault.get()
}

// applier is the only goroutine that writes to Pebble. After a failure it may
// stay inside for ever; nobody waits for it then.
func (db *DB) applier() {
	defer close(db.toSync)
	for c := range db.toApply {
		if c.batch != nil {
			apply, with := db.p.ApplyNoSyncWait, pebble.Sync
			if planted.Is(planted.NoFsync) {
				apply, with = db.p.Apply, pebble.NoSync
			}
			if err := apply(c.batch, with); err != nil {
				db.fault.set(diskError("apply", err))
				return
			}
			c.after = newSnapshot(db.p)
		}
		for _, hook := range c.onApply {
			hook()
		}
		close(c.applied)
		db.toSync <- c
	}
}

// syncer acknowledges: nothing is visible to View, and no hook runs, before the
// WAL is synced.
func (db *DB) syncer() {
	defer close(db.synced)
	for c := range db.toSync {
		if c.batch != nil {
			if err := c.batch.SyncWait(); err != nil {
				db.fault.set(diskError("sync", err))
			}
		}
		if !db.fault.acknowledge(c) {
			return
		}
		if c.batch != nil {
			db.publish(c.after)
			c.batch.Close()
		}
		for _, hook := range c.hooks {
			hook()
		}
		close(c.done)
	}
}
