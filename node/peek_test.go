package node

import (
	"causeway/chat"
	"causeway/identity"
	"causeway/store"
)

// keepersOf counts the custodians that a contact has told of.
func (n *Node) keepersOf(uid identity.UID) (count int) {
	_ = n.db.View(func(tx *store.Tx) error {
		k, err := n.book.Get(tx, uid)
		if err != nil {
			return err
		}
		m, err := chat.DecodeMailbox(k.Custodians)
		count = len(m.Keepers)
		return err
	})
	return count
}
