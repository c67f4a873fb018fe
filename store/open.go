package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of a store; the zero value is right for a desktop.
type Options struct {
	// FS is where the files lie; nil is the disk.
	FS vfs.FS
	// cost of Argon2id; zero is desktopCost. For tests of this package.
	cost cost
}

func (o Options) kdf() cost {
	if o.cost == (cost{}) {
		return desktopCost
	}
	return o.cost
}

// Create makes a new store in dir, which need not exist, and opens it. Nothing
// but a finished store refuses it (ErrExists): what a Create that was cut short
// left behind is replaced.
func Create(dir string, u Unlock, o Options) (*DB, error) {
	f, err := o.files(dir)
	if err != nil {
		return nil, err
	}
	if err := f.fs.MkdirAll(f.dir, 0o700); err != nil {
		return nil, diskError("make "+dir, err)
	}
	if err := f.acquire(); err != nil {
		return nil, err
	}
	db, err := create(f, u, o.kdf())
	if err != nil {
		f.close()
		return nil, fmt.Errorf("create store in %s: %w", dir, err)
	}
	db.cost = o.kdf()
	return db, nil
}

func create(f *files, u Unlock, c cost) (*DB, error) {
	switch p, err := f.look(); {
	case err != nil:
		return nil, err
	case p.keys:
		return nil, ErrExists
	case p.engine && !p.unborn:
		return nil, errNoKeys
	}
	if err := f.fs.RemoveAll(f.path(engineName)); err != nil {
		return nil, diskError("clear", err)
	}
	u, err := u.load(f.fs, true)
	if err != nil {
		return nil, err
	}
	m := newMeta()
	rand.Read(f.root[:])
	s, err := newSlot(f.root, u, c)
	if err != nil {
		return nil, err
	}
	k := &keysFile{slots: []slot{s}, meta: sealMeta(f.root, m)}
	if err := writeFile(f.fs, f.path(unbornName), k.encode()); err != nil {
		return nil, err
	}
	db, err := openEngine(f, m, true)
	if err != nil {
		return nil, err
	}
	err = rename(f.fs, f.path(unbornName), f.path(keysName))
	if err == nil {
		err = syncDir(f.fs, f.fs.PathDir(f.dir))
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

var errNoKeys = fmt.Errorf("%w: the keys file is missing", ErrDamaged)

// Open opens the store in dir: ErrNotExist, ErrInUse, ErrLocked, ErrNewer,
// ErrOlder, ErrDamaged, or ErrFull and ErrIO when the disk does not serve.
func Open(dir string, u Unlock, o Options) (*DB, error) {
	f, err := o.files(dir)
	if err != nil {
		return nil, err
	}
	switch p, err := f.look(); {
	case err != nil:
		return nil, fmt.Errorf("open store in %s: %w", dir, err)
	case !p.keys && (!p.engine || p.unborn):
		return nil, fmt.Errorf("%w: %s", ErrNotExist, dir)
	}
	if err := f.acquire(); err != nil {
		return nil, err
	}
	db, err := open(f, u)
	if err != nil {
		f.close()
		return nil, fmt.Errorf("open store in %s: %w", dir, err)
	}
	db.cost = o.kdf()
	return db, nil
}

// NeedsKeyFile reports whether a key file, and no passphrase, opens the store in
// dir; ErrNotExist if there is none, as for Open.
func NeedsKeyFile(dir string, o Options) (bool, error) {
	f, err := o.files(dir)
	if err != nil {
		return false, err
	}
	switch p, err := f.look(); {
	case err != nil:
		return false, err
	case !p.keys && (!p.engine || p.unborn):
		return false, ErrNotExist
	}
	k, err := f.readKeys()
	return err == nil && !slices.ContainsFunc(k.slots, func(s slot) bool { return s.kind != slotKeyFile }), err
}

func open(f *files, u Unlock) (*DB, error) {
	k, err := f.readKeys()
	if err != nil {
		return nil, err
	}
	if u, err = u.load(f.fs, false); err != nil {
		return nil, err
	}
	if f.root, _, err = k.unlock(u); err != nil {
		return nil, err
	}
	m, err := openMeta(f.root, k.meta)
	if err != nil {
		return nil, err
	}
	if err := f.checkInventory(); err != nil {
		return nil, err
	}
	return openEngine(f, m, false)
}

func (f *files) readKeys() (*keysFile, error) {
	b, err := readFile(f.fs, f.path(keysName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKeys
	}
	if err != nil {
		return nil, readError("read keys file", err)
	}
	return decodeKeys(b)
}

// ChangePassphrase replaces the secret old, which must open the store, by
// fresh. After a crash one of the two opens it. Old copies of the keys file
// (backups, what the disk has not overwritten) still open with old.
func (db *DB) ChangePassphrase(old, fresh Unlock) error {
	if err := db.begin(); err != nil {
		return err
	}
	defer db.active.Done()
	db.writer.Lock()
	defer db.writer.Unlock()
	f := db.files
	k, err := f.readKeys()
	if err != nil {
		return err
	}
	if old, err = old.load(f.fs, false); err != nil {
		return err
	}
	root, i, err := k.unlock(old)
	if err != nil {
		return err
	}
	if !bytes.Equal(root[:], f.root[:]) {
		return fmt.Errorf("%w: keys file of another store", ErrDamaged)
	}
	if fresh, err = fresh.load(f.fs, true); err != nil {
		return err
	}
	if k.slots[i], err = newSlot(root, fresh, db.cost); err != nil {
		return err
	}
	return writeFile(f.fs, f.path(keysName), k.encode())
}

// OpenMemory returns a new store that lives in memory only, for tests and --temp.
func OpenMemory() *DB {
	f := &files{fs: vfs.NewMem(), dir: "store"}
	rand.Read(f.root[:])
	db, err := openEngine(f, newMeta(), true)
	if err != nil {
		panic("store: open in memory: " + err.Error())
	}
	return db
}

func newMeta() meta {
	m := meta{schema: Schema}
	rand.Read(m.incarnation[:])
	return m
}

// files names the directory. On disk the name is made unique, because a second
// lock of this process on one file is told by its name only.
func (o Options) files(dir string) (*files, error) {
	if o.FS != nil {
		return &files{fs: o.FS, dir: dir}, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, diskError("find "+dir, err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	return &files{fs: diskFS{vfs.Default}, dir: abs}, nil
}

// openEngine starts Pebble in the directory f. The start runs aside because it
// does not come back if the disk fails (see gate).
func openEngine(f *files, m meta, create bool) (*DB, error) {
	fault := newFault()
	db := &DB{
		hot:     map[string]any{},
		files:   f,
		meta:    m,
		fault:   fault,
		gate:    newGate(fault),
		toApply: make(chan *commit),
		toSync:  make(chan *commit, maxPending),
		synced:  make(chan struct{}),
	}
	s := &scheduler{fault: fault}
	o := engineOptions(&sealedFS{inner: f.fs, root: f.root, gate: db.gate}, fault, s)
	o.ErrorIfExists, o.ErrorIfNotExists = create, !create
	done := make(chan error, 1)
	go func() {
		p, err := pebble.Open(f.path(engineName), o)
		if db.p = p; err == nil {
			s.begin()
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			db.gate.close()
			return nil, openError(err)
		}
	case <-fault.hit:
		db.gate.close()
		return nil, fault.get()
	}
	db.newest = newSnapshot(db.p)
	go db.applier()
	go db.syncer()
	return db, nil
}

func openError(err error) error {
	if errors.Is(err, pebble.ErrDBDoesNotExist) || errors.Is(err, pebble.ErrDBNotPristine) {
		return fmt.Errorf("%w: files of the database are missing", ErrDamaged)
	}
	return readError("start engine", err)
}
