package sim

import (
	"fmt"
	"slices"

	"causeway/chat"
	"causeway/merkle"
	"causeway/store"
)

// deaf has a node take nothing for a while: what it writes meanwhile is as if
// written long ago.
func (w *world) deaf(s Step) {
	n := w.node(s.Who[0])
	w.log("fault", n.name, "takes nothing")
	n.deaf = true
	w.in(s.For, func() { n.deaf = false })
}

// hoard has a node leave out a quarter of what it should serve.
func (w *world) hoard(s Step) {
	n := w.node(s.Who[0])
	w.log("fault", n.name, "withholds entries")
	n.hoards = true
	w.in(s.For, func() { n.hoards = false })
}

// lie has a node claim entries that there are not, and serve none of them.
func (w *world) lie(s Step) {
	n := w.node(s.Who[0])
	w.log("fault", n.name, "claims what it has not")
	n.lies = true
	w.in(s.For, func() { n.lies = false })
}

// exaggerate adds to the ends of logs what nobody wrote.
func (n *device) exaggerate(tips []merkle.Tip) []merkle.Tip {
	out := slices.Clone(tips)
	for i := range out {
		if out[i].Head[0]%2 == 0 {
			out[i].Seq += 3
			out[i].Height += 5
			out[i].Head[0] ^= 0xff
		}
	}
	return out
}

// garbage sends frames that mean nothing, or that were meant for others.
func (w *world) garbage(s Step) {
	n := w.node(s.Who[0])
	for _, e := range n.ends() {
		f := make([]byte, 1+w.rng.IntN(300))
		for i := range f {
			f[i] = byte(w.rng.Uint32())
		}
		f[0] = byte(w.rng.IntN(12))
		e.send(f)
	}
	w.log("fault", n.name, "sends garbage")
}

// forget has a custodian lose all that it holds, as if all of it had expired.
func (w *world) forget(s Step) {
	n := w.node(s.Who[0])
	if !n.up {
		return
	}
	n.turn()
	n.loose = true
	w.log("fault", n.name, "throws away what it keeps for others")
	if _, err := n.keeper.Sweep(w.now.AddDate(1, 0, 0)); err != nil && !mayFail(err) {
		w.violate("errors", "%s sweeps: %v", n.name, err)
	}
}

// fork has somebody write two histories in one log: one at home, one on a copy
// of the disk, which goes to another node by hand.
func (w *world) fork(s Step) {
	n, to := w.node(s.Who[0]), w.node(s.Who[1])
	c := n.conv(s.In)
	if c == nil || n.db.Err() != nil {
		return
	}
	twin := &disk{}
	twin.use(n.disk.image())
	w.log("fault", n.name, "forks its log in %s", s.In)
	if s.For > 0 { // and who has the one history hears nothing of the other
		w.cutOff(n, to)
		w.in(s.For, func() { w.mend(n, to) })
	}
	blocks, err := n.twinSays(twin, c.ID, max(1, s.N))
	if err != nil {
		w.log("fault", n.name, "could not: %v", err)
		return
	}
	w.say(Step{Do: "say", Who: []string{n.name}, In: s.In})
	if there := to.conv(s.In); there != nil && !to.deaf {
		to.receive(there, blocks) //nolint:errcheck // reported there
	}
}

// twinSays writes on a copy of a disk, and returns what is new there.
func (n *device) twinSays(twin *disk, id merkle.ID, count int) (blocks []merkle.Block, err error) {
	n.turn()
	db, err := store.Open(home, store.KeyFile("key"), store.Options{FS: twin})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	set, err := chat.Open(db, n.me)
	if err != nil {
		return nil, err
	}
	c := set.Get(id)
	if c == nil {
		return nil, errNoConv
	}
	err = db.Update(func(tx *store.Tx) error {
		was, err := c.DAG().Length(tx)
		if err != nil {
			return err
		}
		w := c.Write(tx, n.clock())
		for i := range count {
			if _, err := w.Say(chat.Text{Text: fmt.Sprintf("canary twin %d of %s", i, n.name)}); err != nil {
				return err
			}
		}
		entries, err := c.DAG().ByOffset(tx, was, 1000)
		for _, e := range entries {
			blocks = append(blocks, e.Block())
		}
		return err
	})
	return blocks, err
}
