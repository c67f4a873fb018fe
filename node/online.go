package node

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/identity"
	"causeway/merkle"
	dagsync "causeway/sync"
)

// online remembers who is reachable now, from the sessions of the sync service.
type online struct {
	mu   sync.Mutex
	at   map[session]bool // guarded by mu: whether all that the peer has is here
	owed map[owed]lacking // guarded by mu
}

// owed is a user with a session in a conversation who lacks an entry of ours.
type owed struct {
	conv merkle.ID
	user identity.UID
}

type lacking struct {
	first uint64
	since time.Time
}

type session struct {
	peer peer.ID
	conv merkle.ID
	user identity.UID
}

func newOnline() *online { return &online{at: map[session]bool{}, owed: map[owed]lacking{}} }

func (o *online) set(s session, up, synced bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !up {
		delete(o.at, s)
		return
	}
	o.at[s] = synced
}

// drop forgets the sessions with a peer and returns how many there were.
func (o *online) drop(p peer.ID) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.at {
		if s.peer == p {
			delete(o.at, s)
			n++
		}
	}
	return n
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

// overdue reports whether a connected user has lacked our entry with this seq
// for longer than a live receipt should take.
func (o *online) overdue(conv merkle.ID, uid identity.UID, first uint64, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := owed{conv, uid}
	l, known := o.owed[k]
	if !known || l.first != first {
		l = lacking{first, now}
		o.owed[k] = l
	}
	return now.Sub(l.since) > graceTime
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
	if e.Kind == dagsync.Up {
		n.pace.worked(id)
	}
	if c.State().Shape == chat.Direct && before != n.online.in(id, uid) {
		n.report("contact", uid)
		if e.Kind == dagsync.Up {
			n.noteAddrs(uid, e.Peer)
			n.pace.worked(merkle.ID(uid)) // as custodian
			n.wake["collect"].ring()
		}
	}
	n.wake["outbox"].ring()
}
