package merkle

import (
	"fmt"
	"slices"

	"causeway/store"
)

// Draft returns the place of the next entry of a log: after its last entry, with
// parents and over the present heads of the other logs, the oldest first, at
// most MaxParents together. The parents given must be delivered; those of a
// log's first entry must name the entry that admits the log. Nothing is written.
// Errors: ErrForked, ErrFrozen, ErrAtEnd, ErrParents, ErrUnknown.
func (d *DAG) Draft(tx *store.Tx, log LogKey, parents ...ID) (Draft, error) {
	p := d.Past(tx)
	dr := Draft{Log: log}
	t, found, err := d.writable(tx, log)
	if err != nil {
		return Draft{}, err
	}
	if found {
		dr.Seq, dr.Prev = t.Seq+1, t.Head
	}
	for _, id := range parents {
		if id != dr.Prev && !slices.Contains(dr.Parents, id) {
			dr.Parents = append(dr.Parents, id)
		}
	}
	if len(dr.Parents) > MaxParents {
		return Draft{}, fmt.Errorf("%w: %d", ErrParents, len(dr.Parents))
	}
	for id := range p.heads() {
		if len(dr.Parents) == MaxParents {
			break
		}
		if id != dr.Prev && !slices.Contains(dr.Parents, id) {
			dr.Parents = append(dr.Parents, id)
		}
	}
	slices.SortFunc(dr.Parents, ID.Compare)
	if dr.Height, err = p.heightOver(dr); err != nil {
		return Draft{}, err
	}
	if dr.Seq > MaxCount || dr.Height > MaxCount {
		return Draft{}, fmt.Errorf("%w: seq %d, height %d", ErrAtEnd, dr.Seq, dr.Height)
	}
	return dr, p.err
}

// heightOver returns 1 + the greatest height of prev and parents.
func (p *Past) heightOver(dr Draft) (uint64, error) {
	var greatest uint64
	for id := range (&Header{Prev: dr.Prev, Parents: dr.Parents}).deps {
		n := p.find(id)
		if n == nil {
			return 0, known(p.err, id)
		}
		greatest = max(greatest, n.height)
	}
	return greatest + 1, p.err
}

// writable returns the tip of a log that may be written on.
func (d *DAG) writable(tx *store.Tx, log LogKey) (Tip, bool, error) {
	frozen, err := d.Frozen(tx, log)
	if err != nil {
		return Tip{}, false, err
	}
	t, found, err := d.Tip(tx, log)
	switch {
	case err != nil:
		return Tip{}, false, err
	case frozen:
		return Tip{}, false, fmt.Errorf("%w: %s", ErrFrozen, log)
	case t.Forked:
		return Tip{}, false, fmt.Errorf("%w: %s", ErrForked, log)
	}
	return t, found, nil
}

// A Signer signs for one log.
type Signer interface {
	Public() [32]byte
	Sign(message []byte) [64]byte
}

// Append signs and delivers an entry of this node's own. The draft must still be next in its log, else ErrStale; heads
// that came since do no harm. The entry must not be shown to anybody before tx
// is committed: to write another one of the same seq is a fork.
// Errors besides: ErrSignature for the key of another log, and those of Draft.
func (d *DAG) Append(tx *store.Tx, key Signer, dr Draft, body []byte) (Entry, error) {
	if LogKey(key.Public()) != dr.Log {
		return Entry{}, fmt.Errorf("append to %s: %w", dr.Log, ErrSignature)
	}
	t, found, err := d.writable(tx, dr.Log)
	if err != nil {
		return Entry{}, err
	}
	if found != (dr.Seq > 0) || found && (t.Head != dr.Prev || t.Seq+1 != dr.Seq) {
		return Entry{}, fmt.Errorf("%w: seq %d of %s", ErrStale, dr.Seq, dr.Log)
	}
	h := Header{
		Log: dr.Log, Seq: dr.Seq, Prev: dr.Prev, Parents: dr.Parents, Height: dr.Height,
		Body: sum(body), BodySize: uint64(len(body)),
	}
	h.Sig = key.Sign(h.Signed())
	raw := h.Encode()
	if _, err := DecodeHeader(raw); err != nil {
		return Entry{}, fmt.Errorf("append: %w", err)
	}
	w := d.work(tx)
	it := &item{id: sum(raw), h: h, raw: raw, body: body, hasBody: true}
	for id := range h.deps {
		if w.find(id) == nil {
			return Entry{}, fmt.Errorf("append: %w", known(w.err, id))
		}
	}
	if err := w.deliver(it); err != nil {
		return Entry{}, fmt.Errorf("append: %w", err)
	}
	return w.res.Delivered[0], w.flush()
}
