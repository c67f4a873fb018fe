package node

import (
	"crypto/ed25519"
	"crypto/rand"

	"github.com/libp2p/go-libp2p/core/crypto"

	"causeway/store"
)

// transportKey returns nil, for a fresh key at every start, unless this node
// serves a DHT: others keep the address of such a node, so its key stays.
func (n *Node) transportKey() (crypto.PrivKey, error) {
	if !n.cfg.DHTServer {
		return nil, nil
	}
	var seed [ed25519.SeedSize]byte
	err := n.db.Update(func(tx *store.Tx) error {
		found, err := getRow(tx, nodeKey(subTransport), &seed)
		if err != nil || found {
			return err
		}
		rand.Read(seed[:])
		return putRow(tx, nodeKey(subTransport), &seed)
	})
	if err != nil {
		return nil, err
	}
	std := ed25519.NewKeyFromSeed(seed[:])
	key, _, err := crypto.KeyPairFromStdKey(&std)
	return key, err
}
