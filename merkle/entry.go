package merkle

import (
	"errors"
	"fmt"
)

// A Block is an entry as it came from outside: nothing in it is verified. Body
// nil with a body size over 0 means that the body was not given.
type Block struct{ Header, Body []byte }

// An Entry is a delivered entry: its place and its signature's chain are
// verified, and everything in its past was delivered before it. Body is nil
// when it is gone or never came.
type Entry struct {
	ID ID
	Header
	Body   []byte
	header int // bytes of the encoded header, if known
}

// Size is the length of the header block and the body, in bytes.
func (e *Entry) Size() int {
	if e.header == 0 {
		e.header = len(e.Encode())
	}
	return e.header + len(e.Body)
}

// Block returns the entry as it travels.
func (e Entry) Block() Block { return Block{Header: e.Encode(), Body: e.Body} }

// A Draft is the place of an entry that is still to be written: what the body's
// seal binds and the signature covers.
type Draft struct {
	Log     LogKey
	Seq     uint64
	Prev    ID
	Parents []ID
	Height  uint64
}

// A Tip is the last delivered entry of one branch of a log; a log that never
// forked has one branch.
type Tip struct {
	Log    LogKey
	Head   ID
	Seq    uint64
	Height uint64
	Index  uint64 // the log's number in this store, from 0 in order of appearance
	Forked bool   // the log has more branches than one
}

// A Fork proves that the writer of a log signed two entries of one seq. A.ID()
// is less than B.ID().
type Fork struct{ A, B Header }

// Verify checks that the two headers prove a fork: one log, one seq, different
// ids, both signatures good.
func (f Fork) Verify() error {
	if f.A.Log != f.B.Log || f.A.Seq != f.B.Seq || f.A.ID().Compare(f.B.ID()) >= 0 {
		return fmt.Errorf("%w: two headers that prove no fork", ErrHeader)
	}
	if err := f.A.Verify(); err != nil {
		return err
	}
	return f.B.Verify()
}

// Result tells what became of the blocks given to Add.
type Result struct {
	// Delivered holds the entries delivered now, in delivery order, those among
	// them that had waited since an earlier Add.
	Delivered []Entry
	// Filled holds entries delivered earlier whose body has come only now.
	Filled []Entry
	// New counts the blocks that were kept, Duplicates those known before.
	New, Duplicates int
	// Checked counts the signatures verified, good or bad: what the call cost.
	Checked int
	// Waiting lists the blocks kept whose prev or parents are missing; Wanted
	// lists the entries missing of which nothing is known.
	Waiting, Wanted []ID
	// Pending lists the blocks kept that no good signature covers yet. It is no
	// verdict.
	Pending []ID
	// Held lists the blocks kept of frozen logs that nobody vouches for.
	Held []ID
	// Forks holds the first proof found for each log that was seen to fork now.
	Forks []Fork
	// Refused says which blocks were not kept, and why.
	Refused []Refusal
}

// A Refusal says why an entry is not kept. Final ones follow from the entry
// alone and are the same on every node; the others may be offered again.
type Refusal struct {
	Index int // in the blocks given to Add; -1 for an entry that had waited
	ID    ID  // zero if the header does not decode
	Err   error
}

// Reasons for a refusal, besides ErrHeader. The first four are final.
var (
	ErrPlace    = errors.New("prev of another log or seq")
	ErrHeight   = errors.New("wrong height")
	ErrAncestor = errors.New("a refused entry is in its past")
	ErrBody     = errors.New("body does not match header") // says nothing of the entry
	ErrNoRoom   = errors.New("too much is kept that cannot be delivered yet")
)

// Errors of the other methods.
var (
	ErrUnknown = errors.New("no such entry delivered")
	ErrStale   = errors.New("draft is no longer next in its log")
	ErrForked  = errors.New("log has forked")
	ErrFrozen  = errors.New("log is frozen")
	ErrAtEnd   = errors.New("log is full")
	ErrParents = errors.New("too many parents")
)

// State says what a DAG knows of an entry.
type State byte

// The states of an entry. Delivered and Refused are final.
const (
	Unknown   State = iota
	Pending         // kept; no good signature covers it
	Waiting         // kept; prev or a parent is not delivered
	Held            // kept; its log is frozen and nobody vouches for it
	Delivered       // in the log
	Refused         // never to be asked for again
)
