package store

import "errors"

// Errors that callers decide by. Every error of this package wraps one of them
// or is a plain failure of the disk below.
var (
	// ErrNotFound: no value under this key.
	ErrNotFound = errors.New("store: not found")
	// ErrExists: Create found a store in the directory.
	ErrExists = errors.New("store: a store exists here already")
	// ErrNotExist: Open found no store in the directory.
	ErrNotExist = errors.New("store: no store here")
	// ErrLocked: the passphrase or key file does not open this store.
	ErrLocked = errors.New("store: locked: wrong passphrase or key")
	// ErrInUse: another process (or another DB of this one) has the store open.
	ErrInUse = errors.New("store: in use by another process")
	// ErrNewer: a newer program wrote this store; this one must not touch it.
	ErrNewer = errors.New("store: written by a newer version of this program")
	// ErrOlder: a build of before 1.0 wrote this store in rows that mean something
	// else now; this one must not touch it.
	ErrOlder = errors.New("store: written by an earlier build of this program")
	// ErrDamaged: bytes on disk are not those that were written.
	ErrDamaged = errors.New("store: damaged")
	// ErrFull: the disk is full; the transaction did not happen and the store
	// takes no more writes until it is opened again.
	ErrFull = errors.New("store: disk full")
	// ErrIO: the disk failed; otherwise as ErrFull.
	ErrIO = errors.New("store: disk failed")
	// ErrClosed: the DB is closed.
	ErrClosed = errors.New("store: closed")
	// ErrReadOnly: a write inside View.
	ErrReadOnly = errors.New("store: write in a read-only transaction")
	// ErrTooLarge: a key, value or transaction over the limits of limits.go.
	ErrTooLarge = errors.New("store: too large")
)
