package store

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// snapshot is a state of the store shared by the DB and the Views that run on
// it; the last to release it frees it.
type snapshot struct {
	p    *pebble.Snapshot
	refs atomic.Int64
}

func newSnapshot(p *pebble.DB) *snapshot {
	s := &snapshot{p: p.NewSnapshot()}
	s.refs.Store(1)
	return s
}

// release gives a snapshot back. The engine frees it under its main lock, which
// is held for ever by whoever hits a failing disk: so nobody waits for it but
// shutdown.
func (db *DB) release(s *snapshot) {
	if s.refs.Add(-1) == 0 {
		db.freed.Go(func() { s.p.Close() })
	}
}

// acquire returns the last durable state.
func (db *DB) acquire() *snapshot {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.newest.refs.Add(1)
	return db.newest
}

// publish makes s what View shows.
func (db *DB) publish(s *snapshot) {
	db.mu.Lock()
	old := db.newest
	db.newest = s
	db.mu.Unlock()
	db.release(old)
}
