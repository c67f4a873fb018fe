package chat

import (
	"time"

	"causeway/merkle"
	"causeway/store"
)

// Present returns the epoch under which a member would write now (K1, K2); none
// if whoever writes next has to make one first.
func (c *Conversation) Present(tx *store.Tx) (epoch merkle.ID, ok bool) {
	e := c.Write(tx, time.Time{}).best()
	if e == nil {
		return merkle.ID{}, false
	}
	return e.id, true
}

// Withheld returns a test for entries that are not for all who hold an epoch:
// one of them was removed without the epoch's maker knowing, and the entry has
// that removal in its past. Not withheld are the removal itself and the change of
// key that comes with it: by these the others go on. The test is good as long as
// past is.
func (c *Conversation) Withheld(past *merkle.Past, epoch merkle.ID) func(merkle.Entry) bool {
	s := c.State()
	var removals []merkle.ID
	for _, id := range s.Fold.Removals() {
		if s.controls[id].kind == KindRevoke && !past.Before(id, epoch) {
			removals = append(removals, id)
		}
	}
	return func(e merkle.Entry) bool {
		rekey := s.controls[e.ID].kind == KindRekey
		for _, id := range removals {
			if past.Before(id, e.ID) && !(rekey && e.Prev == id) {
				return true
			}
		}
		return false
	}
}
