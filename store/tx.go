package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/cockroachdb/pebble/v2"
)

// reader is what a transaction reads from: a snapshot (View) or an indexed
// batch over the newest state (Update).
type reader interface {
	Get(key []byte) ([]byte, io.Closer, error)
	NewIter(o *pebble.IterOptions) (*pebble.Iterator, error)
}

// Tx is one transaction. It is good only inside the function it was given to
// and for one goroutine. Slices that it returns are the caller's to keep.
type Tx struct {
	r     reader
	batch *pebble.Batch // nil in View
	hooks []func()      // at commit, in order
	apply []func()      // when applied, under the writer lock
	err   error         // first failure of a scan; fails the transaction
	over  bool
	near  near
	hot   map[string]any // what this Update knows by heart
	warm  map[string]any // what the last ones left to it
}

// Get returns the value under key, or ErrNotFound.
func (tx *Tx) Get(key []byte) ([]byte, error) {
	if err := tx.usable(); err != nil {
		return nil, err
	}
	v, c, err := tx.r.Get(key)
	if err != nil {
		return nil, readError("get", err)
	}
	out := bytes.Clone(v)
	if out == nil {
		out = []byte{}
	}
	return out, readError("get", c.Close())
}

// Has reports whether a value lies under key.
func (tx *Tx) Has(key []byte) (bool, error) {
	_, err := tx.Get(key)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Set puts value under key. Both are copied.
func (tx *Tx) Set(key, value []byte) error {
	if err := tx.writable(key, len(value)); err != nil {
		return err
	}
	return tx.batch.Set(key, value, nil)
}

// Delete removes key; a key without a value is no error.
func (tx *Tx) Delete(key []byte) error {
	if err := tx.writable(key, 0); err != nil {
		return err
	}
	return tx.batch.Delete(key, nil)
}

// Scan yields the keys with this prefix and their values in ascending order,
// as they were when the loop began: the loop may Set and Delete. A failure ends
// the loop and is kept in Err.
func (tx *Tx) Scan(prefix []byte) iter.Seq2[[]byte, []byte] {
	return tx.scan(prefix, after(prefix), false)
}

// ScanFrom is Scan from the first key that is not less than from.
func (tx *Tx) ScanFrom(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	if bytes.Compare(from, prefix) < 0 {
		from = prefix
	}
	return tx.scan(from, after(prefix), false)
}

// ScanBack yields the keys with this prefix that are less than before, in
// descending order; before nil means from the last one.
func (tx *Tx) ScanBack(prefix, before []byte) iter.Seq2[[]byte, []byte] {
	end := after(prefix)
	if before != nil && (end == nil || bytes.Compare(before, end) < 0) {
		end = before
	}
	return tx.scan(prefix, end, true)
}

func (tx *Tx) scan(lower, upper []byte, back bool) iter.Seq2[[]byte, []byte] {
	lower, upper = bytes.Clone(lower), bytes.Clone(upper)
	return func(yield func(k, v []byte) bool) {
		if tx.failed(tx.usable()) || upper != nil && bytes.Compare(lower, upper) >= 0 {
			return
		}
		it, err := tx.r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if tx.failed(readError("scan", err)) {
			return
		}
		defer func() { tx.failed(readError("scan", it.Close())) }()
		first, next := it.First, it.Next
		if back {
			first, next = it.Last, it.Prev
		}
		for ok := first(); ok; ok = next() {
			k, v, err := row(it)
			if tx.failed(readError("scan", err)) || !yield(k, v) {
				return
			}
		}
	}
}

// row copies key and value out of the iterator, in one allocation.
func row(it *pebble.Iterator) (k, v []byte, err error) {
	v, err = it.ValueAndErr()
	if err != nil {
		return nil, nil, err
	}
	n := len(it.Key())
	b := append(append(make([]byte, 0, n+len(v)), it.Key()...), v...)
	return b[:n:n], b[n:], nil
}

// Err returns the first failure of a scan of this transaction. View and Update
// return it when their function returns nil, so a loop cut short by damage is
// never taken for the whole.
func (tx *Tx) Err() error { return tx.err }

// OnCommit has f called once the transaction is durable, in the order of
// commits, before Update returns; never if it did not happen. f must be quick
// and must not call Update; it may call View.
func (tx *Tx) OnCommit(f func()) { tx.hooks = append(tx.hooks, f) }

// OnApply has f called once the next Update sees what this one wrote, before it
// runs, and before the transaction is durable; never if it did not happen. It
// keeps what writers hold in memory in step with what they read. f must be quick
// and must call neither View nor Update.
func (tx *Tx) OnApply(f func()) { tx.apply = append(tx.apply, f) }

func (tx *Tx) failed(err error) bool {
	if tx.err == nil {
		tx.err = err
	}
	return err != nil
}

func (tx *Tx) end() {
	tx.over = true
	tx.near.close()
}

func (tx *Tx) usable() error {
	if tx.over {
		return fmt.Errorf("%w: transaction is over", ErrClosed)
	}
	return nil
}

func (tx *Tx) writable(key []byte, value int) error {
	if err := tx.usable(); err != nil {
		return err
	}
	switch {
	case tx.batch == nil:
		return ErrReadOnly
	case len(key) == 0 || len(key) > MaxKey:
		return fmt.Errorf("%w: key of %d bytes, limit %d", ErrTooLarge, len(key), MaxKey)
	case value > MaxValue:
		return fmt.Errorf("%w: value of %d bytes, limit %d", ErrTooLarge, value, MaxValue)
	case tx.batch.Len()+len(key)+value > MaxTx:
		return fmt.Errorf("%w: transaction over %d bytes", ErrTooLarge, MaxTx)
	}
	return nil
}
