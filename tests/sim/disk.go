package sim

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A trouble is what a disk does to the next transaction.
type trouble int32

const (
	fine   trouble = iota
	before         // the machine stops before the transaction is synced
	after          // the machine stops just after
	full           // there is no space left
	broken         // the transaction cannot be synced
)

// A disk is a file system in memory that can stop at the sync of a transaction,
// and then holds what a real disk would hold. Writers of the store go one by one
// here, so there is one sync of the log for each transaction.
type disk struct {
	vfs.FS
	mem   *vfs.MemFS
	next  atomic.Int32 // a trouble
	left  *vfs.MemFS   // what the stop has left; nil: it runs
	loses *rand.Rand   // whether what was not synced is lost
}

func newDisk(loses *rand.Rand) *disk {
	d := &disk{loses: loses}
	d.use(vfs.NewCrashableMem())
	return d
}

func (d *disk) use(m *vfs.MemFS) {
	d.FS, d.mem, d.left = m, m, nil
	d.next.Store(int32(fine))
}

// image returns a copy of what is synced.
func (d *disk) image() *vfs.MemFS { return d.mem.CrashClone(vfs.CrashCloneCfg{}) }

// stop keeps what a machine that stops now has on its disk: of what is not
// synced all or nothing (tests of the store have parts of it lost).
func (d *disk) stop(kept int) {
	if d.left == nil {
		d.left = d.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: d.loses})
	}
}

// sync runs one sync of the log of transactions.
func (d *disk) sync(f func() error) error {
	switch trouble(d.next.Load()) {
	case before:
		d.next.Store(int32(fine))
		d.stop(100 * d.loses.IntN(2))
	case after:
		d.next.Store(int32(fine))
		err := f()
		d.stop(0)
		return err
	case broken:
		return syscall.EIO
	}
	return f()
}

// Create makes a file that is watched.
func (d *disk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return d.watch(f, name), err
}

// ReuseForWrite takes an old file for a new one.
func (d *disk) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(old, name, c)
	return d.watch(f, name), err
}

func (d *disk) watch(f vfs.File, name string) vfs.File {
	if f == nil || !strings.HasSuffix(name, ".log") {
		return f
	}
	return &logFile{f, d}
}

// A logFile is a file of the log of transactions.
type logFile struct {
	vfs.File
	d *disk
}

func (f *logFile) Write(p []byte) (int, error) {
	if trouble(f.d.next.Load()) == full {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

func (f *logFile) Sync() error     { return f.d.sync(f.File.Sync) }
func (f *logFile) SyncData() error { return f.d.sync(f.File.SyncData) }
