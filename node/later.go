package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/merkle"
	"causeway/store"
	dagsync "causeway/sync"
)

// AddLater keeps blocks from a peer, and tells when they are durable.
func (l *logs) AddLater(c dagsync.Conv, _ peer.ID, blocks []merkle.Block, durable func()) (merkle.Result, error) {
	conv, err := l.Conv(c)
	if err != nil {
		return merkle.Result{}, err
	}
	var res merkle.Result
	err = l.n.changeBy(l.n.db.UpdateLater, func(tx *store.Tx, now time.Time) (w *chat.Writer, err error) {
		tx.OnCommit(durable)
		w = conv.Write(tx, now)
		res, err = w.Receive(blocks)
		return w, err
	})
	return res, err
}
