package node

import (
	"errors"
	"fmt"

	"causeway/chat"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// laidRow remembers parcels that were laid down in one slot of a contact's box,
// to find out at the next visit which of them the owner took. Parcels of other
// weeks are not asked for: that would show the custodian whose slots belong
// together.
type laidRow struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Slot    []byte        // its id
	Log     merkle.LogKey // this device's log then
	Parcels []laidParcel  // the oldest first
}

// laidParcel is the last parcel of some entries, and which of them are own.
type laidParcel struct {
	_        struct{} `cbor:",toarray"`
	ID       [32]byte
	Size     uint64
	From, To uint64
}

const laidVersion = 1

func (p place) laidKey() []byte { return nodeKey(subLaid, p.conv.ID, [32]byte(p.sign)) }

// laid returns what is remembered of the slot in which a place takes parcels now,
// without what the owner has acknowledged.
func (p place) laid(tx *store.Tx) (laidRow, error) {
	id := p.slot.ID(p.sign)
	fresh := laidRow{Version: laidVersion, Slot: id[:], Log: p.conv.State().Log}
	row := fresh
	if _, err := getRow(tx, p.laidKey(), &row); err != nil {
		return row, err
	}
	if row.Version != laidVersion {
		return row, fmt.Errorf("%w: a row of version %d of parcels", store.ErrDamaged, row.Version)
	}
	if string(row.Slot) != string(fresh.Slot) || row.Log != fresh.Log {
		return fresh, nil
	}
	acked := ackedByPeer(tx, p.conv)
	for len(row.Parcels) > 0 && row.Parcels[0].To < acked {
		row.Parcels = row.Parcels[1:]
	}
	return row, nil
}

// ackedByPeer is the first own seq that no device of a contact has acknowledged.
func ackedByPeer(tx *store.Tx, c *chat.Conversation) (acked uint64) {
	for _, first := range c.Acknowledged(tx) {
		acked = max(acked, first)
	}
	return acked
}

// laidBefore returns the parcels to ask for at a visit.
func (n *Node) laidBefore(p place) (out []laidParcel, err error) {
	if p.conv.State().Shape != chat.Direct {
		return nil, nil // in a group's box nobody deletes
	}
	err = n.db.View(func(tx *store.Tx) error {
		row, err := p.laid(tx)
		out = row.Parcels[:min(len(row.Parcels), askedAtOnce)]
		return err
	})
	return out, err
}

// noteLaid remembers a parcel that a place has signed for.
func (p place) noteLaid(tx *store.Tx, entries []merkle.Entry, last mailbox.Parcel) error {
	from, to, own := ownIn(p.conv.State().Log, entries)
	if !own || p.conv.State().Shape != chat.Direct {
		return nil
	}
	row, err := p.laid(tx)
	if err != nil || len(row.Parcels) >= laidKept {
		return err
	}
	row.Parcels = append(row.Parcels, laidParcel{ID: last.ID, Size: uint64(len(last.Sealed)), From: from, To: to})
	return putRow(tx, p.laidKey(), &row)
}

// ownIn returns the first and the last seq of a log among entries.
func ownIn(log merkle.LogKey, entries []merkle.Entry) (from, to uint64, any bool) {
	for _, e := range entries {
		if e.Log != log {
			continue
		}
		if !any {
			from = e.Seq
		}
		to, any = max(to, e.Seq), true
	}
	return from, to, any
}

// askAfter asks what became of parcels laid down before, the oldest first, until
// one lies there still: the owner's signed deletion says that it was handed over.
func (n *Node) askAfter(p place, d *mailbox.Depositor, before []laidParcel) error {
	asked, taken := 0, before[:0:0]
	var err error
	for _, l := range before {
		var gone *mailbox.Gone
		if err = d.Ask(l.ID, int(l.Size)); errors.As(err, &gone) {
			taken, err = append(taken, l), nil
		} else if !errors.Is(err, mailbox.ErrForgotten) {
			break
		}
		asked++
		if err != nil {
			break // the session is over
		}
	}
	if errors.Is(err, mailbox.ErrForgotten) {
		err = nil
	}
	if asked == 0 {
		return err
	}
	return errors.Join(err, n.db.Update(func(tx *store.Tx) error {
		for _, l := range taken {
			if err := n.handedOver(tx, p, l.From, l.To); err != nil {
				return err
			}
		}
		row, err := p.laid(tx)
		if err != nil {
			return err
		}
		last := before[asked-1].ID
		for i, l := range row.Parcels {
			if l.ID == last {
				row.Parcels = row.Parcels[i+1:]
				break
			}
		}
		return putRow(tx, p.laidKey(), &row)
	}))
}

// handedOver notes that the owner of a box took own entries from there.
func (n *Node) handedOver(tx *store.Tx, p place, from, to uint64) error {
	return n.noteTaken(tx, p.conv, [32]byte(p.box), ackedByPeer(tx, p.conv), from, to)
}
