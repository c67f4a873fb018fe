package store

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// gate stands before every operation that changes the disk. At the first
// failure, and once the store is shut, whoever comes to the gate stays there
// for ever.
//
// Why not hand the error to Pebble: it answers failures of the WAL by a panic
// that unlocks an unlocked mutex, and failures of the MANIFEST by leaving the
// process (db.go rotateWAL, version_set.go UpdateVersionLocked of v2.1.7). At
// every place where it writes it holds no lock that readers need, so a
// goroutine that stays in its write harms nobody; and an engine that was given
// up can never touch files that a new one has opened meanwhile.
type gate struct {
	fault *fault

	ops  sync.RWMutex // held for reading during an operation
	shut bool         // guarded by ops

	mu   sync.Mutex // guards open
	open map[vfs.File]struct{}
}

func newGate(f *fault) *gate {
	return &gate{fault: f, open: make(map[vfs.File]struct{})}
}

// enter lets an operation begin; it ends with g.ops.RUnlock.
func (g *gate) enter(write bool) {
	g.ops.RLock()
	if g.shut || write && g.fault.get() != nil {
		g.ops.RUnlock()
		select {}
	}
}

// do runs one operation that changes the disk. It returns only if it succeeded.
func (g *gate) do(what string, op func() error) {
	g.enter(true)
	err := op()
	g.ops.RUnlock()
	if err != nil {
		g.fault.set(diskError(what, err))
		select {}
	}
}

// try runs an operation that changes the disk and that Pebble can do without.
func (g *gate) try(op func() error) error {
	g.enter(true)
	defer g.ops.RUnlock()
	return op()
}

// stumble slows down a reader that met damage once more: Pebble begins some of
// its work in the background again at once, and without end.
func (g *gate) stumble() {
	if g.fault.get() != nil {
		<-time.After(stumblePause)
	}
}

// readAt reads from an open file. Reading goes on after a failure.
func (g *gate) readAt(f vfs.File, p []byte, off int64) (int, error) {
	g.enter(false)
	defer g.ops.RUnlock()
	return f.ReadAt(p, off)
}

// keep notes a file that is open.
func (g *gate) keep(f vfs.File) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[f] = struct{}{}
}

// drop closes a file, unless it is closed already.
func (g *gate) drop(f vfs.File) error {
	g.mu.Lock()
	_, open := g.open[f]
	delete(g.open, f)
	g.mu.Unlock()
	if !open {
		return nil
	}
	return f.Close()
}

// close ends a store that failed: no operation is under way or will begin, and
// no file is open, once it returns.
func (g *gate) close() {
	g.ops.Lock()
	g.shut = true
	g.ops.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for f := range g.open {
		f.Close() // nothing can be lost: what was to be kept was synced
	}
	clear(g.open)
}
