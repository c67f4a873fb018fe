package dagsync

import (
	"causeway/internal/wire"
	"causeway/merkle"
)

// Flags of STATE, HEADS and ENTRIES.
const (
	flagEqual uint64 = 1 << iota // STATE: my rows are those of your digest, which is mine
	flagMore                     // STATE, HEADS: another one goes on with the rows
	flagHeld                     // STATE: no rows: I do not serve you yet
	flagEager                    // STATE, HEADS: the next frame is an ENTRIES of this session with req 0
	flagLast                     // ENTRIES: the answer is complete
)

type (
	logTag  [8]byte
	headTag [8]byte
	digest  [16]byte
)

// row is one branch tip of one log, under the salt of the session.
type row struct {
	Log  logTag
	Head headTag
	Seq  uint64
}

// rows is the body of STATE and of HEADS: rows in strictly ascending order.
type rows struct {
	Sid   uint64
	Flags uint64
	Rows  []row
}

// state says all that the sender has, heads what has changed of it.
type (
	state struct{ rows }
	heads struct{ rows }
)

func (*state) kind() frameType { return typeState }
func (*heads) kind() frameType { return typeHeads }

func (f *rows) append(b []byte) []byte {
	b = appendUints(wire.AppendArray(b, 3), f.Sid, f.Flags)
	b = wire.AppendArray(b, len(f.Rows))
	for _, r := range f.Rows {
		b = wire.AppendBytes(wire.AppendArray(b, 3), r.Log[:])
		b = wire.AppendUint(wire.AppendBytes(b, r.Head[:]), r.Seq)
	}
	return b
}

func (f *rows) decode(d *wire.Decoder) bool {
	ok := array(d, 3)
	f.Sid, f.Flags = number(d), number(d)
	f.Rows = make([]row, d.Array(maxRows))
	for i := range f.Rows {
		r := &f.Rows[i]
		ok = array(d, 3) && ok
		d.Fixed(r.Log[:])
		d.Fixed(r.Head[:])
		r.Seq = d.Uint(merkle.MaxCount)
		ok = ok && (i == 0 || compareRows(f.Rows[i-1], *r) < 0)
	}
	return ok
}

// want asks for entries by ranges of the branches that rows advertised, or by
// id.
type want struct {
	Sid    uint64
	Req    uint64
	Ranges []wanted
	IDs    []Ask
}

// wanted names entries From to To of the branch of a row.
type wanted struct {
	advert
	From, To uint64
}

// An advert is how a row names a branch.
type advert struct {
	log  logTag
	head headTag
}

func (*want) kind() frameType { return typeWant }

func (f *want) append(b []byte) []byte {
	b = appendUints(wire.AppendArray(b, 4), f.Sid, f.Req)
	b = wire.AppendArray(b, len(f.Ranges))
	for _, r := range f.Ranges {
		b = wire.AppendBytes(wire.AppendArray(b, 4), r.log[:])
		b = appendUints(wire.AppendBytes(b, r.head[:]), r.From, r.To)
	}
	b = wire.AppendArray(b, len(f.IDs))
	for _, a := range f.IDs {
		b = wire.AppendUint(wire.AppendBytes(wire.AppendArray(b, 2), a.ID[:]), a.Depth)
	}
	return b
}

func (f *want) decode(d *wire.Decoder) bool {
	ok := array(d, 4)
	f.Sid, f.Req = number(d), number(d)
	f.Ranges = make([]wanted, d.Array(maxRanges))
	for i := range f.Ranges {
		r := &f.Ranges[i]
		ok = array(d, 4) && ok
		d.Fixed(r.log[:])
		d.Fixed(r.head[:])
		r.From, r.To = d.Uint(merkle.MaxCount), d.Uint(merkle.MaxCount)
		ok = ok && r.From <= r.To
	}
	f.IDs = make([]Ask, d.Array(maxIDs))
	for i := range f.IDs {
		ok = array(d, 2) && ok
		d.Fixed(f.IDs[i].ID[:])
		f.IDs[i].Depth = d.Uint(maxDepth)
	}
	return ok && f.Req > 0 && len(f.Ranges)+len(f.IDs) > 0
}
