package sim

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"time"

	"causeway/mailbox"
	"causeway/store"
)

// checkCustody: quotas hold, what was signed for is there, and custodians hold
// neither plain text nor names.
func (w *world) checkCustody(n *device) {
	all, err := n.keeper.Holdings()
	if err != nil {
		w.violate("errors", "%s counts what it keeps: %v", n.name, err)
	}
	for _, h := range all {
		if h.Bytes > h.Terms.MaxBytes || h.Parcels > h.Terms.MaxParcels {
			w.violate("quota", "%s keeps %d parcels, %d bytes", n.name, h.Parcels, h.Bytes)
		}
	}
	for _, owner := range w.nodes {
		if k := owner.keeps[n]; k != nil && !n.loose && !n.revived {
			w.checkSigned(n, owner, k)
		}
	}
	n.look(func(tx *store.Tx) error {
		for key, v := range tx.Scan(store.Key(store.SpaceMailbox)) {
			w.checkBlind(n, append(key, v...))
		}
		return nil
	})
}

func (w *world) checkSigned(n, owner *device, k *keeping) {
	there := map[mailbox.ParcelID]bool{}
	err := owner.withBox(n, func(box *mailbox.Box) error {
		page, _, err := box.List(0, 1000)
		for _, h := range page {
			there[h.Parcel] = true
		}
		return err
	})
	if err != nil {
		w.violate("errors", "%s lists its box at %s: %v", owner.name, n.name, err)
		return
	}
	for p, until := range k.signed {
		if !there[p] && !k.taken[p] && until.After(w.now) {
			w.violate("parked mail lost", "%s signed for a parcel of %s and does not have it", n.name, owner.name)
		}
	}
}

// checkSlots: no sender has more in a box than its share, at any time.
func (w *world) checkSlots(custodian, owner *device) {
	owner.turn()
	link := custodian.keeper.Direct(w.now, func() bool { return custodian.disk.left != nil })
	defer link.Close()
	k := owner.keeps[custodian]
	box, err := mailbox.OpenBox(context.Background(), link, mailbox.Entry{
		Key: owner.box, Class: mailbox.Personal, Grant: &k.grant, Custodian: k.receipt,
	})
	if err != nil {
		return // its disk has failed
	}
	page, _, _ := box.List(0, 1000)
	perSlot := map[mailbox.SlotHash]int{}
	for _, h := range page {
		if perSlot[h.Slot]++; perSlot[h.Slot] == terms+1 {
			w.violate("quota", "%s keeps %d parcels in one slot of %s", custodian.name, terms+1, owner.name)
		}
	}
}

// checkBlind looks for what a custodian need not know: text, people who are no
// owners, logs.
func (w *world) checkBlind(n *device, row []byte) {
	if bytes.Contains(row, []byte("canary")) {
		w.violate("custodians are blind", "%s holds plain text", n.name)
	}
	for _, o := range w.nodes {
		if o.keeps[n] == nil && bytes.Contains(row, o.me.UID[:]) {
			w.violate("custodians are blind", "%s knows of %s", n.name, o.name)
		}
		if !o.up {
			continue
		}
		for _, c := range o.set.All() {
			if log := c.State().Log; bytes.Contains(row, log[:]) {
				w.violate("custodians are blind", "%s knows a log of %s", n.name, o.name)
			}
		}
	}
}

// checkStrikes: no honest node holds anything against another.
func (w *world) checkStrikes() {
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if a != b && a.up && !a.rival && !b.rival && a.company.Strikes(b.id) > 0 {
				w.violate("no honest peer struck", "%s has %d strikes against %s", a.name, a.company.Strikes(b.id), b.name)
			}
		}
	}
}

// checkGoroutines: a run leaves nothing behind, but for those of a store whose
// disk has failed: they wait at its gate for ever (docs/spec/08-store.md).
func (w *world) checkGoroutines(before int) {
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		<-time.After(time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	left := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	stray := 0
	for _, g := range left {
		if !w.failed || !strings.Contains(g, "causeway/store") && !strings.Contains(g, "pebble") {
			stray++
		}
	}
	if stray > before {
		w.violate("back to baseline", "%d goroutines, %d before", stray, before)
	}
}

// cursor says where the owner goes on in its box, from the beginning now and
// then. Whatever lies before that it has taken.
func (n *device) cursor(box *mailbox.Box, k *keeping, custodian *device) (uint64, error) {
	page, _, err := box.List(0, 1000)
	if err != nil {
		return 0, err
	}
	n.look(func(tx *store.Tx) error {
		for _, h := range page {
			had, err := tx.Has(doneKey(h.Parcel))
			if err != nil {
				return err
			}
			if !had && h.Seq <= k.upTo && !custodian.revived {
				n.w.violate("no mail passed over", "%s has not read a parcel at %s and went on", n.name, custodian.name)
			}
		}
		return nil
	})
	if custodian.revived || n.w.rng.IntN(3) == 0 {
		return 0, nil
	}
	return k.upTo, nil
}
