package chat

import (
	"causeway/group"
	"causeway/identity"
	"causeway/internal/planted"
	"causeway/internal/wire"
)

// ready returns a key that K1, K2 and K3 allow, and publishes a rekey or a
// share first where one is needed.
func (w *Writer) ready() (*epoch, error) {
	e := w.best()
	if e == nil || w.due(e) {
		return w.rekey()
	}
	if planted.Is(planted.NoK3) {
		return e, nil
	}
	var missing []identity.UID
	for _, m := range w.reached() {
		if !e.to[m.User] && !w.sealedTo(e, m) {
			missing = append(missing, m.User)
		}
	}
	switch {
	case len(missing) == 0:
		return e, nil
	case w.s.History == Forward || !w.fullHistory(missing):
		return w.rekey()
	}
	return e, w.share(e, e, missing)
}

// reached lists the members whom keys are sealed to: the most senior MaxMembers.
// More can be admitted only by admins who add at the same time, or who do not
// heed the limit; the others go on without the juniors.
func (w *Writer) reached() []group.Member {
	all := w.s.Fold.Members()
	return all[:min(len(all), MaxMembers)]
}

// sealedTo reports whether the entry that made an epoch names a member in whose
// admission it was written. An epoch may be read before the admissions are.
func (w *Writer) sealedTo(e *epoch, m group.Member) bool {
	b, err := w.tx.Get(w.c.key(subControl, e.id))
	if err != nil {
		return false
	}
	p, err := decodePlain(b)
	if err != nil {
		return false
	}
	var r rekeyBody
	if e.id == w.c.ID || wire.Unmarshal(p.Payload, &r) != nil || !containsUID(r.To, m.User) {
		return false
	}
	return m.Since == w.c.ID || w.past.Before(m.Since, e.id)
}

// repair gives members with full history the concurrent epochs that no rekey
// links yet and that nobody gave them: what was said there by people who had not
// heard of them.
func (w *Writer) repair(best *epoch) error {
	if w.s.History != Shared {
		return nil
	}
	for _, e := range w.newestFirst() {
		if e == best || e.linked || !e.keys.Full() {
			continue
		}
		var missing []identity.UID
		for _, m := range w.reached() {
			if historyAll(m) && !e.to[m.User] {
				missing = append(missing, m.User)
			}
		}
		if len(missing) == 0 {
			continue
		}
		if err := w.share(best, e, missing); err != nil {
			return err
		}
	}
	return nil
}
