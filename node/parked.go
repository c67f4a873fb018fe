package node

import (
	"bytes"
	"time"

	"causeway/chat"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
)

// parkedAt returns the custodians, other than this node, whose receipts cover an
// entry of an own log, and how many there should be.
func (n *Node) parkedAt(tx *store.Tx, c *chat.Conversation, own merkle.LogKey, seq uint64) (out []parkedBox, want int, err error) {
	prefix := nodeKey(subParked, c.ID)
	counted := map[[32]byte]bool{} // a custodian with boxes of several epochs keeps one copy
	for _, v := range tx.Scan(prefix) {
		var row parkedRow
		if err := decodeRow(v, &row); err != nil {
			return nil, 0, err
		}
		until := time.Unix(int64(row.Until), 0).UTC()
		if row.Here || counted[row.Keeper] || row.Log != own || row.UpTo <= seq || until.Before(time.Now()) {
			continue
		}
		counted[row.Keeper] = true
		out = append(out, parkedBox{name: keeperName(row.Name), until: until})
	}
	return out, max(n.wantParked(tx, c), len(out)), tx.Err()
}

// keeperName is what a custodian of somebody else's calls itself, if it is a name.
func keeperName(name string) string {
	if name == "" || identity.CheckName(name) != nil {
		return "a custodian of theirs"
	}
	return name
}

func (n *Node) wantParked(tx *store.Tx, c *chat.Conversation) int {
	s := c.State()
	if s.Shape == chat.Group {
		return min(copies, len(s.Mailbox().Keepers))
	}
	k, err := n.book.Get(tx, s.Peer)
	if err != nil {
		return 0
	}
	m, err := chat.DecodeMailbox(k.Custodians)
	if err != nil {
		return 0
	}
	return min(copies, len(m.Keepers))
}

// parkedWith counts what this node parked with one custodian.
func (n *Node) parkedWith(tx *store.Tx, receipt [32]byte) (count int) {
	for k, v := range tx.Scan(nodeKey(subParked)) {
		var row parkedRow
		if bytes.HasSuffix(k, receipt[:]) && decodeRow(v, &row) == nil {
			count += int(row.Count)
		}
	}
	return count
}
