package node

import (
	"errors"
	"fmt"

	"causeway/chat"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
)

// takenRow says up to where one log of somebody else, or whoever empties one
// box, has taken this device's log. That is no receipt: it was handed over.
type takenRow struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Next    uint64 // the first seq that was not taken
}

const takenVersion = 1

func (row takenRow) check() error {
	if row.Version != takenVersion {
		return fmt.Errorf("%w: a row of version %d of what was taken", store.ErrDamaged, row.Version)
	}
	return nil
}

// noteTaken keeps that own entries From to To were taken by a log or a box, and
// tells of the messages that are handed over with that. acked is the first seq
// without a receipt from there. What does not follow on what is known is left
// out: the row stands for everything below it.
func (n *Node) noteTaken(tx *store.Tx, c *chat.Conversation, by [32]byte, acked, from, to uint64) error {
	own := c.State().Log
	tip, begun, err := c.DAG().Tip(tx, own)
	if err != nil || !begun {
		return err
	}
	to = min(to, tip.Seq) // nobody has what is not written
	key := nodeKey(subTaken, c.ID, own, by)
	row := takenRow{Version: takenVersion}
	if _, err := getRow(tx, key, &row); err != nil {
		return err
	}
	if err := row.check(); err != nil {
		return err
	}
	next := max(row.Next, acked)
	if from > next || to < next {
		return nil
	}
	row.Next = to + 1
	if err := putRow(tx, key, &row); err != nil {
		return err
	}
	return n.recordAcked(tx, c, n.chatName(tx, c.State()), chat.Acked{Own: own, From: next, To: to})
}

// takenBy tells which users were handed this own message.
func (n *Node) takenBy(tx *store.Tx, c *chat.Conversation, m chat.Message) (map[identity.UID]bool, error) {
	s, out := c.State(), map[identity.UID]bool{}
	prefix := nodeKey(subTaken, c.ID, m.Log)
	meant := c.MeantFor(tx, m.ID)
	for k, v := range tx.Scan(prefix) {
		var row takenRow
		if err := errors.Join(decodeRow(v, &row), row.check()); err != nil {
			return nil, err
		}
		if row.Next <= m.Seq {
			continue
		}
		if s.Shape == chat.Direct { // a log of the other user's, or their box
			out[s.Peer] = true
		} else if log := merkle.LogKey(k[len(prefix):]); !meant(log) {
			continue
		} else if uid, ok := s.Fold.UserOf(log); ok {
			out[uid] = true
		}
	}
	return out, tx.Err()
}
