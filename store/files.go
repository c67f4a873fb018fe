package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Names in the directory of a store.
const (
	lockName      = "LOCK"
	keysName      = "keys"
	unbornName    = "keys.new" // the keys file until Create is through
	inventoryName = "inventory"
	engineName    = "db"
	tempSuffix    = ".tmp"
)

// files is the directory of a store, locked for this DB.
type files struct {
	fs   vfs.FS
	dir  string
	lock io.Closer // nil for a store in memory
	root [32]byte  // the store key
}

func (f *files) path(name string) string { return f.fs.PathJoin(f.dir, name) }

// has reports whether there is a file of this name. A disk that does not say is
// no answer: what seems to be missing is made anew.
func (f *files) has(name string) (bool, error) {
	_, err := f.fs.Stat(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, diskError("look for "+f.path(name), err)
	}
	return true, nil
}

// presence is what tells a finished store from one that Create left behind.
type presence struct{ keys, unborn, engine bool }

func (f *files) look() (p presence, err error) {
	if p.keys, err = f.has(keysName); err == nil {
		p.unborn, err = f.has(unbornName)
	}
	if err == nil {
		p.engine, err = f.has(engineName)
	}
	return p, err
}

// acquire takes the lock of the directory.
func (f *files) acquire() error {
	lock, err := f.fs.Lock(f.path(lockName))
	switch {
	case err == nil:
		f.lock = lock
		return nil
	case errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EAGAIN),
		errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EIO),
		errors.Is(err, syscall.EDQUOT), vfs.IsNoSpaceError(err):
		return diskError("lock "+f.dir, err)
	}
	return fmt.Errorf("%w: %s", ErrInUse, f.dir)
}

func (f *files) close() {
	if f.lock != nil {
		f.lock.Close()
		f.lock = nil
	}
	f.root = [32]byte{}
}

func readFile(fsys vfs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmallFile+1))
	if err == nil && len(b) > maxSmallFile {
		return nil, fmt.Errorf("%w: %s is too long", ErrDamaged, path)
	}
	return b, err
}

// writeFile replaces the file at path: after a crash it is the old or the new
// one, whole; once writeFile returns nil it is the new one.
func writeFile(fsys vfs.FS, path string, b []byte) error {
	temp := path + tempSuffix
	f, err := fsys.Create(temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return diskError("create "+temp, err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed // one cause is enough, and one line
	}
	if err != nil {
		return diskError("write "+temp, err)
	}
	return rename(fsys, temp, path)
}

// rename moves a file within its directory, durably.
func rename(fsys vfs.FS, old, path string) error {
	if err := fsys.Rename(old, path); err != nil {
		return diskError("rename "+old, err)
	}
	return syncDir(fsys, fsys.PathDir(path))
}

func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return diskError("open "+dir, err)
	}
	err = d.Sync()
	if closed := d.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return diskError("sync "+dir, err)
	}
	return nil
}
