package sim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"slices"
	"time"

	"causeway/chat"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// A keeping is one node's box at another.
type keeping struct {
	grant   mailbox.Grant
	receipt mailbox.ReceiptKey
	taken   map[mailbox.ParcelID]bool // the owner has asked to delete it
	deleted map[mailbox.ParcelID]bool // and was told that it is gone
	signed  map[mailbox.ParcelID]time.Time
	upTo    uint64                          // the owner's cursor
	last    map[*device]mailbox.Parcel      // that each sender laid down last
	heads   map[*device]map[mID][]merkle.ID // what lies there of each sender, by its own account
}

const (
	visitEvery  = 45 * time.Second // on the average, between two rounds of a node
	terms       = 2                // parcels that a slot takes
	segmentMost = 20               // entries in one parcel
	weeksOpen   = 2
)

// depositSecret is what a sender and an owner share.
func depositSecret(owner, sender *device) [32]byte {
	return sha256.Sum256([]byte(owner.name + " hears from " + sender.name))
}

// keep has one node keep the mail of another.
func (w *world) keep(custodian, owner *device) {
	custodian.turn()
	g, err := custodian.keeper.Grant([32]byte(owner.me.UID), mailbox.Terms{MaxParcels: terms * 20}, w.now)
	if err != nil {
		w.violate("errors", "%s cannot keep for %s: %v", custodian.name, owner.name, err)
		return
	}
	k := &keeping{grant: g, taken: map[mailbox.ParcelID]bool{}, deleted: map[mailbox.ParcelID]bool{}, signed: map[mailbox.ParcelID]time.Time{},
		last: map[*device]mailbox.Parcel{}, heads: map[*device]map[mID][]merkle.ID{}}
	owner.keeps[custodian] = k
	err = owner.withBox(custodian, func(box *mailbox.Box) error {
		k.receipt = box.Custodian
		slots := map[uint64][]mailbox.SlotHash{}
		this := mailbox.WeekOf(w.now)
		for _, s := range w.nodes {
			for week := this; s != owner && week < this+weeksOpen; week++ {
				slots[week] = append(slots[week], mailbox.SlotOf(depositSecret(owner, s), owner.box.ID(), week).Hash(box.Custodian))
			}
		}
		return box.SetSlots(slots, true)
	})
	if err != nil {
		w.violate("errors", "%s cannot open a box at %s: %v", owner.name, custodian.name, err)
	}
}

// lossy says for each frame between two nodes whether it is lost.
func (w *world) lossy(a, b *device) func() bool {
	return func() bool {
		return a.disk.left != nil || b.disk.left != nil || !w.calm && w.rng.Float64() < w.plan.Net.Loss/8
	}
}

func (n *device) withBox(custodian *device, f func(*mailbox.Box) error) error {
	k := n.keeps[custodian]
	n.turn()
	link := custodian.keeper.Direct(n.w.now, n.w.lossy(n, custodian))
	defer link.Close()
	box, err := mailbox.OpenBox(context.Background(), link, mailbox.Entry{
		Key: n.box, Class: mailbox.Personal, Grant: &k.grant, Custodian: k.receipt,
	})
	if err != nil {
		return err
	}
	return f(box)
}

// round is what a node does for its mail every now and then.
func (n *device) round() {
	w := n.w
	defer w.in(visitEvery/2+time.Duration(w.rng.Int64N(int64(visitEvery))), n.round)
	if !n.up || n.deaf || n.db.Err() != nil {
		return
	}
	for _, custodian := range w.nodes {
		if n.up && n.disk.left == nil && n.keeps[custodian] != nil && w.reaches(n, custodian) {
			n.collect(custodian)
		}
	}
	for _, owner := range w.nodes {
		if owner != n && n.disk.left == nil && !w.reaches(n, owner) {
			n.park(owner)
		}
	}
}

// park lays down with the custodians of another what it has not acknowledged.
func (n *device) park(owner *device) {
	c := n.conv(direct(n.name, owner.name))
	if c == nil {
		return
	}
	for _, custodian := range n.w.nodes {
		k := owner.keeps[custodian]
		if k == nil || !n.w.reaches(n, custodian) || n.disk.left != nil {
			continue
		}
		entries, err := n.unparked(c, k)
		if err != nil {
			n.w.violate("errors", "%s looks into its outbox: %v", n.name, err)
			return
		}
		if again, ok := k.last[n]; ok && n.w.rng.IntN(3) == 0 {
			n.deposit(owner, custodian, again)
		}
		if len(entries) > 0 {
			n.parkWith(owner, custodian, c, entries[:min(len(entries), segmentMost)])
		}
	}
}

func (n *device) unparked(c *chat.Conversation, k *keeping) (out []merkle.Entry, err error) {
	err = n.db.View(func(tx *store.Tx) error {
		have := slices.Clone(k.heads[n][c.ID])
		for log := range c.Acknowledged(tx) {
			if tip, ok, err := c.DAG().Tip(tx, log); err == nil && ok {
				have = append(have, tip.Head)
			}
		}
		out, err = c.DAG().Missing(tx, have)
		return err
	})
	return out, err
}

func (n *device) parkWith(owner, custodian *device, c *chat.Conversation, entries []merkle.Entry) {
	var car bytes.Buffer
	car.Write(c.ID[:])
	if err := merkle.WriteCAR(&car, each(entries)); err != nil {
		n.w.violate("errors", "%s packs a parcel: %v", n.name, err)
		return
	}
	k := owner.keeps[custodian]
	n.turn()
	parcels, err := n.slot(owner).Seal(car.Bytes(), 0)
	if err != nil {
		n.w.violate("errors", "%s seals a parcel: %v", n.name, err)
		return
	}
	for _, p := range parcels {
		if !n.deposit(owner, custodian, p) {
			return
		}
	}
	if k.heads[n] == nil {
		k.heads[n] = map[mID][]merkle.ID{}
	}
	heads := append(k.heads[n][c.ID], entries[len(entries)-1].ID)
	k.heads[n][c.ID] = heads[max(0, len(heads)-16):]
}

func each(entries []merkle.Entry) iter.Seq2[merkle.Entry, error] {
	return func(yield func(merkle.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (n *device) slot(owner *device) mailbox.Slot {
	return mailbox.SlotOf(depositSecret(owner, n), owner.box.ID(), mailbox.WeekOf(n.w.now))
}

// deposit lays down one parcel; it says whether the custodian has signed for it.
func (n *device) deposit(owner, custodian *device, p mailbox.Parcel) bool {
	w, k := n.w, owner.keeps[custodian]
	n.turn()
	link := custodian.keeper.Direct(w.now, w.lossy(n, custodian))
	r, err := mailbox.Deposit(context.Background(), link, mailbox.Ticket{
		Box: owner.box.ID(), Custodian: k.receipt, Slot: n.slot(owner),
	}, p)
	k.last[n] = p
	var gone *mailbox.Gone
	if errors.As(err, &gone) {
		if !k.taken[p.ID] && !owner.revived {
			w.violate("no mark ahead of its fact", "%s says that %s took a parcel that it did not", custodian.name, owner.name)
		}
		return true
	}
	if err != nil {
		w.log("mail", n.name, "cannot park with %s for %s: %v", custodian.name, owner.name, err)
		return false
	}
	w.stats.Parcels++
	w.checkSlots(custodian, owner)
	w.log("mail", n.name, "parks with %s for %s", custodian.name, owner.name)
	k.signed[p.ID] = r.Expires
	if k.deleted[p.ID] && !custodian.revived {
		w.violate("tombstones", "%s takes a parcel again that %s deleted", custodian.name, owner.name)
	}
	return true
}

func doneKey(p mailbox.ParcelID) []byte { return store.Key(store.SpaceTest, byte('d'), [32]byte(p)) }

// collect fetches the mail that one custodian holds.
func (n *device) collect(custodian *device) {
	k := n.keeps[custodian]
	var done []mailbox.ParcelID
	err := n.withBox(custodian, func(box *mailbox.Box) error {
		after, err := n.cursor(box, k, custodian)
		if err != nil {
			return err
		}
		k.upTo, err = box.Collect(mailbox.Collecting{After: after, Have: n.had(&done)}, func(h mailbox.Held, sealed []byte) error {
			read, err := n.open(box, h, sealed)
			if read {
				done = append(done, h.Parcel)
			}
			return err
		})
		if err != nil || len(done) == 0 {
			return err
		}
		for _, p := range done {
			k.taken[p] = true
		}
		if err := box.Delete(done...); err != nil {
			return err
		}
		for _, p := range done {
			k.deleted[p] = true
		}
		return nil
	})
	if err != nil {
		n.w.log("mail", n.name, "visits %s: %v", custodian.name, err)
	} else if len(done) > 0 {
		n.w.log("mail", n.name, "has collected %d from %s", len(done), custodian.name)
	}
	n.acknowledge()
}

// had reports parcels that were read before.
func (n *device) had(done *[]mailbox.ParcelID) func(mailbox.ParcelID) bool {
	return func(p mailbox.ParcelID) (had bool) {
		err := n.db.View(func(tx *store.Tx) (err error) {
			had, err = tx.Has(doneKey(p))
			return err
		})
		if err != nil {
			n.w.violate("errors", "%s reads its store: %v", n.name, err)
		}
		if had {
			*done = append(*done, p)
		}
		return had
	}
}

// open takes what lies in a parcel; it says whether the parcel may go.
func (n *device) open(box *mailbox.Box, h mailbox.Held, sealed []byte) (bool, error) {
	for _, s := range n.w.nodes {
		this := mailbox.WeekOf(n.w.now)
		for week := this - 1; s != n && week <= this+1; week++ {
			slot := mailbox.SlotOf(depositSecret(n, s), n.box.ID(), week)
			if slot.Hash(box.Custodian) != h.Slot {
				continue
			}
			p, err := slot.Open(sealed)
			if err != nil {
				n.w.violate("parcels", "%s cannot open a parcel of %s", n.name, s.name)
				return true, nil
			}
			return n.unpack(p.Data, h.Parcel)
		}
	}
	return false, nil
}

func (n *device) unpack(b []byte, id mailbox.ParcelID) (bool, error) {
	var blocks []merkle.Block
	c := n.set.Get(merkle.ID(b[:32]))
	err := merkle.ReadCAR(bytes.NewReader(b[32:]), func(b merkle.Block) error {
		blocks = append(blocks, b)
		return nil
	})
	if c == nil || err != nil {
		n.w.violate("parcels", "%s cannot read a parcel: %v", n.name, err)
		return true, nil
	}
	if _, err := n.receive(c, blocks); err != nil {
		return false, err
	}
	return true, n.db.Update(func(tx *store.Tx) error { return tx.Set(doneKey(id), nil) })
}

// acknowledge writes a receipt that travels, for whoever cannot see it live.
func (n *device) acknowledge() {
	for _, c := range n.set.All() {
		if !n.up || n.disk.left != nil || c.State().Shape != chat.Direct {
			continue
		}
		if peer := n.w.person(c.State().Peer); peer == nil || n.w.reaches(n, peer) {
			continue
		}
		err := n.change(c, func(tx *store.Tx, w *chat.Writer) error {
			owed, err := c.Unacknowledged(tx)
			if err != nil || !owed {
				return err
			}
			return w.Ack()
		})
		if err != nil && !errors.Is(err, errCrashed) && !chat.CannotWrite(err) && n.db.Err() == nil {
			n.w.violate("errors", "%s acknowledges: %v", n.name, err)
		}
	}
}
