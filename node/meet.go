package node

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"causeway/chat"
	"causeway/contact"
	"causeway/dht"
	"causeway/identity"
	"causeway/store"
	dagsync "causeway/sync"
)

// rendezvous is one conversation whose members are to be met.
type rendezvous struct {
	conv    *chat.Conversation
	secrets []chat.Secrets
	peer    identity.UID // Direct: whom to look for
	addrs   []string     // where it was last
	lonely  bool         // fewer are connected than there should be
}

// rendezvous lists the conversations that are met at all.
func (n *Node) rendezvous() (out []rendezvous) {
	err := n.db.View(func(tx *store.Tx) error {
		for _, c := range n.set.All() {
			s := c.State()
			if s.Shape == chat.Self {
				continue
			}
			r := rendezvous{conv: c, secrets: c.Secrets(tx), peer: s.Peer}
			r.secrets = r.secrets[:min(len(r.secrets), recentEpochs)]
			if s.Shape == chat.Direct {
				k, err := n.book.Get(tx, s.Peer)
				if err != nil || k.State == contact.Blocked {
					continue
				}
				r.addrs = k.Addrs
				r.lonely = !n.online.in(c.ID, s.Peer)
			} else {
				r.lonely = len(n.online.users(c.ID)) < min(3, max(1, len(s.Others(n.me.UID))))
			}
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		n.log.Error("list whom to meet", "err", err)
	}
	return out
}

// publish says under which tags this node is to be found, today and on every
// day that comes.
func (n *Node) publish(context.Context) { n.tags.Set(n.tagsOf) }

func (n *Node) tagsOf(day int64) []dht.Tag {
	var out []dht.Tag
	for _, r := range n.rendezvous() {
		for _, s := range r.secrets {
			switch members := len(r.conv.State().Fold.Members()); {
			case r.conv.State().Shape == chat.Direct:
				out = append(out, dht.KeyFor(s.Rdv, day, [32]byte(n.me.UID)))
			case members <= groupDrawn || dht.Drawn(s.Rdv, day, [32]byte(n.me.UID), members):
				out = append(out, dht.KeyFor(s.Rdv, day, [32]byte{}))
			}
		}
	}
	a, err := n.keeper.Announce(day)
	if err != nil {
		n.log.Error("list the boxes kept here", "err", err)
	}
	for _, b := range a.Boxes {
		out = append(out, dht.KeyFor(b.TagSecret, day, [32]byte(b.Custodian)))
	}
	for _, t := range a.Tags {
		out = append(out, dht.Tag(t))
	}
	return out
}

// meet looks for everybody who should be connected and is not.
func (n *Node) meet(ctx context.Context) {
	var all sync.WaitGroup
	slots := make(chan struct{}, meetAtOnce)
	for _, r := range n.rendezvous() {
		if !r.lonely || !n.pace.due(r.conv.ID, time.Now()) {
			continue
		}
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			n.seek(ctx, r)
		})
	}
	all.Wait()
}

// seek tries the last known addresses, and the tags of the conversation.
func (n *Node) seek(ctx context.Context, r rendezvous) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	publisher := [32]byte(r.peer) // zero for a group
	var tags []dht.Tag
	for _, s := range r.secrets {
		tags = append(tags, dht.KeysFor(s.Rdv, time.Now(), publisher)...)
	}
	direct := r.conv.State().Shape == chat.Direct
	race(ctx, n.finding(addrInfos(r.addrs), tags), func(ctx context.Context, p peer.AddrInfo) (struct{}, error) {
		err := n.connect(ctx, p, r.conv)
		if err == nil && !direct {
			err = errMore // a group has more members to meet
		}
		return struct{}{}, err
	}, func(struct{}) {})
}

// finding yields the peers known, and after a short head start for them what a
// look-up brings: a stale address that swallows every packet costs no more than
// that. It ends with the context it is given.
func (n *Node) finding(known []peer.AddrInfo, tags []dht.Tag) func(context.Context) iter.Seq[peer.AddrInfo] {
	return func(ctx context.Context) iter.Seq[peer.AddrInfo] {
		return func(yield func(peer.AddrInfo) bool) {
			for _, p := range known {
				if !yield(p) {
					return
				}
			}
			if len(known) > 0 {
				select {
				case <-ctx.Done():
					return
				case <-time.After(headStart):
				}
			}
			for p := range n.finder.Find(ctx, tags...) {
				if !yield(p) {
					return
				}
			}
		}
	}
}

var errMore = errors.New("one more is welcome")

func (n *Node) connect(ctx context.Context, p peer.AddrInfo, c *chat.Conversation) error {
	if p.ID == n.host.ID() {
		return errSelf
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if err := n.host.Connect(ctx, p); err != nil {
		return err
	}
	return n.sync.Connect(ctx, p.ID, dagsync.Conv(c.ID))
}

// heed hears of the health of the network. Where it was entered anew, everybody
// is looked for at once.
func (n *Node) heed(r dht.Report) {
	n.troubles.report(r)
	if r.Err == nil {
		n.pace.reset()
		n.wake["meet"].ring()
	}
}

// nearby hears of a node on the same LAN, which may or may not be a friend's.
func (n *Node) nearby(p peer.AddrInfo) {
	if n.ctx.Err() != nil {
		return
	}
	n.work.Go(func() {
		ctx, cancel := context.WithTimeout(n.ctx, dialTime)
		defer cancel()
		if err := n.host.Connect(ctx, p); err == nil {
			_ = n.sync.Connect(ctx, p.ID) // a stranger's refusal is nobody's business
		}
	})
}

// pathTo says how a peer is reached.
func (n *Node) pathTo(p peer.ID) string {
	path := "none"
	for _, c := range n.host.Network().ConnsToPeer(p) {
		if c.Stat().Limited {
			path = "relay"
			continue
		}
		return "direct"
	}
	return path
}

// noteAddrs remembers where a contact was reached, for networks without a DHT.
func (n *Node) noteAddrs(uid identity.UID, p peer.ID) {
	addrs := n.addrsOf(p)
	if len(addrs) == 0 {
		return
	}
	err := n.db.Update(func(tx *store.Tx) error {
		_, err := n.book.Edit(tx, uid, func(k *contact.Contact) error {
			k.Addrs = addrs
			return nil
		})
		return err
	})
	if err != nil && n.ctx.Err() == nil && !errors.Is(err, contact.ErrNotFound) {
		n.log.Error("note an address", "err", err)
	}
}

// addrsOf lists where this node dialled a peer, then where the peer says that it
// listens: who called us is called back there after a restart.
func (n *Node) addrsOf(p peer.ID) (out []string) {
	for _, c := range n.host.Network().ConnsToPeer(p) {
		if c.Stat().Direction == network.DirOutbound {
			out = append(out, c.RemoteMultiaddr().String()+"/p2p/"+p.String())
		}
	}
	var told []string
	for _, a := range n.host.Peerstore().Addrs(p) {
		if s := a.String() + "/p2p/" + p.String(); !slices.Contains(out, s) {
			told = append(told, s)
		}
	}
	slices.Sort(told)
	return append(out, told[:min(len(told), max(0, maxAddrs-len(out)))]...)
}

func (n *Node) addrs() (out []string) {
	for _, a := range n.host.Addrs() {
		out = append(out, a.String()+"/p2p/"+n.host.ID().String())
	}
	return out[:min(len(out), maxAddrs)]
}

func addrInfos(addrs []string) []peer.AddrInfo {
	var parsed []ma.Multiaddr
	for _, a := range addrs {
		if m, err := ma.NewMultiaddr(a); err == nil {
			parsed = append(parsed, m)
		}
	}
	infos, err := peer.AddrInfosFromP2pAddrs(parsed...)
	if err != nil {
		return nil // addresses without a peer id say nothing
	}
	return infos
}
