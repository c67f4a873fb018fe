package seal

import (
	"fmt"
	"maps"
	"slices"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// A Chain gives each message of one log in one epoch a key of its own, under
// the policy "forward". It only steps forward: a key that was given out is gone
// (docs/spec/03-keys.md, section 4).
type Chain struct {
	hidden
	key     [32]byte            // CK[next]
	next    uint64              // index of the key that Next gives
	skipped map[uint64][32]byte // keys below next that nobody asked for yet
}

// Index returns the index of the key that Next will give.
func (c *Chain) Index() uint64 { return c.next }

// Next returns the key of the next message and erases what could make it again.
func (c *Chain) Next() [32]byte {
	mk := Expand(c.key, label.ChainKey)
	c.key = Expand(c.key, label.ChainStep)
	c.next++
	return mk
}

// At returns the key of message i once: ahead, by at most MaxSkip, keeping the
// keys between; or back, if it was kept. Otherwise ErrSkip or ErrSpent, and the
// chain is as before.
func (c *Chain) At(i uint64) ([32]byte, error) {
	if i < c.next {
		mk, ok := c.skipped[i]
		if !ok {
			return mk, ErrSpent
		}
		delete(c.skipped, i)
		return mk, nil
	}
	if i-c.next > MaxSkip || i > MaxIndex {
		return [32]byte{}, ErrSkip
	}
	for c.next < i {
		skipped := c.next
		c.keep(skipped, c.Next())
	}
	return c.Next(), nil
}

// keep stores a skipped key; over MaxSkip, the oldest goes.
func (c *Chain) keep(i uint64, mk [32]byte) {
	if c.skipped == nil {
		c.skipped = map[uint64][32]byte{}
	}
	c.skipped[i] = mk
	if len(c.skipped) > MaxSkip {
		delete(c.skipped, slices.Min(slices.Collect(maps.Keys(c.skipped))))
	}
}

type chainWire struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Key     [32]byte
	Next    uint64
	Skipped []skippedWire
}

type skippedWire struct {
	_     struct{} `cbor:",toarray"`
	Index uint64
	Key   [32]byte
}

const chainVersion = 1

// Encode returns the chain for the store: its secrets, in clear.
func (c *Chain) Encode() []byte {
	w := chainWire{Version: chainVersion, Key: c.key, Next: c.next}
	for _, i := range slices.Sorted(maps.Keys(c.skipped)) {
		w.Skipped = append(w.Skipped, skippedWire{Index: i, Key: c.skipped[i]})
	}
	b, err := wire.Marshal(w)
	if err != nil {
		panic(err) // sizes are bounded by MaxSkip
	}
	return b
}

// DecodeChain reads what Encode wrote.
func DecodeChain(b []byte) (*Chain, error) {
	var w chainWire
	if err := wire.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("%w: chain: %w", ErrFormat, err)
	}
	if w.Version != chainVersion || w.Next > MaxIndex+1 || len(w.Skipped) > MaxSkip {
		return nil, fmt.Errorf("%w: chain", ErrFormat)
	}
	c := &Chain{key: w.Key, next: w.Next}
	if len(w.Skipped) > 0 {
		c.skipped = make(map[uint64][32]byte, len(w.Skipped))
	}
	for n, s := range w.Skipped {
		if s.Index >= w.Next || n > 0 && s.Index <= w.Skipped[n-1].Index {
			return nil, fmt.Errorf("%w: chain: skipped keys", ErrFormat)
		}
		c.skipped[s.Index] = s.Key
	}
	return c, nil
}
