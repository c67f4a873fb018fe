package sim

import (
	"math/rand/v2"
	"runtime"
	"time"

	"causeway/chat"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
)

const (
	settleTime  = 60 * time.Second // in which all must agree once the faults are over
	offersEach  = 6
	copiesAsked = 2 // custodians of each person
)

// A Report is what came of a run.
type Report struct {
	Plan   Plan
	Wrong  []Violation // empty: all promises were kept
	Trace  *Trace
	Stats  Stats
	Healed time.Duration // how long it took after the faults until all agreed
}

// Run plays a plan to its end. It is the same for the same plan. One run at a
// time: others wait.
func Run(p Plan) *Report {
	s := &source{now: chance(p.Seed, "world")}
	defer s.takeOver()()
	goroutines := runtime.NumGoroutine()
	w := &world{
		plan: p, now: start, source: s, rng: rand.New(chance(p.Seed, "network")), trace: newTrace(),
		links: map[[2]int]*link{}, wires: map[[2]int]*wire{}, convs: map[string]merkle.ID{}, left: map[string]bool{},
	}
	r := &Report{Plan: p, Trace: w.trace}
	w.begin()
	if len(w.wrong) == 0 {
		for _, s := range p.Steps {
			w.at(start.Add(s.At), func() { w.play(s) })
		}
		w.until(start.Add(p.Length))
		w.heal()
		r.Healed = w.agree()
		w.checkAll()
	}
	for _, n := range w.nodes {
		n.stop()
	}
	w.checkGoroutines(goroutines)
	w.stats.Simulated = time.Duration(len(w.nodes)) * w.now.Sub(start)
	r.Wrong, r.Stats = w.wrong, w.stats
	return r
}

// begin makes the people, has them know each other, and founds the groups.
func (w *world) begin() {
	w.calm = true
	defer func() { w.calm = false }()
	for i, name := range w.plan.People {
		n := newDevice(w, i, name)
		w.nodes = append(w.nodes, n)
		for _, r := range w.plan.Rivals {
			n.rival = n.rival || r == name
		}
	}
	for i, a := range w.nodes {
		for _, b := range w.nodes[i+1:] {
			w.befriend(a, b)
		}
	}
	for i, a := range w.nodes {
		for k := 1; k <= min(copiesAsked, len(w.nodes)-1); k++ {
			w.keep(w.nodes[(i+k)%len(w.nodes)], a)
		}
	}
	for _, f := range w.plan.Groups {
		w.found(f)
	}
	for _, n := range w.nodes {
		w.in(time.Duration(w.rng.Int64N(int64(visitEvery))), n.round)
		w.dialAll(n)
	}
}

func (w *world) must(err error) {
	if err != nil {
		w.violate("errors", "at the beginning: %v", err)
	}
}

// befriend makes the conversation of two people, and has each offer logs to the
// other.
func (w *world) befriend(a, b *device) {
	mine, theirs := a.newLog(), b.newLog()
	var found merkle.Entry
	a.turn()
	w.must(a.db.Update(func(tx *store.Tx) error {
		c, e, err := a.set.Found(tx, a.clock(), chat.Founding{
			Shape: chat.Direct, History: chat.Forward, Mine: mine, Founders: []*identity.Leaf{theirs},
		})
		if err == nil {
			found, w.convs[direct(a.name, b.name)] = e, c.ID
		}
		return err
	}))
	b.turn()
	w.must(b.db.Update(func(tx *store.Tx) error {
		_, _, err := b.set.Adopt(tx, b.clock(), found.Block(), merkle.LogKey(theirs.Log), a.me.UID)
		return err
	}))
	for _, n := range []*device{a, b} {
		n.ever[found.ID] = true
		n.offer(w.convs[direct(a.name, b.name)])
	}
}

func (n *device) newLog() (leaf *identity.Leaf) {
	n.turn()
	n.w.must(n.db.Update(func(tx *store.Tx) (err error) {
		leaf, err = n.set.NewLog(tx)
		return err
	}))
	return leaf
}

// offer says in a conversation under which logs this person may be added.
func (n *device) offer(id merkle.ID) {
	c := n.set.Get(id)
	n.w.must(n.change(c, func(tx *store.Tx, w *chat.Writer) error {
		o, err := n.set.MakeOffers(tx, c.State().Peer, offersEach)
		if err != nil {
			return err
		}
		return w.Tell(chat.KindOffers, &o)
	}))
}

func (w *world) found(f Founded) {
	n := w.node(f.By)
	if n == nil {
		w.violate("plan", "nobody is called %s", f.By)
		return
	}
	history := chat.Shared
	if f.Forward {
		history = chat.Forward
	}
	leaf := n.newLog()
	n.turn()
	w.must(n.db.Update(func(tx *store.Tx) error {
		c, e, err := n.set.Found(tx, n.clock(), chat.Founding{Shape: chat.Group, History: history, Name: f.Name, Mine: leaf})
		if err == nil {
			w.convs[f.Name] = c.ID
			n.ever[e.ID] = true
		}
		return err
	}))
}

// heal ends every fault: all machines run, all paths are open, nobody lies any
// more.
func (w *world) heal() {
	w.calm = true
	w.log("heal", "", "all faults end")
	for _, n := range w.nodes {
		n.disk.next.Store(int32(fine))
		n.deaf, n.hoards, n.lies = false, false, false
		if n.up && n.db.Err() != nil {
			n.cure(fine)
		}
		n.boot()
	}
	for i, a := range w.nodes {
		for _, b := range w.nodes[i+1:] {
			p := w.wire(a, b)
			p.tries = 0
			if p.cut > 0 {
				p.cut = 1
				w.mend(a, b)
			}
			w.in(redial, func() { w.dial(a, b) })
		}
	}
}

// agree runs until all honest nodes hold the same, and says how long it took.
func (w *world) agree() time.Duration {
	began := w.now
	for w.now.Before(began.Add(settleTime)) {
		w.until(w.now.Add(time.Second))
		if w.differ((*device).held) == "" {
			took := w.now.Sub(began)
			w.until(w.now.Add(3 * time.Second)) // what else may follow
			w.checkReceipts(began)
			return took
		}
	}
	if why := w.differ((*device).shared); why != "" {
		w.violate("convergence", "a minute after the faults: %s", why)
	}
	w.checkReceipts(began)
	return settleTime
}
