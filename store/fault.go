package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// fault remembers the first failure of the disk or the engine. From then on
// nothing is written and nothing more is acknowledged; reads go on.
type fault struct {
	hit chan struct{} // closed at the first failure

	mu  sync.Mutex
	err error
}

func newFault() *fault { return &fault{hit: make(chan struct{})} }

// set records err if it is the first failure.
func (f *fault) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
		close(f.hit)
	}
}

func (f *fault) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// acknowledge settles that c is durable, unless a failure came first. Both
// the one that acknowledges and the one that waits decide by this, so a
// transaction never counts as done for one and failed for the other.
func (f *fault) acknowledge(c *commit) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.acked = f.err == nil
	return c.acked
}

func (f *fault) acknowledged(c *commit) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return c.acked
}

// diskError says what the disk would not do.
func diskError(what string, err error) error {
	if errors.Is(err, ErrFull) || errors.Is(err, ErrIO) {
		return err
	}
	if vfs.IsNoSpaceError(err) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %s: %w", ErrFull, what, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrIO, what, err)
}

// engineFailure is what Pebble calls fatal and no disk error explains.
func engineFailure(format string, args []any) error {
	return fmt.Errorf("%w: engine: %s", ErrIO, fmt.Sprintf(format, args...))
}

// readError says what was tried, and tells a disk that fails from bytes that
// are not what was written: what is no answer of the system is damage.
func readError(what string, err error) error {
	var errno syscall.Errno
	if err == nil {
		return nil
	}
	err = oneLine{err}
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrIO), errors.Is(err, ErrFull):
		return fmt.Errorf("%s: %w", what, err)
	case errors.As(err, &errno) && errno != syscall.ENOENT:
		return diskError(what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, ErrDamaged, err)
}

// oneLine is an error of the engine, which joins several by line breaks.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }
func (e oneLine) Unwrap() error { return e.error }
