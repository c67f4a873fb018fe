package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// sealedFS is the file system that Pebble sees: every file is sealed with a key
// of its own below it (docs/spec/08-store.md, sections 3 to 5). It offers what
// Pebble uses: files are created, written from start to end once, and read;
// never appended to later and never written in the middle.
type sealedFS struct {
	inner vfs.FS
	root  [32]byte // the store key
	gate  *gate
}

var errUnused = errors.New("store: the engine does not use this operation")

// Create makes the name of the file durable, too, before it returns. Pebble
// syncs the directory only after it has moved its marker to a new MANIFEST and
// removed the old marker; a disk that kept these in another order would leave a
// store without a MANIFEST.
func (fs *sealedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	var f vfs.File
	fs.gate.do("create file", func() (err error) {
		f, err = fs.inner.Create(name, c)
		return err
	})
	fs.gate.keep(f)
	h, keys := newHeader(fs.root, fs.inner.PathBase(name))
	w := fileWriter{inner: f, gate: fs.gate, keys: keys}
	w.write(h[:])
	if keys.mode == modeStream {
		w.sync() // nothing is ever acknowledged in a stream without a header
	}
	fs.gate.do("sync directory", func() error { return syncDir(fs.inner, fs.inner.PathDir(name)) })
	if keys.mode == modeStream {
		return &streamWriter{fileWriter: w}, nil
	}
	return &pageWriter{fileWriter: w}, nil
}

func (fs *sealedFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	fs.gate.enter(false)
	defer fs.gate.ops.RUnlock()
	f, err := fs.inner.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	r, err := fs.reader(f, fs.inner.PathBase(name))
	if err != nil {
		f.Close()
		fs.gate.stumble()
		return nil, fmt.Errorf("%s: %w", fs.inner.PathBase(name), err)
	}
	fs.gate.keep(f)
	return r, nil
}

func (fs *sealedFS) reader(f vfs.File, name string) (vfs.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var h [headerSize]byte
	n, err := f.ReadAt(h[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	keys, err := openHeader(fs.root, name, h[:n])
	base := fileReader{inner: f, gate: fs.gate, keys: keys, name: name, info: info}
	if modeOf(name) == modeStream {
		if err != nil && info.Size() <= headerSize {
			return &streamReader{fileReader: base, ended: true}, nil // a crash inside Create
		}
		return &streamReader{fileReader: base, at: headerSize, sure: headerSize}, err
	}
	if err != nil {
		return nil, err
	}
	return newPageReader(base)
}

// ReuseForWrite does not reuse: a keystream serves one file.
func (fs *sealedFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.Create(name, c)
	if err != nil {
		return nil, err
	}
	return f, fs.Remove(old)
}

func (fs *sealedFS) Rename(old, name string) error {
	if a, b := boundName(fs.inner.PathBase(old)), boundName(fs.inner.PathBase(name)); a != b {
		return fmt.Errorf("%w: rename %s to %s", errUnused, a, b)
	}
	fs.gate.do("rename file", func() error { return fs.inner.Rename(old, name) })
	return nil
}

func (fs *sealedFS) Remove(name string) error {
	return fs.gate.try(func() error { return fs.inner.Remove(name) })
}

func (fs *sealedFS) RemoveAll(name string) error {
	return fs.gate.try(func() error { return fs.inner.RemoveAll(name) })
}

func (fs *sealedFS) MkdirAll(dir string, _ os.FileMode) error {
	fs.gate.do("make directory", func() error { return fs.inner.MkdirAll(dir, 0o700) })
	return nil
}

// Lock does nothing: the DB holds the lock of the whole store directory.
func (fs *sealedFS) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (fs *sealedFS) OpenDir(name string) (vfs.File, error) {
	fs.gate.enter(false)
	defer fs.gate.ops.RUnlock()
	f, err := fs.inner.OpenDir(name)
	if err != nil {
		return nil, err
	}
	fs.gate.keep(f)
	return &dirFile{File: f, gate: fs.gate}, nil
}

func (fs *sealedFS) Stat(name string) (vfs.FileInfo, error) {
	info, err := fs.inner.Stat(name)
	if err != nil || info.IsDir() || modeOf(fs.inner.PathBase(name)) == modeStream {
		return info, err
	}
	_, size, err := pageSpan(info.Size())
	return sizedInfo{info, size}, err
}

func (fs *sealedFS) Link(string, string) error { return errUnused }

func (fs *sealedFS) OpenReadWrite(string, vfs.DiskWriteCategory, ...vfs.OpenOption) (vfs.File, error) {
	return nil, errUnused
}

func (fs *sealedFS) List(dir string) ([]string, error) { return fs.inner.List(dir) }
func (fs *sealedFS) PathBase(path string) string       { return fs.inner.PathBase(path) }
func (fs *sealedFS) PathJoin(elem ...string) string    { return fs.inner.PathJoin(elem...) }
func (fs *sealedFS) PathDir(path string) string        { return fs.inner.PathDir(path) }
func (fs *sealedFS) Unwrap() vfs.FS                    { return fs.inner }
func (fs *sealedFS) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	return fs.inner.GetDiskUsage(path)
}

// modeOf says how a file is laid out: what Pebble reads from start to end and
// syncs as it grows is a stream; all else is pages.
func modeOf(name string) mode {
	if strings.HasSuffix(name, ".log") || strings.HasPrefix(name, "MANIFEST-") {
		return modeStream
	}
	return modePages
}

// boundName is the name that a file's key is bound to. Pebble renames nothing
// but a fresh OPTIONS file.
func boundName(name string) string {
	if strings.HasSuffix(name, ".dbtmp") || strings.HasPrefix(name, "OPTIONS-") {
		return "OPTIONS"
	}
	return name
}

// sizedInfo is the FileInfo of a file whose contents are shorter than the file.
type sizedInfo struct {
	vfs.FileInfo
	size int64
}

func (i sizedInfo) Size() int64 { return i.size }

// dirFile is a directory open for syncing.
type dirFile struct {
	vfs.File
	gate *gate
}

func (d *dirFile) Sync() error {
	d.gate.do("sync directory", d.File.Sync)
	return nil
}

func (d *dirFile) SyncData() error { return d.Sync() }

func (d *dirFile) Close() error {
	return d.gate.drop(d.File)
}
