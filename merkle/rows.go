package merkle

import (
	"fmt"
	"iter"

	"causeway/internal/wire"
	"causeway/store"
)

// A logRow numbers a log.
type logRow struct {
	number   uint64
	branches uint64
	proven   uint64 // 1 once a fork is proven
}

func (v *view) readLogRow(k LogKey) *logRow {
	b := v.get(v.d.keyID(tLog, k))
	if b == nil {
		return nil
	}
	var l logRow
	v.record(b, "log", func(d *wire.Decoder) { uints(d, &l.number, &l.branches, &l.proven) })
	return &l
}

func (v *view) setLog(k LogKey, l *logRow) {
	v.set(v.d.keyID(tLog, k), appendUints(nil, l.number, l.branches, l.proven))
}

// A branchRow is one line of a log: the first child of an entry goes on with
// its line, every further child starts another.
type branchRow struct {
	log    LogKey
	number uint64 // of the branch, over all logs
	logNo  uint64
	start  uint64 // seq of its first entry
	parent uint64 // 1 + the branch that it left at start; 0: none
	first  uint64 // offset of the entry of seq 0 that it comes from
	at     uint64 // offset of its head
	seq    uint64
	height uint64
	head   ID
}

func (v *view) readBranchRow(logNo, number uint64) *branchRow {
	b := v.get(v.d.keyN(tBranch, logNo, number))
	if b == nil {
		v.fail(fmt.Errorf("%w: branch %d of log %d is missing", store.ErrDamaged, number, logNo))
		return &branchRow{}
	}
	return v.decodeBranch(b)
}

func (v *view) decodeBranch(b []byte) *branchRow {
	var r branchRow
	v.record(b, "branch", func(d *wire.Decoder) {
		d.Fixed(r.log[:])
		uints(d, &r.number, &r.logNo, &r.start, &r.parent, &r.first, &r.at, &r.seq, &r.height)
		d.Fixed(r.head[:])
	})
	return &r
}

func (v *view) setBranch(r *branchRow) {
	b := wire.AppendBytes(nil, r.log[:])
	b = appendUints(b, r.number, r.logNo, r.start, r.parent, r.first, r.at, r.seq, r.height)
	v.set(v.d.keyN(tBranch, r.logNo, r.number), wire.AppendBytes(b, r.head[:]))
}

func (v *view) branchRows(prefix []byte) iter.Seq[*branchRow] {
	return func(yield func(*branchRow) bool) {
		for _, b := range v.scan(prefix, prefix) {
			if !yield(v.decodeBranch(b)) {
				return
			}
		}
	}
}

// offset reads a row of tChain.
func (v *view) offset(b []byte) (offset uint64) {
	v.record(b, "chain", func(d *wire.Decoder) { uints(d, &offset) })
	return offset
}

func (v *view) setProof(logNo uint64, f Fork) {
	v.set(v.d.keyN(tProof, logNo), packEntry(bodyHere, f.A.Encode(), f.B.Encode()))
}

func (v *view) proof(logNo uint64) (f Fork, found bool) {
	b := v.get(v.d.keyN(tProof, logNo))
	if b == nil {
		return Fork{}, false
	}
	_, first, second, _ := splitEntry(b)
	var err error
	if f.A, err = DecodeHeader(first); err == nil {
		f.B, err = DecodeHeader(second)
	}
	if err != nil {
		v.fail(fmt.Errorf("%w: proof: %w", store.ErrDamaged, err))
	}
	return f, err == nil
}
