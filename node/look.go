package node

import "causeway/store"

// look reads the store for an answer that has no room for an error, and says in
// the log what went wrong. It reports whether nothing did.
func (n *Node) look(what string, f func(tx *store.Tx) error) bool {
	err := n.db.View(f)
	if err != nil && n.ctx.Err() == nil {
		n.log.Error(what, "err", err)
	}
	return err == nil
}
