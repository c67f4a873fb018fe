package node

import (
	"context"
	"slices"
	"sync"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/identity"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// parkedRow is what lies with one custodian of one conversation, as far as this
// node knows from receipts.
type parkedRow struct {
	_      struct{}      `cbor:",toarray"`
	Heads  []merkle.ID   // with their past: all that lies there
	Log    merkle.LogKey // this device's log then
	UpTo   uint64        // 1 + the last seq of it that lies there
	Until  uint64        // s: when the first of it expires
	Renew  uint64        // s: when it is parked anew
	Keeper [32]byte      // receipt key by which the custodian is known: it may have boxes of several epochs
	Count  uint64        // parcels
	Name   string        // what the custodian calls itself
	Closed bool          // an epoch's box that has its bridge and takes no more
	Here   bool          // this very node is the custodian: nobody else has it
}

// place is one box at one custodian where entries of a conversation can be
// parked.
type place struct {
	conv   *chat.Conversation
	keeper chat.Keeper
	box    mailbox.BoxID
	sign   mailbox.ReceiptKey // receipt key of that box there
	slot   mailbox.Slot
	epoch  merkle.ID // of a group's box; zero: a contact's
	upTo   merkle.ID // only this entry and its past; zero: everything
}

func (p place) key() []byte { return nodeKey(subParked, p.conv.ID, [32]byte(p.sign)) }

// parkedBox is a receipt that still holds.
type parkedBox struct {
	name  string
	until time.Time
}

// outbox parks what members who are away have not acknowledged. A custodian who
// does not answer holds up nobody but itself.
func (n *Node) outbox(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, parkAtOnce)
	for _, c := range n.set.All() {
		if ctx.Err() != nil {
			return
		}
		waiting, err := n.waiting(c)
		if err != nil {
			n.log.Error("look into the outbox", "err", err)
			continue
		}
		if waiting {
			all.Go(func() { n.parkAll(ctx, c, room) })
		} else {
			n.fulls.forget(c.ID)
		}
	}
}

// outboxRound is a round of the outbox and a rest: what is written meanwhile is
// looked after at once.
func (n *Node) outboxRound(ctx context.Context) {
	n.outbox(ctx)
	select {
	case <-time.After(outboxRest):
	case <-ctx.Done():
	}
}

// waiting reports whether something of a conversation should be parked: a
// member lacks an entry of ours and is not connected, or has not taken it for a
// while.
func (n *Node) waiting(c *chat.Conversation) (bool, error) {
	s := c.State()
	if _, in := s.Fold.Member(n.me.UID); !in || s.Shape == chat.Self {
		return false, nil
	}
	var lacking bool
	err := n.db.View(func(tx *store.Tx) error {
		tip, begun, err := c.DAG().Tip(tx, s.Log)
		if err != nil || !begun {
			return err
		}
		lacks := map[identity.UID]uint64{} // user → what no device of theirs has acknowledged
		for log, first := range c.Acknowledged(tx) {
			uid, _ := s.Fold.UserOf(log)
			lacks[uid] = max(lacks[uid], first)
		}
		for uid, first := range lacks {
			if first > tip.Seq {
				continue
			}
			if !n.online.in(c.ID, uid) {
				lacking = true
			} else if n.online.overdue(c.ID, uid, first, time.Now()) {
				lacking = true
			} else {
				time.AfterFunc(graceTime, n.wake["outbox"].ring)
			}
		}
		return nil
	})
	return lacking, err
}

// parkAll brings every custodian of a conversation up to date, as many side by
// side as there is room for.
func (n *Node) parkAll(ctx context.Context, c *chat.Conversation, room chan struct{}) {
	sealed := bundles{made: map[bundleKey][]mailbox.Parcel{}}
	park := func(p place) {
		if err := n.park(ctx, p, &sealed); err != nil && ctx.Err() == nil {
			n.log.Info("park with a custodian", "err", err)
		}
	}
	var all sync.WaitGroup
	defer all.Wait()
	if c.State().Shape == chat.Group {
		for _, g := range slices.Backward(n.groupBoxes(c)) {
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				if p, ok := n.groupPlace(ctx, g); ok {
					park(p)
				}
			})
		}
		return
	}
	for _, p := range n.places(c) {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			park(p)
		})
	}
}

// places lists where the mail for a contact is parked.
func (n *Node) places(c *chat.Conversation) []place {
	s := c.State()
	var out []place
	err := n.db.View(func(tx *store.Tx) error {
		k, err := n.book.Get(tx, s.Peer)
		if err != nil || k.State == contact.Blocked {
			return nil
		}
		m, err := chat.DecodeMailbox(k.Custodians)
		if err != nil {
			return nil // none told yet
		}
		slot := mailbox.SlotOf(m.Deposit, m.Box, mailbox.WeekOf(time.Now()))
		for _, keeper := range m.Keepers[:min(copies, len(m.Keepers))] {
			out = append(out, place{conv: c, keeper: keeper, box: m.Box, sign: keeper.Receipt, slot: slot})
		}
		return nil
	})
	if err != nil {
		n.log.Error("list the custodians of a contact", "err", err)
	}
	return out
}

// parkLast parks what is queued when the node goes, within a short time.
func (n *Node) parkLast() {
	ctx, cancel := context.WithTimeout(n.ctx, partingTime)
	defer cancel()
	n.outbox(ctx)
}
