package merkle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"causeway/internal/wire"
	"causeway/store"
)

// A table is a part of the DAG's key space. Numbers in keys are big endian, so
// that a scan goes up by them.
type table byte

const (
	tCounts   table = 1 + iota // → counts
	tIndex                     // id → state, then offset or reason
	tEntry                     // offset → flag, header, body
	tNode                      // offset → node
	tChain                     // branch, seq → offset
	tLog                       // log key → logRow
	tBranch                    // log number, branch → branchRow
	tHead                      // offset → id of an entry in nobody's past
	tKept                      // id → header and body of an entry not delivered
	tWaits                     // missing id, waiting id → nothing
	tHeld                      // id of a held entry → nothing
	tUsage                     // log key → usage
	tFrozen                    // log key → keys of the logs of its user
	tProof                     // log number → two headers
	tablesEnd                  // none
)

const prefixLen = 2 + 32

// key returns the prefix of a table, with room for what follows.
func (d *DAG) key(t table) []byte {
	k := make([]byte, 0, prefixLen+64)
	k = append(k, byte(store.SpaceMerkle), byte(t))
	return append(k, d.conv[:]...)
}

func (d *DAG) keyN(t table, n ...uint64) []byte {
	k := d.key(t)
	for _, n := range n {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}

func (d *DAG) keyID(t table, ids ...[32]byte) []byte {
	k := d.key(t)
	for _, id := range ids {
		k = append(k, id[:]...)
	}
	return k
}

// A view is a DAG within one transaction. Its first failure sticks: after it
// reads find nothing and writes do nothing, and whoever made the view returns
// err, so that the transaction does not happen.
type view struct {
	d   *DAG
	tx  *store.Tx
	hot *hot // nil: in a transaction that only reads
	err error
}

func (v *view) fail(err error) {
	if v.err == nil && err != nil {
		v.err = err
		v.tx.Forget(v.d.hotKey()) // it may have been made of what could not be read
	}
}

// get returns nil if there is nothing under key.
func (v *view) get(key []byte) []byte {
	if v.err != nil {
		return nil
	}
	b, err := v.tx.Get(key)
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			v.fail(err)
		}
		return nil
	}
	return b
}

func (v *view) set(key, value []byte) {
	if v.err == nil {
		v.fail(v.tx.Set(key, value))
	}
}

func (v *view) del(key []byte) {
	if v.err == nil {
		v.fail(v.tx.Delete(key))
	}
}

// scan yields what follows prefix in each key, and the value, from the key from
// upward.
func (v *view) scan(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(rest, value []byte) bool) {
		if v.err != nil {
			return
		}
		for k, value := range v.tx.ScanFrom(prefix, from) {
			if !yield(k[len(prefix):], value) {
				return
			}
		}
		v.fail(v.tx.Err())
	}
}

// record opens a record of ours; close reports one that does not decode.
func (v *view) record(b []byte, what string, decode func(d *wire.Decoder)) {
	d := wire.NewDecoder(b)
	decode(d)
	if err := d.End(); err != nil {
		v.fail(fmt.Errorf("%w: %s: %w", store.ErrDamaged, what, err))
	}
}

const anyNumber = 1<<64 - 1

func appendUints(b []byte, n ...uint64) []byte {
	for _, n := range n {
		b = wire.AppendUint(b, n)
	}
	return b
}

func uints(d *wire.Decoder, to ...*uint64) {
	for _, to := range to {
		*to = d.Uint(anyNumber)
	}
}

// counts of a DAG.
type counts struct {
	length, logs, branches uint64
	waiting                uint64 // entries waiting or held
	refused                uint64 // entries refused for good
	waitingBytes           uint64
	pendingBytes           uint64
}

func (v *view) readCounts() (c counts) {
	if b := v.get(v.d.key(tCounts)); b != nil {
		v.record(b, "counts", func(d *wire.Decoder) {
			uints(d, &c.length, &c.logs, &c.branches, &c.waiting, &c.refused, &c.waitingBytes, &c.pendingBytes)
		})
	}
	return c
}

func (v *view) setCounts(c counts) {
	v.set(v.d.key(tCounts), appendUints(nil, c.length, c.logs, c.branches, c.waiting, c.refused, c.waitingBytes, c.pendingBytes))
}

// Reasons of a final refusal, as recorded.
var finalReasons = []error{ErrPlace, ErrHeight, ErrAncestor}

// state returns what is known of an entry, and its offset if it is delivered
// or the number of the reason if it is refused.
func (v *view) state(id ID) (s State, n uint64) {
	b := v.get(v.d.keyID(tIndex, id))
	if b == nil {
		return Unknown, 0
	}
	v.record(b, "index", func(d *wire.Decoder) {
		s = State(d.Uint(uint64(Refused)))
		n = d.Uint(anyNumber)
	})
	return s, n
}

func (v *view) setState(id ID, s State, n uint64) {
	v.set(v.d.keyID(tIndex, id), appendUints(nil, uint64(s), n))
}

// What an entry's record says of its body.
const (
	bodyHere   = iota
	bodyAbsent // it never came
	bodyGone   // it was dropped, and is not taken again
)

// packEntry lays out an entry's record: flag, length of the header, header,
// body.
func packEntry(flag byte, header, body []byte) []byte {
	b := make([]byte, 0, 3+len(header)+len(body))
	b = binary.AppendUvarint(append(b, flag), uint64(len(header)))
	return append(append(b, header...), body...)
}

// splitEntry undoes packEntry.
func splitEntry(b []byte) (flag byte, header, body []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, nil, false
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > uint64(len(b)-1-size) {
		return 0, nil, nil, false
	}
	rest := b[1+size:]
	return b[0], rest[:n], rest[n:], true
}

func (v *view) decodeEntry(b []byte) Entry {
	flag, header, body, ok := splitEntry(b)
	h, err := DecodeHeader(header)
	if !ok || err != nil {
		v.fail(fmt.Errorf("%w: entry: %v", store.ErrDamaged, err))
		return Entry{}
	}
	e := Entry{ID: sum(header), Header: h, header: len(header)}
	if flag == bodyHere {
		e.Body = body
	}
	return e
}

func (v *view) entry(offset uint64) Entry {
	if v.err != nil {
		return Entry{}
	}
	b, err := v.tx.Near(v.d.key(tEntry), v.d.keyN(tEntry, offset))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		v.fail(err)
		return Entry{}
	}
	if b == nil {
		v.fail(fmt.Errorf("%w: no entry at offset %d", store.ErrDamaged, offset))
		return Entry{}
	}
	return v.decodeEntry(b)
}
