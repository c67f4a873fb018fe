package chat

import (
	"slices"

	"causeway/identity"
	"causeway/merkle"
)

// voidRemovals lists removals that turned out void: what their authors wrote under
// the keys that they changed then does not reach whom they removed.
func (w *Writer) voidRemovals() (out []merkle.ID) {
	for id, ct := range w.s.controls {
		if ct.kind == KindRevoke && w.wasDue(id, ct) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, merkle.ID.Compare)
	return out
}

// wasDue reports whether a removal is void whose author was an admin at some time:
// others never had the right, and nobody took what they wrote for a removal.
func (w *Writer) wasDue(id merkle.ID, ct control) bool {
	uid, known := w.s.Fold.UserOf(ct.op.Log)
	return known && w.s.Fold.WasAdmin(uid) && !w.s.Fold.Live(id)
}

// KeepOrder does what falls to the most senior member who hears of a change: a
// new key when somebody has left, or a log was cut or found to be forked (K4),
// and the keys for those whom a void removal left without.
func (w *Writer) KeepOrder() error {
	if !w.Senior(w.c.set.me.UID) {
		return nil
	}
	var err error
	switch {
	case w.got.Ended:
		err = w.Rekey()
	case w.got.Undone:
		err = w.mend()
	}
	if CannotWrite(err) {
		return nil
	}
	return err
}

// mend gives members the keys that they lack because of a void removal: the
// present one, and those made by people who took the removal for good.
func (w *Writer) mend() error {
	if !w.s.Fold.MaySend(w.c.set.me.UID) {
		return ErrNotMember
	}
	if err := w.rotate(); err != nil {
		return err
	}
	best, err := w.ready()
	if err != nil {
		return err
	}
	void := w.voidRemovals()
	for _, e := range slices.Clone(w.newestFirst()) {
		if e.id == best.id || !e.keys.Full() || !w.shadowed(e.id, void) {
			continue
		}
		if missing := w.leftOut(e); len(missing) > 0 {
			if err := w.share(best, e, missing); err != nil {
				return err
			}
		}
	}
	return nil
}

// shadowed reports whether an entry has a void removal in its past.
func (w *Writer) shadowed(id merkle.ID, void []merkle.ID) bool {
	return slices.ContainsFunc(void, func(v merkle.ID) bool { return w.past.Before(v, id) })
}

// leftOut lists the members who belonged already when a key was made, and were
// not given it.
func (w *Writer) leftOut(e *epoch) (out []identity.UID) {
	for _, m := range w.reached() {
		if !e.to[m.User] && !w.sealedTo(e, m) && (m.Since == w.c.ID || w.past.Before(m.Since, e.id)) {
			out = append(out, m.User)
		}
	}
	return out
}
