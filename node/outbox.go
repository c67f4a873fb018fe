package node

import (
	"context"
	"errors"
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

// park deposits what does not lie in a place yet and keeps the receipts.
func (n *Node) park(ctx context.Context, p place, sealed *bundles) error {
	if n.fulls.waits(p, time.Now()) {
		return nil
	}
	id := string(p.key())
	if err := n.parking.enter(ctx, id); err != nil {
		return err
	}
	defer n.parking.leave(id)
	row, entries, err := n.unparked(p)
	if err != nil || len(entries) == 0 {
		return err
	}
	before, err := n.laidBefore(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, depositTime)
	defer cancel()
	link, done, err := n.linkToPlace(ctx, p)
	if err != nil {
		return err
	}
	defer done()
	d, err := mailbox.OpenSlot(ctx, link, mailbox.Ticket{Box: p.box, Custodian: p.sign, Slot: p.slot})
	if err != nil {
		return err
	}
	if err := n.lay(p, d, &row, entries, sealed); err != nil {
		return err
	}
	n.fulls.took(p)
	return n.askAfter(p, d, before)
}

// lay deposits entries, parcel by parcel. What was signed for is noted at once,
// whatever comes of the rest.
func (n *Node) lay(p place, d *mailbox.Depositor, row *parkedRow, entries []merkle.Entry, sealed *bundles) error {
	for len(entries) > 0 {
		count := fitting(entries, segmentBytes)
		parcels, err := sealed.of(p, entries[:count])
		if err != nil {
			return err
		}
		for _, parcel := range parcels {
			r, err := d.Deposit(parcel)
			if err != nil {
				return n.notLaid(p, entries[:count], err)
			}
			row.count(r)
		}
		if err := n.keepReceipts(p, row, entries[:count], parcels[len(parcels)-1], count == len(entries)); err != nil {
			return err
		}
		entries = entries[count:]
	}
	return nil
}

// notLaid keeps the signed fact, if there is one, for which a place did not take
// entries: it is full, or their owner had them from another custodian before.
func (n *Node) notLaid(p place, entries []merkle.Entry, why error) error {
	var full *mailbox.Full
	var gone *mailbox.Gone
	switch {
	case errors.As(why, &full):
		n.noteFull(p, full)
	case errors.As(why, &gone) && p.conv.State().Shape == chat.Direct:
		if from, to, own := ownIn(p.conv.State().Log, entries); own {
			return errors.Join(why, n.db.Update(func(tx *store.Tx) error { return n.handedOver(tx, p, from, to) }))
		}
	}
	return why
}

// count takes a receipt into the row.
func (row *parkedRow) count(r mailbox.Receipt) {
	early := min(renewBefore, r.Expires.Sub(r.Deposited)/4)
	if until := uint64(r.Expires.Unix()); row.Until == 0 || until < row.Until {
		row.Until, row.Renew = until, uint64(r.Expires.Add(-early).Unix())
	}
	row.Count++
}

// unparked returns what a place lacks. What expires soon is parked anew.
func (n *Node) unparked(p place) (row parkedRow, entries []merkle.Entry, err error) {
	err = n.db.View(func(tx *store.Tx) error {
		if _, err := getRow(tx, p.key(), &row); err != nil || row.Closed {
			return err
		}
		if row.Until != 0 && time.Unix(int64(row.Renew), 0).Before(time.Now()) {
			row = parkedRow{}
		}
		have := append(row.Heads, n.acked(tx, p.conv)...)
		if entries, err = p.conv.DAG().Missing(tx, have); err != nil {
			return err
		}
		if p.upTo == (merkle.ID{}) {
			entries = entries[:min(len(entries), parkedEntries)]
			return nil
		}
		past := p.conv.DAG().Past(tx)
		kept := entries[:0]
		for _, e := range entries {
			if e.ID == p.upTo || past.Before(e.ID, p.upTo) {
				kept = append(kept, e)
			}
		}
		entries = kept
		return past.Err()
	})
	return row, entries, err
}

// acked returns entries whose past every other member holds: for a 1:1 chat, the
// contact's own tip. A group is parked whole, for members who come late.
func (n *Node) acked(tx *store.Tx, c *chat.Conversation) (out []merkle.ID) {
	s := c.State()
	if s.Shape != chat.Direct {
		return nil
	}
	for log, first := range c.Acknowledged(tx) {
		if tip, ok, err := c.DAG().Tip(tx, log); err == nil && ok {
			out = append(out, tip.Head)
		}
		if first == 0 {
			continue
		}
		for e, err := range c.DAG().Range(tx, s.Log, first-1, first-1) {
			if err == nil {
				out = append(out, e.ID)
			}
		}
	}
	return out
}

// keepReceipts notes what a place holds now, and tells of the messages that are
// parked with that.
func (n *Node) keepReceipts(p place, row *parkedRow, entries []merkle.Entry, parcel mailbox.Parcel, last bool) error {
	here := n.keeps(p.keeper.Receipt)
	return n.db.Update(func(tx *store.Tx) error {
		was := row.take(p.conv.State().Log, entries)
		row.Name, row.Keeper, row.Here = p.keeper.Name, p.keeper.Receipt, here
		row.Closed = last && p.upTo != (merkle.ID{})
		if err := errors.Join(putRow(tx, p.key(), row), p.noteLaid(tx, entries, parcel)); err != nil {
			return err
		}
		if row.UpTo == was || here {
			return nil
		}
		return n.recordAcked(tx, p.conv, n.chatName(tx, p.conv.State()), chat.Acked{Log: row.Log, From: was, To: row.UpTo - 1})
	})
}

// take notes that entries lie there, and returns up to where this device's log
// did before. A log that was begun since has nothing there.
func (row *parkedRow) take(log merkle.LogKey, entries []merkle.Entry) (was uint64) {
	if row.Log != log {
		row.Log, row.UpTo = log, 0
	}
	was = row.UpTo
	for _, e := range entries {
		if e.Log == log {
			row.UpTo = max(row.UpTo, e.Seq+1)
		}
	}
	row.Heads = tipsOf(row.Heads, entries)
	return was
}

// tipsOf returns the ids of which all the others are ancestors, or nearly: those
// that no other entry of the list names.
func tipsOf(before []merkle.ID, entries []merkle.Entry) []merkle.ID {
	inner := map[merkle.ID]bool{}
	for _, e := range entries {
		inner[e.Prev] = true
		for _, p := range e.Parents {
			inner[p] = true
		}
	}
	var out []merkle.ID
	for _, id := range before {
		if !inner[id] {
			out = append(out, id)
		}
	}
	for _, e := range entries {
		if !inner[e.ID] {
			out = append(out, e.ID)
		}
	}
	return out[max(0, len(out)-maxTips):]
}

// parkLast parks what is queued when the node goes, within a short time.
func (n *Node) parkLast() {
	ctx, cancel := context.WithTimeout(n.ctx, partingTime)
	defer cancel()
	n.outbox(ctx)
}
