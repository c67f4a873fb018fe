package store

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"

	"causeway/internal/label"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/crypto/argon2"
)

// Unlock is the secret that opens a store: Passphrase or KeyFile. It cannot be
// printed.
type Unlock struct {
	passphrase []byte
	path       string
	fileKey    []byte // what the file at path holds, once it was read
}

// Passphrase opens a store by Argon2id of what a person types.
func Passphrase(p []byte) Unlock { return Unlock{passphrase: p} }

// KeyFile opens a store by a random key in a file of its own, mode 0600; Create
// makes the file if there is none. Whoever reads that file reads the store.
func KeyFile(path string) Unlock { return Unlock{path: path} }

// Format keeps the secret out of every message.
func (u Unlock) Format(s fmt.State, _ rune) { s.Write([]byte("redacted")) }

func (u Unlock) kind() slotKind {
	if u.path != "" {
		return slotKeyFile
	}
	return slotPassphrase
}

// cost is what Argon2id spends: passes, KiB of memory, lanes.
type cost struct {
	time, memory uint32
	lanes        uint8
}

// desktopCost is the second recommended choice of RFC 9106, section 4: 64 MiB,
// three passes, four lanes; about 0.1 s.
var desktopCost = cost{time: 3, memory: 64 << 10, lanes: 4}

func (c cost) sane() bool {
	return c.time >= 1 && c.time <= maxKDFTime &&
		c.lanes >= 1 && c.lanes <= maxKDFLanes &&
		c.memory >= 8*uint32(c.lanes) && c.memory <= maxKDFMemory
}

// derive gives the key-encryption key of a slot.
func (u Unlock) derive(s *slot) (kek [32]byte, err error) {
	if s.kind == slotKeyFile {
		key, err := hkdf.Key(sha256.New, u.fileKey, s.salt[:], label.StoreKeyFile, 32)
		return [32]byte(key), err
	}
	copy(kek[:], argon2.IDKey(u.passphrase, s.salt[:], s.cost.time, s.cost.memory, s.cost.lanes, 32))
	if s.cost.memory >= desktopCost.memory {
		debug.FreeOSMemory() // that was more than an idle node ever needs again
	}
	return kek, nil
}

// check refuses what can unlock nothing.
func (u Unlock) check() error {
	switch {
	case u.path != "":
		return nil
	case len(u.passphrase) == 0:
		return errors.New("store: empty passphrase")
	case len(u.passphrase) > maxPassphrase:
		return fmt.Errorf("%w: passphrase of %d bytes, limit %d", ErrTooLarge, len(u.passphrase), maxPassphrase)
	}
	return nil
}

// load reads the key file, if u is one; with create it makes one that is missing.
func (u Unlock) load(fsys vfs.FS, create bool) (Unlock, error) {
	if err := u.check(); err != nil || u.path == "" {
		return u, err
	}
	text, err := readFile(fsys, u.path)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return u, fmt.Errorf("%w: no key file", ErrLocked)
		}
		u.fileKey = make([]byte, 32)
		rand.Read(u.fileKey)
		return u, writeFile(fsys, u.path, []byte(hex.EncodeToString(u.fileKey)+"\n"))
	}
	if err != nil {
		return u, diskError("read key file", err)
	}
	u.fileKey, err = hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(u.fileKey) != 32 {
		return u, fmt.Errorf("%w: key file is not 64 hexadecimal digits", ErrDamaged)
	}
	return u, nil
}
