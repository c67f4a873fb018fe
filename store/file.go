package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"

	"causeway/internal/label"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// mode is how a sealed file is laid out after its header.
type mode byte

const (
	modePages  mode = 1
	modeStream mode = 2
)

const (
	headerSize  = 64
	headerMagic = "CSWY"
	fileFormat  = 1
	saltAt      = 16 // magic(4) format(1) mode(1) zero(10), then the salt
	checkAt     = 48
	tagSize     = 16

	maxPreallocate = 1 << 20 // bytes
)

// fileKeys is what one file's salt gives.
type fileKeys struct {
	mode mode
	aead cipher.AEAD
	mark [16]byte // says, in a stream, that all before it was synced
}

// newHeader draws the salt of a new file.
func newHeader(root [32]byte, name string) (h [headerSize]byte, k fileKeys) {
	copy(h[:], headerMagic)
	h[4], h[5] = fileFormat, byte(modeOf(name))
	rand.Read(h[saltAt:checkAt])
	k, check := deriveFile(root, h[saltAt:checkAt], name)
	copy(h[checkAt:], check[:])
	return h, k
}

// openHeader checks a header against the name that the file has now, and
// returns its keys.
func openHeader(root [32]byte, name string, h []byte) (fileKeys, error) {
	if len(h) != headerSize {
		return fileKeys{}, fmt.Errorf("%w: file header cut short", ErrDamaged)
	}
	want := [saltAt]byte{4: fileFormat, 5: byte(modeOf(name))}
	copy(want[:], headerMagic)
	k, check := deriveFile(root, h[saltAt:checkAt], name)
	if string(want[:]) != string(h[:saltAt]) || subtle.ConstantTimeCompare(check[:], h[checkAt:]) == 0 {
		return fileKeys{}, fmt.Errorf("%w: file header", ErrDamaged)
	}
	return k, nil
}

func deriveFile(root [32]byte, salt []byte, name string) (fileKeys, [16]byte) {
	m := modeOf(name)
	info := label.StoreFile + "\x00" + string(rune(m)) + boundName(name)
	okm, err := hkdf.Key(sha256.New, root[:], salt, info, 64)
	if err != nil {
		panic(err) // only for a length that HKDF cannot give
	}
	k := fileKeys{mode: m, aead: newGCM(okm[:32]), mark: [16]byte(okm[48:])}
	return k, [16]byte(okm[32:48])
}

func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a wrong key length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// nonce of the piece numbered i of a file; last is set for its final page.
func nonce(i uint64, last bool) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[3:], i)
	if last {
		n[11] = 1
	}
	return n
}

// fileWriter is what the two layouts share while a file is written. Pebble writes
// a file from one goroutine at a time.
type fileWriter struct {
	inner vfs.File
	gate  *gate
	keys  fileKeys
}

func (w *fileWriter) write(b []byte) {
	w.gate.do("write file", func() error {
		_, err := w.inner.Write(b)
		return err
	})
}

func (w *fileWriter) sync() { w.gate.do("sync file", w.inner.SyncData) }

func (w *fileWriter) close() error {
	w.gate.do("close file", func() error { return w.gate.drop(w.inner) })
	return nil
}

func (w *fileWriter) Read([]byte) (int, error)           { return 0, errUnused }
func (w *fileWriter) ReadAt([]byte, int64) (int, error)  { return 0, errUnused }
func (w *fileWriter) WriteAt([]byte, int64) (int, error) { return 0, errUnused }
func (w *fileWriter) Prefetch(int64, int64) error        { return nil }

func (w *fileWriter) Stat() (vfs.FileInfo, error) {
	w.gate.enter(false)
	defer w.gate.ops.RUnlock()
	return w.inner.Stat()
}

// Preallocate takes maxPreallocate at most: what a WAL does not fill stays taken
// for as long as the WAL is there, and Pebble asks for a whole memtable.
func (w *fileWriter) Preallocate(offset, length int64) error {
	length = min(length, maxPreallocate)
	return w.gate.try(func() error { return w.inner.Preallocate(offset, length) })
}

// SyncTo promises nothing when it returns false, and so may do nothing.
func (w *fileWriter) SyncTo(int64) (bool, error) { return false, nil }

// Fd is one that no system gives out. Pebble takes InvalidFd for a file that
// can only be synced whole, and would then sync pages that are not full.
func (w *fileWriter) Fd() uintptr { return vfs.InvalidFd - 1 }

// fileReader is what the two layouts share while a file is read.
type fileReader struct {
	inner vfs.File
	gate  *gate
	keys  fileKeys
	name  string
	info  vfs.FileInfo
}

func (r *fileReader) damaged(piece uint64) error {
	r.gate.stumble()
	return fmt.Errorf("%w: %s, piece %d", ErrDamaged, r.name, piece)
}

func (r *fileReader) Close() error {
	return r.gate.drop(r.inner)
}

func (r *fileReader) Write([]byte) (int, error)          { return 0, errUnused }
func (r *fileReader) WriteAt([]byte, int64) (int, error) { return 0, errUnused }
func (r *fileReader) Preallocate(int64, int64) error     { return errUnused }
func (r *fileReader) Sync() error                        { return errUnused }
func (r *fileReader) SyncData() error                    { return errUnused }
func (r *fileReader) SyncTo(int64) (bool, error)         { return false, errUnused }
func (r *fileReader) Stat() (vfs.FileInfo, error)        { return r.info, nil }
func (r *fileReader) Fd() uintptr                        { return vfs.InvalidFd }
