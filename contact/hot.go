package contact

import (
	"causeway/identity"
	"causeway/store"
)

// hot is what Updates know of the book by heart (store.Tx.Hot), until something
// in it changes.
type hot struct {
	byID map[identity.UID]Contact
	all  []Contact // by name; nil: not read
}

const hotBook = "contact"

func (b Book) hot(tx *store.Tx) *hot {
	fresh := func() any { return &hot{byID: map[identity.UID]Contact{}} }
	if h, ok := tx.Hot(hotBook, fresh).(*hot); ok {
		return h
	}
	return fresh().(*hot)
}
