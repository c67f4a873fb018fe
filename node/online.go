package node

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/identity"
	"causeway/merkle"
	dagsync "causeway/sync"
)

// online remembers who is reachable now, from the sessions of the sync service.
type online struct {
	mu     sync.Mutex
	at     map[session]bool // guarded by mu: whether all that the peer has is here
	claims map[merkle.ID]bool
}

type session struct {
	peer peer.ID
	conv merkle.ID
	user identity.UID
}

func newOnline() *online { return &online{at: map[session]bool{}, claims: map[merkle.ID]bool{}} }

func (o *online) set(s session, up, synced bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !up {
		delete(o.at, s)
		return
	}
	o.at[s] = synced
}

// users lists who has a session in a conversation.
func (o *online) users(conv merkle.ID) []identity.UID {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := map[identity.UID]bool{}
	var out []identity.UID
	for s := range o.at {
		if s.conv == conv && !seen[s.user] {
			seen[s.user] = true
			out = append(out, s.user)
		}
	}
	return out
}

// user returns a peer on which a user has a session, in any conversation.
func (o *online) user(uid identity.UID) (peer.ID, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.at {
		if s.user == uid {
			return s.peer, true
		}
	}
	return "", false
}

// in reports whether a user has a session in a conversation.
func (o *online) in(conv merkle.ID, uid identity.UID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.at {
		if s.conv == conv && s.user == uid {
			return true
		}
	}
	return false
}

// synced reports whether there is a session in the conversation and every one
// has delivered all that its peer advertised.
func (o *online) synced(conv merkle.ID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	any := false
	for s, done := range o.at {
		if s.conv != conv {
			continue
		}
		if !done {
			return false
		}
		any = true
	}
	return any
}

// observe hears of sessions from the sync service.
func (n *Node) observe(e dagsync.Event) {
	id := merkle.ID(e.Conv)
	c := n.set.Get(id)
	if c == nil {
		return
	}
	uid, ok := c.State().Fold.UserOf(e.Log)
	if !ok {
		return
	}
	before := n.online.in(id, uid)
	n.online.set(session{e.Peer, id, uid}, e.Kind != dagsync.Down, e.Kind == dagsync.Synced)
	if c.State().Shape == chat.Direct && before != n.online.in(id, uid) {
		n.report("contact", uid)
	}
	n.wake["outbox"].ring()
}
