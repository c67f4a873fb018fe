package chat

import (
	"slices"
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
// that removal in its past. Not withheld are the removal itself and the changes of
// key right after it: by these the others go on. The test is good as long as
// past is.
func (c *Conversation) Withheld(past *merkle.Past, epoch merkle.ID) func(merkle.Entry) bool {
	s := c.State()
	var removals []merkle.ID
	for _, id := range s.Fold.Removals() {
		if s.controls[id].kind == KindRevoke && !past.Before(id, epoch) {
			removals = append(removals, id)
		}
	}
	turns := map[[2]merkle.ID]bool{}
	return func(e merkle.Entry) bool {
		return slices.ContainsFunc(removals, func(id merkle.ID) bool {
			return past.Before(id, e.ID) && !s.turns(past, id, e.ID, turns)
		})
	}
}

// turns reports whether an entry is a change of key that follows on a removal, or
// on other such changes, with nothing between. known keeps the answers.
func (s *State) turns(past *merkle.Past, removal, id merkle.ID, known map[[2]merkle.ID]bool) (is bool) {
	if is, ok := known[[2]merkle.ID{removal, id}]; ok {
		return is
	}
	defer func() { known[[2]merkle.ID{removal, id}] = is }()
	ct, ok := s.controls[id]
	if !ok || ct.kind != KindRekey {
		return false
	}
	for _, p := range append([]merkle.ID{ct.op.Prev}, ct.op.Parents...) {
		if p != removal && past.Before(removal, p) && !s.turns(past, removal, p, known) {
			return false
		}
	}
	return true
}
