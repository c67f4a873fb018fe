package merkle

import (
	"iter"
	"maps"
	"slices"

	"causeway/store"
)

// hot is what Updates know of a DAG by heart (store.Tx.Hot): rows that each
// change reads or writes. Every one of them is in the store as well.
type hot struct {
	n      counts
	logs   map[LogKey]*hotLog
	rows   map[uint64]*branchRow // by number
	heads  map[uint64]ID         // all of them, by offset
	frozen map[LogKey][]LogKey   // all of them
	memo   *memo
}

// A hotLog is a log and, once somebody asked for them, all its branches.
type hotLog struct {
	logRow
	lines []*branchRow // oldest first; nil: not read
}

// hotKey names the DAG among what a store knows by heart.
func (d *DAG) hotKey() string { return "merkle" + string(d.conv[:]) }

// view opens the DAG in a transaction.
func (d *DAG) view(tx *store.Tx) view {
	v := view{d: d, tx: tx}
	v.hot, _ = tx.Hot(d.hotKey(), v.loadHot).(*hot)
	if v.hot != nil {
		v.hot.trim()
	}
	return v
}

func (v *view) loadHot() any {
	h := &hot{
		logs: map[LogKey]*hotLog{}, rows: map[uint64]*branchRow{}, heads: map[uint64]ID{}, memo: newMemo(),
		n: v.readCounts(), frozen: v.readFrozen(),
	}
	for offset, id := range v.headRows() {
		h.heads[offset] = id
	}
	return h
}

// trim bounds what is kept from one change to the next.
func (h *hot) trim() {
	if h.memo.size > maxHotMemo {
		h.memo.forget()
	}
	if len(h.logs) > maxHotLogs || len(h.rows) > maxHotLogs {
		clear(h.logs)
		clear(h.rows)
	}
}

// readLog returns a log, or nil.
func (v *view) readLog(k LogKey) *hotLog {
	if v.hot != nil {
		if l := v.hot.logs[k]; l != nil {
			return l
		}
	}
	r := v.readLogRow(k)
	if r == nil {
		return nil
	}
	l := &hotLog{logRow: *r}
	if v.hot != nil && v.err == nil {
		v.hot.logs[k] = l
	}
	return l
}

// readBranch returns a branch of a log.
func (v *view) readBranch(logNo, number uint64) *branchRow {
	if v.hot == nil {
		return v.readBranchRow(logNo, number)
	}
	r := v.hot.rows[number]
	if r == nil {
		r = v.readBranchRow(logNo, number)
		if v.err == nil {
			v.hot.rows[number] = r
		}
	}
	return r
}

// lines returns the branches of a log, oldest first.
func (v *view) lines(l *hotLog) []*branchRow {
	if l.lines != nil {
		return l.lines
	}
	var out []*branchRow
	for r := range v.branchRows(v.d.keyN(tBranch, l.number)) {
		if v.hot != nil {
			if known := v.hot.rows[r.number]; known != nil {
				r = known
			}
			v.hot.rows[r.number] = r
		}
		out = append(out, r)
	}
	if v.hot != nil && v.err == nil {
		l.lines = out
	}
	return out
}

// heads yields the entries that are in nobody's past, oldest first.
func (v *view) heads() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		if v.hot == nil || len(v.hot.heads) > maxHotHeads {
			for _, id := range v.headRows() {
				if !yield(id) {
					return
				}
			}
			return
		}
		for _, offset := range slices.Sorted(maps.Keys(v.hot.heads)) {
			if !yield(v.hot.heads[offset]) {
				return
			}
		}
	}
}
