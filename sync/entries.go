package dagsync

import (
	"crypto/sha256"
	"slices"

	"causeway/internal/wire"
	"causeway/merkle"
)

// entries is a frame of entries in causal order without what the receiver can
// derive: docs/spec/06-sync.md, section 7.
type entries struct {
	Sid   uint64
	Req   uint64 // 0: eager
	Flags uint64
	Runs  []run
	Items []item
}

// A run is a stretch of one log whose items follow one another by prev,
// whatever lies between them in the frame. Runs stand in the order of their
// first items.
type run struct {
	Log  merkle.LogKey
	Seq  uint64    // of the first item
	Prev merkle.ID // of the first item; zero (null) at seq 0
}

// An item is an entry without its log, seq, prev, body size and body hash.
type item struct {
	Run    uint64
	Back   []uint64    // parents that are items before this one, by index, ascending
	Links  []merkle.ID // the other parents, ascending
	Height uint64
	Sig    [64]byte
	Body   []byte
	Gone   *gone // instead of Body
}

// gone stands for a body that the sender no longer has.
type gone struct {
	Body merkle.BlockID
	Size uint64
}

const (
	entriesFields = 5
	runFields     = 3
	itemFields    = 7
)

func (*entries) kind() frameType { return typeEntries }

func (f *entries) append(b []byte) []byte {
	b = appendUints(wire.AppendArray(b, entriesFields), f.Sid, f.Req, f.Flags)
	b = wire.AppendArray(b, len(f.Runs))
	for _, r := range f.Runs {
		b = r.append(b)
	}
	b = wire.AppendArray(b, len(f.Items))
	for i := range f.Items {
		b = f.Items[i].append(b)
	}
	return b
}

func (r run) append(b []byte) []byte {
	b = wire.AppendArray(b, runFields)
	b = wire.AppendBytes(b, r.Log[:])
	b = wire.AppendUint(b, r.Seq)
	if r.Seq == 0 {
		return wire.AppendNull(b)
	}
	return wire.AppendBytes(b, r.Prev[:])
}

func (it *item) append(b []byte) []byte {
	b = wire.AppendArray(b, itemFields)
	b = wire.AppendUint(b, it.Run)
	b = wire.AppendArray(b, len(it.Back))
	b = appendUints(b, it.Back...)
	b = wire.AppendArray(b, len(it.Links))
	for _, id := range it.Links {
		b = wire.AppendBytes(b, id[:])
	}
	b = wire.AppendUint(b, it.Height)
	b = wire.AppendBytes(b, it.Sig[:])
	b = wire.AppendBytes(b, it.Body)
	if it.Gone == nil {
		return wire.AppendNull(b)
	}
	b = wire.AppendArray(b, 2)
	b = wire.AppendBytes(b, it.Gone.Body[:])
	return wire.AppendUint(b, it.Gone.Size)
}

// decode leaves bodies where they are in the payload.
func (f *entries) decode(d *wire.Decoder) bool {
	ok := array(d, entriesFields)
	f.Sid, f.Req, f.Flags = number(d), number(d), number(d)
	f.Runs = make([]run, d.Array(maxBatch))
	for i := range f.Runs {
		ok = f.Runs[i].decode(d) && ok
	}
	f.Items = make([]item, d.Array(maxBatch))
	runs := 0
	for i := range f.Items {
		ok = f.Items[i].decode(d, i, &runs) && ok
	}
	return ok && runs == len(f.Runs)
}

func (r *run) decode(d *wire.Decoder) bool {
	ok := array(d, runFields)
	d.Fixed(r.Log[:])
	r.Seq = d.Uint(merkle.MaxCount)
	first := d.Null()
	if !first {
		d.Fixed(r.Prev[:])
	}
	return ok && first == (r.Seq == 0)
}

// decode reads item number index; runs counts the runs that have begun.
func (it *item) decode(d *wire.Decoder, index int, runs *int) bool {
	ok := array(d, itemFields)
	it.Run = d.Uint(maxBatch)
	it.Back = make([]uint64, d.Array(merkle.MaxParents))
	for i := range it.Back {
		it.Back[i] = d.Uint(maxBatch)
	}
	it.Links = make([]merkle.ID, d.Array(merkle.MaxParents))
	for i := range it.Links {
		d.Fixed(it.Links[i][:])
	}
	it.Height = d.Uint(merkle.MaxCount)
	d.Fixed(it.Sig[:])
	it.Body = d.Bytes(merkle.MaxBody)
	if !d.Null() {
		it.Gone = new(gone)
		ok = array(d, 2) && ok
		d.Fixed(it.Gone.Body[:])
		it.Gone.Size = d.Uint(merkle.MaxBody)
	}
	if it.Run == uint64(*runs) {
		*runs++
	}
	return ok && it.Run < uint64(*runs) && it.ordered(index)
}

// ordered holds back references and links to one way of writing them.
func (it *item) ordered(index int) bool {
	for i, n := range it.Back {
		if n >= uint64(index) || i > 0 && n <= it.Back[i-1] {
			return false
		}
	}
	for i := 1; i < len(it.Links); i++ {
		if it.Links[i-1].Compare(it.Links[i]) >= 0 {
			return false
		}
	}
	if it.Gone != nil && (len(it.Body) > 0 || it.Gone.Size == 0) {
		return false
	}
	return len(it.Back)+len(it.Links) <= merkle.MaxParents
}

// pack lays entries, which are in causal order, into runs and items.
func pack(es []merkle.Entry) (runs []run, items []item) {
	at := make(map[merkle.ID]uint64, len(es))
	tails := map[merkle.ID]uint64{} // the last entry of each run
	for i, e := range es {
		n, follows := tails[e.Prev]
		if !follows || e.Seq == 0 {
			n = uint64(len(runs))
			runs = append(runs, run{Log: e.Log, Seq: e.Seq, Prev: e.Prev})
		}
		delete(tails, e.Prev)
		tails[e.ID] = n
		it := item{Run: n, Height: e.Height, Sig: e.Sig, Body: e.Body}
		if e.Body == nil && e.BodySize > 0 {
			it.Gone = &gone{Body: e.Header.Body, Size: e.BodySize}
		}
		for _, p := range e.Parents {
			if n, here := at[p]; here {
				it.Back = append(it.Back, n)
			} else {
				it.Links = append(it.Links, p)
			}
		}
		slices.Sort(it.Back)
		at[e.ID] = uint64(i)
		items = append(items, it)
	}
	return runs, items
}

// unpack is the reverse of pack: blocks for merkle and their ids. Nothing in
// them is verified, but that every item hangs on its run.
func (f *entries) unpack() (blocks []merkle.Block, ids []merkle.ID) {
	blocks = make([]merkle.Block, len(f.Items))
	ids = make([]merkle.ID, len(f.Items))
	next := slices.Clone(f.Runs)
	for i := range f.Items {
		it, r := &f.Items[i], &next[f.Items[i].Run]
		h := merkle.Header{
			Log: r.Log, Seq: r.Seq, Prev: r.Prev, Parents: slices.Clone(it.Links),
			Height: it.Height, Sig: it.Sig,
		}
		for _, n := range it.Back {
			h.Parents = append(h.Parents, ids[n])
		}
		slices.SortFunc(h.Parents, merkle.ID.Compare)
		if it.Gone != nil {
			h.Body, h.BodySize = it.Gone.Body, it.Gone.Size
		} else {
			h.Body, h.BodySize = sha256.Sum256(it.Body), uint64(len(it.Body))
			blocks[i].Body = it.Body
		}
		blocks[i].Header = h.Encode()
		ids[i] = sha256.Sum256(blocks[i].Header)
		r.Seq, r.Prev = r.Seq+1, ids[i]
	}
	return blocks, ids
}
