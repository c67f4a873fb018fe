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

func (f *files) has(name string) bool {
	_, err := f.fs.Stat(f.path(name))
	return err == nil
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
	if err = errors.Join(err, f.Close()); err != nil {
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
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return diskError("sync "+dir, err)
	}
	return nil
}
