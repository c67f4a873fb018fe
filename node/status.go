package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/dht"
	"causeway/store"
	dagsync "causeway/sync"
)

// Status sums up the health of the node.
func (n *Node) Status(context.Context) (Status, error) {
	s := Status{State: "offline", Started: n.started, Peers: len(n.host.Network().Peers()), Events: n.events.last()}
	for _, net := range n.finder.Networks() {
		s.Network = append(s.Network, string(net))
	}
	for _, st := range n.finder.Status() {
		s.DHT += st.Peers
	}
	switch {
	case s.Peers > 0:
		s.State = "online"
	case n.usesNetwork():
		s.State = "connecting"
	}
	s.Ready = len(n.host.Network().ListenAddresses()) > 0 && (len(n.cfg.Bootstrap) == 0 || s.Peers > 0)
	held, err := n.keeper.Holdings()
	if err != nil {
		return s, err
	}
	for _, h := range held {
		s.Custody += int(h.Parcels)
	}
	err = n.db.View(func(tx *store.Tx) error { return n.count(tx, &s) })
	s.Health = n.advice(s)
	return s, err
}

// DiskErr returns what made the store read-only, or nil. A store that was full
// (store.ErrFull) goes on when it is opened again and there is room.
func (n *Node) DiskErr() error { return n.db.Err() }

// Failed is closed when DiskErr becomes an error.
func (n *Node) Failed() <-chan struct{} { return n.db.Failed() }

func (n *Node) usesNetwork() bool {
	for _, net := range n.cfg.Networks {
		if net != dht.None {
			return true
		}
	}
	return false
}

// count tells how many own messages wait, here or with custodians.
func (n *Node) count(tx *store.Tx, s *Status) error {
	all, err := n.book.All(tx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.State == contact.Accepted {
			s.Contacts++
		}
	}
	for _, c := range n.set.All() {
		if c.State().Shape == chat.Self {
			continue
		}
		if c.State().Shape == chat.Group {
			s.Groups++
		}
		if _, in := c.State().Fold.Member(n.me.UID); !in {
			continue // what was not handed over before goes to nobody now
		}
		if err := n.countIn(tx, c, s); err != nil {
			return err
		}
	}
	return nil
}

// countIn counts the own messages of a conversation that wait: in each own log
// part by part from its end, until none in a part with messages waits, since who
// has a message has those before it.
func (n *Node) countIn(tx *store.Tx, c *chat.Conversation, s *Status) error {
	for _, log := range c.State().OwnLogs() {
		tip, begun, err := c.DAG().Tip(tx, log)
		if err != nil {
			return err
		}
		for end := tip.Seq + 1; begun && end > 0; end -= min(end, waitingPart) {
			own, waiting, err := n.countPart(tx, c, s, dagsync.Range{Log: log, From: end - min(end, waitingPart), To: end - 1})
			if err != nil {
				return err
			}
			if own > 0 && waiting == 0 {
				break
			}
		}
	}
	return nil
}

func (n *Node) countPart(tx *store.Tx, c *chat.Conversation, s *Status, r dagsync.Range) (own, waiting int, err error) {
	for e, err := range c.DAG().Range(tx, r.Log, r.From, r.To) {
		if err != nil {
			return 0, 0, err
		}
		if c.Kind(tx, e.ID) != chat.KindText {
			continue
		}
		m, err := c.Message(tx, c.State(), e.ID)
		if err != nil {
			return 0, 0, err
		}
		f, err := n.facts(tx, c, m)
		if err != nil {
			return 0, 0, err
		}
		own++
		switch f.state() {
		case StateQueued:
			s.Queued++
			waiting++
		case StateParked:
			s.Parked++
			waiting++
		}
	}
	return own, waiting, nil
}

// troubles are the parts of the network that do not work now.
type troubles struct {
	mu    sync.Mutex
	parts map[string]error // guarded by mu
}

func (t *troubles) report(r dht.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.parts == nil {
		t.parts = map[string]error{}
	}
	if t.parts[r.Part] = r.Err; r.Err == nil {
		delete(t.parts, r.Part)
	}
}

func (t *troubles) advice() (out []Advice) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, part := range slices.Sorted(maps.Keys(t.parts)) {
		out = append(out, Advice{"network", trouble(part, t.parts[part])})
	}
	return out
}

func (n *Node) advice(s Status) (out []Advice) {
	if s.State == "offline" {
		out = append(out, Advice{"no-network", "This node uses no network; what you write waits here. To use one: peer serve --network public"})
	}
	if s.State == "connecting" {
		out = append(out, Advice{"nobody", "Nobody is reachable right now. What you write waits here, and with your contacts' custodians once they are found"})
	}
	if s.Queued > 0 {
		out = append(out, Advice{"queued", fmt.Sprintf("%d messages wait on this device alone; they go out when the recipient or one of their custodians is reachable", s.Queued)})
	}
	if err := n.DiskErr(); err != nil {
		out = append(out, Advice{"disk", explain(err).Error()})
	}
	out = append(out, n.fulls.advice()...)
	return append(out, n.troubles.advice()...)
}

// Synced reports whether nothing is known to be missing in a conversation, or in
// any, and whoever is connected agrees.
func (n *Node) Synced(_ context.Context, target string) (bool, error) {
	synced := true
	err := n.db.View(func(tx *store.Tx) error {
		convs := n.set.All()
		if target != "" {
			c, err := n.target(tx, target)
			if err != nil {
				return err
			}
			convs = []*chat.Conversation{c}
		}
		for _, c := range convs {
			if target == "" && n.alone(tx, c) {
				continue
			}
			wanted, err := c.DAG().Wanted(tx)
			if err != nil {
				return err
			}
			synced = synced && c.State().Found && len(wanted) == 0 && c.Unread(tx) == 0 && n.online.synced(c.ID)
		}
		return nil
	})
	return synced, explain(err)
}

// alone reports whether nobody is left with whom a conversation could sync.
func (n *Node) alone(tx *store.Tx, c *chat.Conversation) bool {
	s := c.State()
	if s.Shape == chat.Direct {
		k, err := n.book.Get(tx, s.Peer)
		return err != nil || k.State != contact.Accepted
	}
	_, in := s.Fold.Member(n.me.UID)
	return s.Shape == chat.Self || s.Found && (!in || len(s.Others(n.me.UID)) == 0)
}

// sweep forgets what has expired.
func (n *Node) sweep(context.Context) {
	if _, err := n.keeper.Sweep(time.Now()); err != nil && n.ctx.Err() == nil {
		n.log.Error("sweep the boxes kept here", "err", err)
	}
	err := n.db.Update(func(tx *store.Tx) error {
		if err := errors.Join(n.book.Prune(tx, time.Now()), n.sweepPending(tx, time.Now())); err != nil {
			return err
		}
		now := uint64(time.Now().Unix())
		for k, v := range tx.Scan(nodeKey(subDone)) {
			var until uint64
			if err := decodeRow(v, &until); err != nil {
				return err
			}
			if until < now {
				if err := tx.Delete(k); err != nil {
					return err
				}
			}
		}
		return tx.Err()
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Error("sweep", "err", err)
	}
}
