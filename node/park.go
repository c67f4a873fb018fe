package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"causeway/chat"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

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
		if present, _ := p.conv.Present(tx); p.epoch != (merkle.ID{}) && p.epoch != present {
			entries, err = p.bridge(tx, present, entries)
			return err
		}
		entries = entries[:min(len(entries), parkedEntries)]
		return nil
	})
	return row, entries, err
}

// bridge leaves of entries what is for the box of a group's older epoch, which may
// have become one while it was being opened.
func (p place) bridge(tx *store.Tx, present merkle.ID, entries []merkle.Entry) ([]merkle.Entry, error) {
	upTo := nextEpoch(p.conv.Secrets(tx), present, p.epoch)
	if upTo == (merkle.ID{}) {
		return nil, nil
	}
	past := p.conv.DAG().Past(tx)
	withheld := p.conv.Withheld(past, p.epoch)
	entries = slices.DeleteFunc(entries, func(e merkle.Entry) bool {
		return e.ID != upTo && !past.Before(e.ID, upTo) || withheld(e)
	})
	return entries, past.Err()
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
		return n.recordAcked(tx, p.conv, n.chatName(tx, p.conv.State()), chat.Acked{Own: row.Log, From: was, To: row.UpTo - 1})
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
