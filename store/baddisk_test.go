package store

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// diskOp is one call of the store to its disk.
type diskOp struct {
	what  string // the method of vfs.FS or vfs.File
	path  string
	write bool // it changes the disk, or ends a change: all but opening, looking and reading
}

func (op diskOp) String() string { return op.what + " " + op.path }

// verdict is what a bad disk does with a call; the zero verdict is none.
type verdict struct {
	err   error
	after bool // fail although it happened; a write happens by half
	// stray, for a read: what comes lies elsewhere.
	stray func(f vfs.File, path string, p []byte, off int64) (int, error)
}

// badDisk asks a rule before every call. One that is cut off (power is gone)
// cannot be told by it; for that see vfs.MemFS.CrashClone.
type badDisk struct {
	vfs.FS
	mu   sync.Mutex
	rule func(op diskOp) verdict // guarded by mu; nil: nothing fails
}

func (d *badDisk) set(rule func(op diskOp) verdict) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rule = rule
}

func (d *badDisk) ask(what, path string, write bool) verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rule == nil {
		return verdict{}
	}
	return d.rule(diskOp{what, path, write})
}

// do runs a call under its verdict.
func (d *badDisk) do(what, path string, write bool, call func() error) error {
	v := d.ask(what, path, write)
	if v.err == nil {
		return call()
	}
	if v.after {
		_ = call()
	}
	return &os.PathError{Op: what, Path: path, Err: v.err}
}

func (d *badDisk) open(what, path string, write bool, call func() (vfs.File, error)) (f vfs.File, err error) {
	err = d.do(what, path, write, func() (err error) { f, err = call(); return err })
	if err != nil {
		if f != nil {
			f.Close()
		}
		return nil, err
	}
	return &badFile{File: f, disk: d, path: path, made: write}, nil
}

func (d *badDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return d.open("create", name, true, func() (vfs.File, error) { return d.FS.Create(name, c) })
}

func (d *badDisk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.open("open", name, false, func() (vfs.File, error) { return d.FS.Open(name, opts...) })
}

func (d *badDisk) OpenDir(name string) (vfs.File, error) {
	return d.open("opendir", name, false, func() (vfs.File, error) { return d.FS.OpenDir(name) })
}

func (d *badDisk) Remove(name string) error {
	return d.do("remove", name, true, func() error { return d.FS.Remove(name) })
}

func (d *badDisk) RemoveAll(name string) error {
	return d.do("removeall", name, true, func() error { return d.FS.RemoveAll(name) })
}

func (d *badDisk) Rename(old, name string) error {
	return d.do("rename", old, true, func() error { return d.FS.Rename(old, name) })
}

func (d *badDisk) MkdirAll(dir string, perm os.FileMode) error {
	return d.do("mkdir", dir, true, func() error { return d.FS.MkdirAll(dir, perm) })
}

func (d *badDisk) Lock(name string) (c io.Closer, err error) {
	v := d.ask("lock", name, true)
	if v.err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: v.err}
	}
	return d.FS.Lock(name)
}

func (d *badDisk) Stat(name string) (info vfs.FileInfo, err error) {
	err = d.do("stat", name, false, func() (err error) { info, err = d.FS.Stat(name); return err })
	return info, err
}

func (d *badDisk) List(dir string) (names []string, err error) {
	err = d.do("list", dir, false, func() (err error) { names, err = d.FS.List(dir); return err })
	return names, err
}

// badFile is a file of a bad disk.
type badFile struct {
	vfs.File
	disk *badDisk
	path string
	made bool  // to be written, not to be read
	pos  int64 // of Read
}

func (f *badFile) Write(p []byte) (n int, err error) {
	v := f.disk.ask("write", f.path, true)
	if v.err == nil {
		return f.File.Write(p)
	}
	if v.after {
		n, _ = f.File.Write(p[:len(p)/2])
	}
	return n, &os.PathError{Op: "write", Path: f.path, Err: v.err}
}

func (f *badFile) Sync() error     { return f.disk.do("sync", f.path, true, f.File.Sync) }
func (f *badFile) SyncData() error { return f.disk.do("sync", f.path, true, f.File.SyncData) }

func (f *badFile) Preallocate(off, n int64) error {
	return f.disk.do("preallocate", f.path, true, func() error { return f.File.Preallocate(off, n) })
}

// Close frees the file whatever the disk says, as close(2) does.
func (f *badFile) Close() error {
	v := f.disk.ask("close", f.path, f.made)
	if err := f.File.Close(); err != nil {
		return err
	}
	f.File = gone // what a failed engine still points to is not to hold a whole disk
	return v.err
}

var gone = vfs.NewMemFile(nil)

func (f *badFile) Stat() (info vfs.FileInfo, err error) {
	err = f.disk.do("stat", f.path, false, func() (err error) { info, err = f.File.Stat(); return err })
	return info, err
}

func (f *badFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *badFile) ReadAt(p []byte, off int64) (int, error) {
	v := f.disk.ask("read", fmt.Sprintf("%s at %d", f.path, off), false)
	switch {
	case v.err != nil:
		return 0, &os.PathError{Op: "read", Path: f.path, Err: v.err}
	case v.stray != nil:
		return v.stray(f.File, f.path, p, off)
	}
	return f.File.ReadAt(p, off)
}
