package chat

import (
	"cmp"
	"slices"

	"causeway/seal"
)

// UserKEMs returns the user's KEM keys, one a generation and oldest first, which
// the epochs of the self group give (docs/spec/03-keys.md, section 3).
func (c *Conversation) UserKEMs() []*seal.KEM {
	var held []*epoch
	for _, e := range c.State().epochs {
		if e.keys.Full() {
			held = append(held, e)
		}
	}
	slices.SortFunc(held, func(a, b *epoch) int { return cmp.Compare(a.created, b.created) })
	var out []*seal.KEM
	for i, e := range held {
		k, _ := e.keys.Key()
		out = append(out, seal.UserKEM(k.K, uint64(i)))
	}
	return out
}

// SetKEMs replaces the keys by which this user's slots are opened.
func (s *Set) SetKEMs(kems []*seal.KEM) { s.me.KEMs = kems }
