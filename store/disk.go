package store

import (
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// diskFS is the disk, but for its owner alone: what it creates is 0600, or 0700
// for directories, whatever the umask.
type diskFS struct{ vfs.FS }

func (d diskFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if err := touch(name); err != nil {
		return nil, err
	}
	return d.FS.OpenReadWrite(name, c)
}

func (d diskFS) MkdirAll(dir string, _ os.FileMode) error { return os.MkdirAll(dir, 0o700) }

// Lock creates the lock file itself but never opens one that exists: closing
// any descriptor of a locked file would free the lock that this process holds.
func (d diskFS) Lock(name string) (io.Closer, error) {
	if err := touch(name); err != nil && !os.IsExist(err) {
		return nil, err
	}
	return d.FS.Lock(name)
}

func touch(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}
