// Package merkle keeps the logs of a conversation: append-only, signed by one
// writer each, and joined into a DAG by parents that are hashes, so that causal
// order is a fact and not a claim. It does not know what a body says, who may
// read or write, or the network; it has no clock. See docs/spec/01-log.md.
package merkle

import (
	"io"
	"iter"

	"causeway/store"
)

// A DAG is the logs of one conversation inside a store. It holds no state of
// its own: everything is in the transaction that each method is given, so a
// caller puts an entry, what follows from it, and its cursor into one. The
// methods may be called from any goroutine.
type DAG struct{ conv [32]byte }

// Open returns the DAG kept under the local name conv.
func Open(conv [32]byte) *DAG { return &DAG{conv} }

func (d *DAG) Draft(tx *store.Tx, log LogKey, parents ...ID) (Draft, error) { panic("soon") }
func (d *DAG) Append(tx *store.Tx, sign func([]byte) [64]byte, dr Draft, body []byte) (Entry, error) {
	panic("soon")
}
func (d *DAG) Add(tx *store.Tx, blocks []Block) (Result, error)   { panic("soon") }
func (d *DAG) Get(tx *store.Tx, id ID) (Entry, error)             { panic("soon") }
func (d *DAG) Has(tx *store.Tx, id ID) (bool, error)              { panic("soon") }
func (d *DAG) State(tx *store.Tx, id ID) (State, error)           { panic("soon") }
func (d *DAG) Wanted(tx *store.Tx) ([]ID, error)                  { panic("soon") }
func (d *DAG) Heads(tx *store.Tx) ([]ID, error)                   { panic("soon") }
func (d *DAG) Frontier(tx *store.Tx) ([]Tip, error)               { panic("soon") }
func (d *DAG) Tip(tx *store.Tx, log LogKey) (Tip, bool, error)    { panic("soon") }
func (d *DAG) Tips(tx *store.Tx, log LogKey) ([]Tip, error)       { panic("soon") }
func (d *DAG) Proof(tx *store.Tx, log LogKey) (Fork, bool, error) { panic("soon") }
func (d *DAG) Range(tx *store.Tx, log LogKey, from, to uint64) iter.Seq2[Entry, error] {
	panic("soon")
}

// Chain: by prev links back from head, ascending from seq from.
func (d *DAG) Chain(tx *store.Tx, head ID, from uint64) iter.Seq2[Entry, error] { panic("soon") }
func (d *DAG) ByOffset(tx *store.Tx, from uint64, n int) ([]Entry, error)       { panic("soon") }
func (d *DAG) Offset(tx *store.Tx, id ID) (uint64, error)                       { panic("soon") }
func (d *DAG) Length(tx *store.Tx) (uint64, error)                              { panic("soon") }
func (d *DAG) Missing(tx *store.Tx, have []ID) ([]Entry, error)                 { panic("soon") }

// MissingOffsets is Missing without the entries: offsets to page over with At.
func (d *DAG) MissingOffsets(tx *store.Tx, have []ID) ([]uint64, error) { panic("soon") }
func (d *DAG) At(tx *store.Tx, offsets []uint64) ([]Entry, error)       { panic("soon") }
func (d *DAG) Before(tx *store.Tx, a, b ID) (bool, error)               { panic("soon") }
func (d *DAG) First(tx *store.Tx, id ID) (Header, error)                { panic("soon") }
func (d *DAG) Freeze(tx *store.Tx, log LogKey, kin []LogKey) error      { panic("soon") }
func (d *DAG) DropBody(tx *store.Tx, id ID) error                       { panic("soon") }

// A Past answers questions of ancestry within one transaction and remembers
// what it has looked up; the first error sticks and is in Err.
type Past struct{}

func (d *DAG) Past(tx *store.Tx) *Past               { panic("soon") }
func (p *Past) Before(a, b ID) bool                  { panic("soon") }
func (p *Past) First(id ID) (first ID, parents []ID) { panic("soon") }
func (p *Past) Err() error                           { panic("soon") }

func WriteCAR(w io.Writer, entries iter.Seq2[Entry, error]) error { panic("soon") }
func ReadCAR(r io.Reader, fn func(Block) error) error             { panic("soon") }
