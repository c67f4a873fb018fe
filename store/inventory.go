package store

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"causeway/internal/label"
)

// The inventory is written by Close and taken away by Open: the name and size
// of each file of the database, sealed. With it a file that was cut short or
// lost while the store was closed is found before the engine starts; without
// it (after a crash) a MANIFEST cut short looks like one that a crash tore, and
// the engine would delete the tables that it no longer names.
//
// Its bytes: salt(16), then sealed: for each file, in order of names, the
// length of its name as uvarint, the name, its size as uvarint.

type item struct {
	name string
	size int64
}

func (f *files) takeStock() ([]item, error) {
	names, err := f.fs.List(f.path(engineName))
	if err != nil {
		return nil, readError("list", err)
	}
	slices.Sort(names)
	var items []item
	for _, name := range names {
		info, err := f.fs.Stat(f.fs.PathJoin(f.path(engineName), name))
		if err != nil {
			return nil, readError("look at "+name, err)
		}
		items = append(items, item{name, info.Size()})
	}
	return items, nil
}

func (f *files) writeInventory() error {
	items, err := f.takeStock()
	if err != nil {
		return err
	}
	b := make([]byte, 16)
	rand.Read(b)
	b = newGCM(f.inventoryKey(b)).Seal(b, nonce(0, false), encodeItems(items), nil)
	return writeFile(f.fs, f.path(inventoryName), b)
}

func (f *files) inventoryKey(salt []byte) []byte {
	key, err := hkdf.Key(sha256.New, f.root[:], salt, label.StoreInventory, 32)
	if err != nil {
		panic(err) // only for a length that HKDF cannot give
	}
	return key
}

// checkInventory compares the inventory, if there is one, with what is there,
// and removes it durably before anything can change.
func (f *files) checkInventory() error {
	path := f.path(inventoryName)
	b, err := readFile(f.fs, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return readError("read inventory", err)
	}
	want, err := f.openInventory(b)
	if err != nil {
		return err
	}
	for _, w := range want {
		info, err := f.fs.Stat(f.fs.PathJoin(f.path(engineName), w.name))
		if err != nil {
			return readError("look at "+w.name, err)
		}
		if info.Size() != w.size {
			return fmt.Errorf("%w: %s has %d bytes, had %d", ErrDamaged, w.name, info.Size(), w.size)
		}
	}
	if err := f.fs.Remove(path); err != nil {
		return diskError("remove inventory", err)
	}
	return syncDir(f.fs, f.dir)
}

func (f *files) openInventory(b []byte) ([]item, error) {
	if len(b) >= 16 {
		plain, err := newGCM(f.inventoryKey(b[:16])).Open(nil, nonce(0, false), b[16:], nil)
		if err == nil {
			return decodeItems(plain)
		}
	}
	return nil, errInventory
}

var errInventory = fmt.Errorf("%w: inventory", ErrDamaged)

func encodeItems(items []item) (b []byte) {
	for _, i := range items {
		b = binary.AppendUvarint(b, uint64(len(i.name)))
		b = append(b, i.name...)
		b = binary.AppendUvarint(b, uint64(i.size))
	}
	return b
}

// decodeItems takes exactly what encodeItems makes.
func decodeItems(b []byte) (items []item, err error) {
	for r := bytes.NewReader(b); r.Len() > 0; {
		n, err := binary.ReadUvarint(r)
		if err != nil || n > uint64(r.Len()) {
			return nil, errInventory
		}
		name := make([]byte, n)
		r.Read(name)
		size, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, errInventory
		}
		items = append(items, item{string(name), int64(size)})
	}
	if !bytes.Equal(encodeItems(items), b) {
		return nil, errInventory
	}
	return items, nil
}
