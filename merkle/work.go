package merkle

import (
	"crypto/sha256"

	"causeway/store"
)

func sum(b []byte) [sha256.Size]byte { return sha256.Sum256(b) }

// An item is an entry on its way to delivery.
type item struct {
	id      ID
	h       Header
	raw     []byte // the encoded header
	body    []byte
	hasBody bool

	index   int   // in the blocks given to Add; -1 if it had waited
	stored  State // how it is kept; Unknown if it is not
	covered bool  // by its own good signature or that of a later entry
	tainted bool  // an entry in its past is refused
	blocked int   // deps neither delivered nor refused
	noRoom  bool  // it could be kept in no way
	outcome State // Delivered or Refused, once decided
}

// deps calls yield with prev and the parents.
func (h *Header) deps(yield func(ID) bool) {
	if h.Prev != (ID{}) && !yield(h.Prev) {
		return
	}
	for _, p := range h.Parents {
		if !yield(p) {
			return
		}
	}
}

// size is what an item counts for in the limits of what is kept, in bytes.
func (it *item) size() uint64 { return uint64(len(it.raw) + len(it.body)) }

// work is one Add or Append: what it has read and changed. The changes of rows
// that change often are written by flush.
type work struct {
	*Past
	n    counts
	from uint64 // the length when it began
	res  Result

	items map[ID]*item
	order []*item        // in order of arrival
	wait  map[ID][]*item // by the dep that blocks them
	queue []*item        // ready for delivery

	logs  map[LogKey]*hotLog    // that changed
	rows  map[uint64]*branchRow // that changed
	heads map[uint64]ID         // that are new
}

func (d *DAG) work(tx *store.Tx) *work {
	w := &work{
		Past:  d.Past(tx),
		items: map[ID]*item{}, wait: map[ID][]*item{},
		logs: map[LogKey]*hotLog{}, rows: map[uint64]*branchRow{}, heads: map[uint64]ID{},
	}
	if w.hot == nil { // reading it failed, or the transaction only reads
		w.hot, _ = w.loadHot().(*hot)
		w.memo = w.hot.memo
	}
	w.n = w.hot.n
	w.from = w.n.length
	return w
}

// flush writes what the work changed and returns its failure.
func (w *work) flush() error {
	for _, r := range w.rows {
		w.setBranch(r)
	}
	for k, l := range w.logs {
		w.setLog(k, &l.logRow)
	}
	for offset, id := range w.heads {
		w.set(w.d.keyN(tHead, offset), id[:])
	}
	w.setCounts(w.n)
	w.hot.n = w.n
	w.hot.trim()
	return w.err
}
