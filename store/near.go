package store

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"
)

// near is an iterator that stays where the last look-up left it.
type near struct {
	prefix []byte
	it     *pebble.Iterator
}

// Near is Get, made for many keys with a prefix that are asked for in ascending
// order: each is found from the last one on.
func (tx *Tx) Near(prefix, key []byte) ([]byte, error) {
	if tx.batch != nil { // an iterator would not see what is written after it
		return tx.Get(key)
	}
	if err := tx.usable(); err != nil {
		return nil, err
	}
	if tx.near.it == nil || !bytes.Equal(tx.near.prefix, prefix) {
		tx.near.close()
		it, err := tx.r.NewIter(&pebble.IterOptions{LowerBound: bytes.Clone(prefix), UpperBound: after(prefix)})
		if err != nil {
			return nil, readError("get", err)
		}
		tx.near = near{bytes.Clone(prefix), it}
	}
	it := tx.near.it
	if !it.SeekGE(key) || !bytes.Equal(it.Key(), key) {
		if err := it.Error(); err != nil {
			return nil, readError("get", err)
		}
		return nil, ErrNotFound
	}
	v, err := it.ValueAndErr()
	if err != nil {
		return nil, readError("get", err)
	}
	return append([]byte{}, v...), nil
}

// close gives the iterator back. Its failures were those of the look-ups.
func (n *near) close() {
	if n.it != nil {
		_ = n.it.Close()
		n.it = nil
	}
}
