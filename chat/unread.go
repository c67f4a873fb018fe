package chat

import (
	"errors"
	"slices"

	"causeway/internal/planted"
	"causeway/merkle"
	"causeway/store"
)

// keepUnread keeps a place for a delivered entry that no key opens yet.
func (w *Writer) keepUnread(e merkle.Entry) error {
	if known, err := w.tx.Has(w.c.key(subUnread, e.ID)); err != nil || known {
		return err
	}
	if err := w.tx.Set(w.c.key(subUnread, e.ID), []byte{0}); err != nil {
		return err
	}
	w.warm().read = false
	_, err := w.saveMeta(e, meta{})
	return err
}

// noLongerUnread notes that an entry opens now. If others were read before it,
// their clocks may have to move.
func (w *Writer) noLongerUnread(e merkle.Entry) error {
	if w.warm().read {
		return nil
	}
	k := w.c.key(subUnread, e.ID)
	waited, err := w.tx.Has(k)
	if err != nil || !waited {
		return err
	}
	at, err := w.c.dag.Offset(w.tx, e.ID)
	if err != nil {
		return err
	}
	if w.reclock == 0 || at < w.reclock-1 {
		w.reclock = at + 1
	}
	return w.tx.Delete(k)
}

// rescanUnread tries again what no key opened before, until no new key comes of
// it, and then puts the display in order.
func (w *Writer) rescanUnread() error {
	for w.rescan && !planted.Is(planted.NoRescan) {
		w.rescan = false
		prefix := w.c.key(subUnread)
		var ids []merkle.ID
		for k := range w.tx.Scan(prefix) {
			ids = append(ids, merkle.ID(k[len(prefix):]))
		}
		if err := w.tx.Err(); err != nil {
			return err
		}
		if err := w.retry(ids); err != nil {
			return err
		}
	}
	return w.order()
}

func (w *Writer) retry(ids []merkle.ID) error {
	entries := make([]merkle.Entry, 0, len(ids))
	for _, id := range ids {
		e, err := w.c.dag.Get(w.tx, id)
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b merkle.Entry) int { return int(int64(a.Height) - int64(b.Height)) })
	for _, e := range entries {
		if err := w.read(e); err != nil {
			return err
		}
	}
	return nil
}

// order computes anew the clocks of everything delivered after an entry that
// was opened late, so that they stay a function of the DAG alone.
func (w *Writer) order() error {
	if w.reclock == 0 || planted.Is(planted.NoReclock) {
		return nil
	}
	at := w.reclock - 1
	w.reclock = 0
	defer w.relast()
	for {
		entries, err := w.c.dag.ByOffset(w.tx, at, orderBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		at += uint64(len(entries))
		for _, e := range entries {
			if err := w.moveClock(e); err != nil {
				return err
			}
		}
	}
}

// relast looks for the end of a timeline that was put in order.
func (w *Writer) relast() {
	h := w.warm()
	h.last = nil
	for k := range w.tx.ScanBack(w.c.key(subTimeline), nil) {
		h.last = k
		break
	}
}

func (w *Writer) moveClock(e merkle.Entry) error {
	var m meta
	if err := get(w.tx, w.c.key(subMeta, e.ID), &m); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil // delivered in this batch, not read yet
		}
		return err
	}
	clock, _ := w.clockOf(e, m.Wall)
	if clock == m.Clock {
		return nil
	}
	if shown(m.Kind) {
		if err := w.tx.Delete(w.timelineKey(e, m.Clock)); err != nil {
			return err
		}
		if err := w.tx.Set(w.timelineKey(e, clock), []byte{}); err != nil {
			return err
		}
	}
	m.Clock = clock
	w.warm().clocks[e.ID] = clock
	return put(w.tx, w.c.key(subMeta, e.ID), &m)
}
