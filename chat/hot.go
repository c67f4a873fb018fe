package chat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"causeway/identity"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// hot is what Writers know of a conversation by heart (store.Tx.Hot). All of it
// is in the store as well, but for chains, until the Writer flushes them.
type hot struct {
	last   []byte               // greatest key of the timeline
	read   bool                 // nothing waits for a key
	clocks map[merkle.ID]uint64 // hybrid clocks of entries read lately
	seen   map[pair]uint64      // first seq of the first log that the second has not acknowledged
	own    merkle.LogKey        // the log that signer is of
	signer *identity.LogSigner
	spent  map[merkle.ID]uint64
	chains map[chainOf]*seal.Chain
	moved  []chainOf                // chains that were stepped since they were stored
	hints  map[merkle.LogKey]*epoch // under which a log was last read
}

type pair struct{ own, by merkle.LogKey }

type chainOf struct {
	epoch merkle.ID
	log   merkle.LogKey
}

func (w *Writer) loadHot() any {
	h := newHot()
	w.hot = h
	w.relast()
	h.read = true
	for range w.tx.Scan(w.c.key(subUnread)) {
		h.read = false
		break
	}
	return h
}

func newHot() *hot {
	return &hot{
		clocks: map[merkle.ID]uint64{}, seen: map[pair]uint64{}, spent: map[merkle.ID]uint64{},
		chains: map[chainOf]*seal.Chain{}, hints: map[merkle.LogKey]*epoch{},
	}
}

// warm returns what is known by heart of this conversation, within bounds.
func (w *Writer) warm() *hot {
	if w.hot == nil {
		w.hot, _ = w.tx.Hot("chat"+string(w.c.ID[:]), w.loadHot).(*hot)
		if w.hot == nil { // a transaction that only reads
			w.hot = newHot()
		}
	}
	h := w.hot
	if len(h.clocks) > maxHot {
		clear(h.clocks)
	}
	if len(h.seen) > maxHot {
		clear(h.seen)
	}
	return h
}

// clockAt returns the hybrid clock of an entry, 0 if it has none.
func (w *Writer) clockAt(id merkle.ID) uint64 {
	h := w.warm()
	c, ok := h.clocks[id]
	if !ok {
		var m meta
		if get(w.tx, w.c.key(subMeta, id), &m) != nil {
			return 0
		}
		c = m.Clock
		h.clocks[id] = c
	}
	return c
}

// place puts an entry in the timeline and reports whether it stands before
// something that was there.
func (w *Writer) place(k []byte) (late bool, err error) {
	h := w.warm()
	late = bytes.Compare(h.last, k) > 0
	if !late {
		h.last = k
	}
	return late, w.tx.Set(k, []byte{})
}

// acknowledged returns the first seq of an own log that another log has not
// acknowledged yet.
func (w *Writer) acknowledged(own, by merkle.LogKey) (next uint64, err error) {
	h := w.warm()
	next, ok := h.seen[pair{own, by}]
	if ok {
		return next, nil
	}
	prefix := w.c.key(subSeen, own, by)
	for k := range w.tx.ScanBack(prefix, nil) {
		next = binary.BigEndian.Uint64(k[len(prefix):]) + 1
		break
	}
	h.seen[pair{own, by}] = next
	return next, w.tx.Err()
}

// signerOf returns the key of this device's log.
func (w *Writer) signerOf(log merkle.LogKey) (*identity.LogSigner, error) {
	h := w.warm()
	if h.signer != nil && log == h.own {
		return h.signer, nil
	}
	s, err := w.c.set.Signer(w.tx, log)
	if err == nil {
		h.own, h.signer = log, s
	}
	return s, err
}

// spent counts this device's messages under a key.
func (w *Writer) spent(e *epoch) uint64 {
	h := w.warm()
	n, ok := h.spent[e.id]
	if !ok {
		if get(w.tx, w.c.key(subChain, e.id, [32]byte{}), &n) != nil {
			n = 0
		}
		h.spent[e.id] = n
	}
	return n
}

func (w *Writer) spend(e *epoch) error {
	n := w.spent(e) + 1
	w.hot.spent[e.id] = n
	return put(w.tx, w.c.key(subChain, e.id, [32]byte{}), n)
}

// chain returns the chain of a log in an epoch, or nil. Who steps it says so by
// moved.
func (w *Writer) chain(e *epoch, log merkle.LogKey) (*seal.Chain, error) {
	h, at := w.warm(), chainOf{e.id, log}
	if c := h.chains[at]; c != nil {
		return c, nil
	}
	b, err := w.tx.Get(w.c.key(subChain, e.id, log))
	var c *seal.Chain
	switch {
	case errors.Is(err, store.ErrNotFound):
		c, err = e.keys.Chain([32]byte(log)), nil
	case err == nil:
		c, err = seal.DecodeChain(b)
	}
	if c != nil {
		h.chains[at] = c
	}
	return c, err
}

// moved keeps a chain that was stepped, in the store not before flush.
func (w *Writer) moved(e *epoch, log merkle.LogKey, c *seal.Chain) {
	h, at := w.warm(), chainOf{e.id, log}
	h.chains[at] = c
	if !slices.Contains(h.moved, at) {
		h.moved = append(h.moved, at)
	}
}

// flush stores the chains that were stepped.
func (w *Writer) flush() error {
	h := w.warm()
	for _, at := range h.moved {
		if err := w.tx.Set(w.c.key(subChain, at.epoch, at.log), h.chains[at].Encode()); err != nil {
			return err
		}
	}
	h.moved = h.moved[:0]
	if len(h.chains) > maxHotChains {
		clear(h.chains)
	}
	if len(h.hints) > maxHotChains {
		clear(h.hints)
	}
	return nil
}

// ranked inserts an epoch into a list of epochs by height, the highest first.
func ranked(list []*epoch, e *epoch) []*epoch {
	list = slices.DeleteFunc(slices.Clone(list), func(o *epoch) bool { return o.id == e.id })
	at, _ := slices.BinarySearchFunc(list, e, func(a, b *epoch) int { return b.above(a) })
	return slices.Insert(list, at, e)
}
