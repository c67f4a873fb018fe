package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/dht"
	"causeway/identity"
	"causeway/internal/label"
	"causeway/mailbox"
)

// errUnreachable: nobody answered under the tags or addresses known.
var errUnreachable = errors.New("not reachable now")

// linkToFriend reaches a friend's node as ourselves: the session we have with
// it, else its custodian's tag.
func (n *Node) linkToFriend(ctx context.Context, uid identity.UID, row keeperRow) (*mailbox.Link, error) {
	if p, up := n.online.user(uid); up {
		if s, err := n.host.NewStream(ctx, p, label.MailboxProtocol); err == nil {
			return mailbox.Over(s), nil
		}
	}
	if row.Receipt == [32]byte{} {
		return nil, fmt.Errorf("custodian: %w", errUnreachable)
	}
	return n.search(ctx, n.host, nil, dht.KeysFor(row.Tag, time.Now(), row.Receipt))
}

// linkToPlace reaches a custodian of somebody else from a throw-away host, so
// that it does not learn who deposits. done closes the host. A place in this
// very node is reached without a network.
func (n *Node) linkToPlace(ctx context.Context, p place) (link *mailbox.Link, done func(), err error) {
	return n.linkAway(ctx, p.keeper.Receipt, p.keeper.Tag, p.keeper.Addrs)
}

func (n *Node) linkAway(ctx context.Context, receipt, tag [32]byte, addrs []string) (*mailbox.Link, func(), error) {
	if n.keeps(receipt) {
		return n.keeper.Local(ctx), func() {}, nil
	}
	h, err := n.cfg.Hosts.Throwaway(n.ctx)
	if err != nil {
		return nil, nil, err
	}
	done := func() { _ = h.Close() }
	link, err := n.search(ctx, h, addrInfos(addrs), dht.KeysFor(tag, time.Now(), receipt))
	if err != nil {
		done()
		return nil, nil, err
	}
	return link, done, nil
}

// keeps reports whether this node itself is the custodian with a receipt key.
func (n *Node) keeps(receipt [32]byte) bool {
	a, err := n.keeper.Announce(dht.Day(time.Now()))
	if err != nil {
		return false
	}
	for _, b := range a.Boxes {
		if [32]byte(b.Custodian) == receipt {
			return true
		}
	}
	return false
}

// search dials the addresses known, and whoever is found under the tags, from host
// h, and returns the first mailbox that answers.
func (n *Node) search(ctx context.Context, h host.Host, known []peer.AddrInfo, tags []dht.Tag) (*mailbox.Link, error) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	known = known[:min(len(known), raceAtOnce)] // whoever told of them may have told of many
	link, ok := race(ctx, n.finding(known, tags), func(ctx context.Context, p peer.AddrInfo) (*mailbox.Link, error) {
		if p.ID == n.host.ID() {
			return nil, errSelf
		}
		return dialMailbox(ctx, h, p)
	}, func(l *mailbox.Link) { _ = l.Close() })
	if !ok {
		return nil, fmt.Errorf("custodian: %w", errUnreachable)
	}
	return link, nil
}

func dialMailbox(ctx context.Context, h host.Host, p peer.AddrInfo) (*mailbox.Link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if err := h.Connect(ctx, p); err != nil {
		return nil, err
	}
	s, err := h.NewStream(network.WithAllowLimitedConn(ctx, "mail"), p.ID, label.MailboxProtocol)
	if err != nil {
		return nil, err
	}
	return mailbox.Over(s), nil
}
