package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/chat"
	"causeway/group"
	"causeway/merkle"
	"causeway/store"
)

// A verb is something that a step of a plan can do to a world.
type verb func(w *world, s Step)

// verbs are all of them, by the word that a scenario file uses.
var verbs map[string]verb

func init() {
	verbs = map[string]verb{
		"say": (*world).say, "add": (*world).add, "remove": (*world).remove, "leave": (*world).leave,
		"promote": (*world).promote, "demote": (*world).demote, "rekey": (*world).rekey,
		"cut": (*world).cutPeople, "crash": (*world).crashLater, "off": (*world).off, "restore": (*world).restore,
		"full": (*world).diskTrouble, "broken": (*world).diskTrouble, "clock": (*world).clock,
		"fork": (*world).fork, "deaf": (*world).deaf, "hoard": (*world).hoard, "garbage": (*world).garbage,
		"forget": (*world).forget, "lie": (*world).lie,
	}
}

// play does one step, if the one who is to do it runs.
func (w *world) play(s Step) {
	for _, name := range s.Who {
		if w.node(name) == nil {
			w.violate("plan", "nobody is called %s", name)
			return
		}
	}
	verbs[s.Do](w, s)
}

// act has a node change a conversation, and notes a refusal that may be.
func (w *world) act(s Step, what string, f func(n *device, tx *store.Tx, wr *chat.Writer) error) bool {
	n := w.node(s.Who[0])
	c := n.conv(s.In)
	if c == nil || n.db.Err() != nil {
		return false
	}
	w.log("group", n.name, "%s in %s", what, s.In)
	err := n.change(c, func(tx *store.Tx, wr *chat.Writer) error { return f(n, tx, wr) })
	if err == nil {
		return true
	}
	w.log("group", n.name, "could not: %v", err)
	if !mayFail(err) {
		w.violate("errors", "%s %s in %s: %v", n.name, what, s.In, err)
	}
	return false
}

func mayFail(err error) bool {
	for _, e := range []error{
		chat.ErrNotAllowed, chat.ErrNoChange, chat.ErrNoOffer, chat.ErrNotMember, chat.ErrNoKey, chat.ErrStopped,
		store.ErrFull, store.ErrIO, errCrashed, merkle.ErrForked, merkle.ErrFrozen,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// say writes messages, and remembers those of which the writer was told that
// they are safe.
func (w *world) say(s Step) {
	for range max(1, s.N) {
		text := fmt.Sprintf("canary %d of %s", len(w.said), s.Who[0])
		var id merkle.ID
		ok := w.act(s, fmt.Sprintf("says %q", text), func(_ *device, _ *store.Tx, wr *chat.Writer) error {
			m, err := wr.Say(chat.Text{Text: text})
			id = m.ID
			return err
		})
		if n := w.node(s.Who[0]); ok {
			n.ever[id] = true
			w.said = append(w.said, &said{conv: s.In, id: id, by: n, text: text, at: w.now})
		}
	}
}

func (w *world) add(s Step) {
	who := w.node(s.Who[1])
	w.act(s, "adds "+who.name, func(n *device, tx *store.Tx, wr *chat.Writer) error {
		h := group.HistoryAll
		if s.N > 0 {
			h = group.HistoryNone
		}
		wc, err := wr.Add(who.me.UID, h)
		if err != nil {
			return err
		}
		d := n.conv(direct(n.name, who.name)).Write(tx, n.clock())
		if err := d.Tell(chat.KindWelcome, &wc); err != nil {
			return err
		}
		n.dirty = append(n.dirty, d.Conversation().ID)
		return nil
	})
}

func (w *world) remove(s Step) {
	who := w.node(s.Who[1])
	if w.act(s, "removes "+who.name, func(_ *device, _ *store.Tx, wr *chat.Writer) error { return wr.Remove(who.me.UID, "") }) {
		w.checkRekeyed(s.In, w.node(s.Who[0]))
	}
}

func (w *world) leave(s Step) {
	w.left[s.In+" "+s.Who[0]] = true
	w.act(s, "leaves", func(_ *device, _ *store.Tx, wr *chat.Writer) error { return wr.Leave() })
}

func (w *world) promote(s Step) {
	who := w.node(s.Who[1])
	w.act(s, "promotes "+who.name, func(_ *device, _ *store.Tx, wr *chat.Writer) error { return wr.Promote(who.me.UID) })
}

func (w *world) demote(s Step) {
	who := w.node(s.Who[1])
	w.act(s, "demotes "+who.name, func(_ *device, _ *store.Tx, wr *chat.Writer) error { return wr.Demote(who.me.UID) })
}

func (w *world) rekey(s Step) {
	w.act(s, "changes the key", func(_ *device, _ *store.Tx, wr *chat.Writer) error { return wr.Rekey() })
}

// cutPeople takes the people named apart from all others.
func (w *world) cutPeople(s Step) {
	w.log("fault", "", "%v are cut off from the others", s.Who)
	for _, a := range w.nodes {
		for _, b := range w.nodes {
			if slices.Contains(s.Who, a.name) && !slices.Contains(s.Who, b.name) {
				w.cutOff(a, b)
				w.in(s.For, func() { w.mend(a, b) })
			}
		}
	}
}

// crashLater stops the machine at its next transaction: N odd, just after it is
// synced, else before.
func (w *world) crashLater(s Step) {
	n := w.node(s.Who[0])
	if !n.up {
		return
	}
	n.disk.next.Store(int32(before) + int32(s.N%2))
	w.in(s.For, func() {
		n.disk.next.CompareAndSwap(int32(before)+int32(s.N%2), int32(fine)) // there was none
		n.boot()
	})
}

// off stops a node in good order, and starts it again after a while.
func (w *world) off(s Step) {
	n := w.node(s.Who[0])
	if n.up {
		n.images = append(n.images, image{w.now, &disk{mem: n.disk.image()}})
		w.log("fault", n.name, "goes off")
		n.stop()
		w.in(s.For, n.boot)
	}
}

// restore puts back a disk as it once was.
func (w *world) restore(s Step) {
	n := w.node(s.Who[0])
	if !n.up || len(n.images) == 0 {
		return
	}
	old := n.images[s.N%len(n.images)]
	n.images = nil
	w.log("fault", n.name, "has a disk of %s ago put back", w.now.Sub(old.at))
	n.stop()
	n.revived = true
	for _, k := range n.keeps {
		k.upTo = 0
	}
	n.disk.use(old.disk.mem)
	for _, m := range w.said {
		m.excuse = m.excuse || m.by == n && !m.at.Before(old.at)
	}
	w.in(s.For, n.boot)
}

// diskTrouble fills or breaks the disk for a while; the node has to be started
// anew after that.
func (w *world) diskTrouble(s Step) {
	n := w.node(s.Who[0])
	if !n.up {
		return
	}
	kind := full
	if s.Do == "broken" {
		kind = broken
	}
	w.log("fault", n.name, "has a disk that is %s", s.Do)
	w.failed = true
	n.disk.next.Store(int32(kind))
	w.in(s.For, func() { n.cure(kind) })
}

func (n *device) cure(kind trouble) {
	n.disk.next.CompareAndSwap(int32(kind), int32(fine))
	if n.up && n.db.Err() != nil {
		left := n.disk.image()
		n.stop()
		n.disk.use(left)
	}
	n.boot()
}

// clock sets a clock wrong by N seconds, for a while.
func (w *world) clock(s Step) {
	n, d := w.node(s.Who[0]), time.Duration(s.N)*time.Second
	w.log("fault", n.name, "has a clock that is wrong by %s", d)
	n.skew += d
	if s.For > 0 {
		w.in(s.For, func() { n.skew -= d })
	}
}
