package sim

import (
	"math"
	"slices"
	"time"

	dagsync "causeway/sync"
)

// How the network behaves, whatever the plan says.
const (
	resend   = 200 * time.Millisecond // until a lost frame goes again
	silence  = 20 * time.Second       // of a path that is cut, until both ends give up
	redial   = time.Second            // between two tries, more after each
	redials  = 8 * time.Second        // at most
	minDelay = time.Millisecond
	perByte  = 100 * time.Nanosecond // 10 MB/s
)

// A wire is the path between two nodes: whether frames get through.
type wire struct {
	cut   int // how many reasons there are that nothing gets through
	since time.Time
	tries int
}

// A link is a stream between two nodes with an engine at each end.
type link struct {
	w    *world
	ends [2]*end
	over bool
}

// An end is one engine and what is on its way to it.
type end struct {
	l       *link
	n       *device
	other   *end
	engine  *dagsync.Engine
	inbox   [][]byte
	arrival time.Time // of the last frame sent to it: a stream keeps its order
	alarm   time.Time // when it is to tick
}

func pair(a, b *device) [2]int {
	if a.index > b.index {
		a, b = b, a
	}
	return [2]int{a.index, b.index}
}

func (w *world) wire(a, b *device) *wire {
	k := pair(a, b)
	if w.wires[k] == nil {
		w.wires[k] = &wire{}
	}
	return w.wires[k]
}

// reaches reports whether frames pass from a to b.
func (w *world) reaches(a, b *device) bool { return a.up && b.up && w.wire(a, b).cut == 0 }

// cutOff takes one pair apart, mend ends that.
func (w *world) cutOff(a, b *device) {
	p := w.wire(a, b)
	if p.cut++; p.cut == 1 {
		p.since = w.now
		w.in(silence, func() { w.giveUp(a, b) })
	}
}

func (w *world) mend(a, b *device) {
	p := w.wire(a, b)
	if p.cut = max(0, p.cut-1); p.cut > 0 {
		return
	}
	if l := w.links[pair(a, b)]; l != nil {
		for _, e := range l.ends {
			w.in(0, e.deliver)
		}
		return
	}
	w.in(redial, func() { w.dial(a, b) })
}

// giveUp ends a stream over a path that has been cut for long.
func (w *world) giveUp(a, b *device) {
	p, l := w.wire(a, b), w.links[pair(a, b)]
	if l != nil && p.cut > 0 && !w.now.Before(p.since.Add(silence)) {
		l.hangUp(nil, nil)
	}
}

func (w *world) dialAll(n *device) {
	for _, o := range w.nodes {
		if o != n {
			w.wire(n, o).tries = 0
			w.in(redial/4, func() { w.dial(n, o) })
		}
	}
}

// dial opens a stream if there can be one, and tries again later if not.
func (w *world) dial(a, b *device) {
	k := pair(a, b)
	if w.links[k] != nil || !a.up || !b.up {
		return
	}
	away := max(a.company.Away(b.id, w.now), b.company.Away(a.id, w.now))
	if !w.reaches(a, b) || away > 0 {
		p := w.wire(a, b)
		p.tries++
		w.in(max(away, min(redials, redial<<min(p.tries, 4))), func() { w.dial(a, b) })
		return
	}
	w.wire(a, b).tries = 0
	l := &link{w: w}
	for i, n := range []*device{a, b} {
		o := []*device{b, a}[i]
		var nonce [32]byte
		n.rng.Read(nonce[:])
		n.turn()
		l.ends[i] = &end{l: l, n: n, engine: n.company.NewEngine(n.logs(), n.id, o.id, i == 0, nonce, w.now)}
	}
	l.ends[0].other, l.ends[1].other = l.ends[1], l.ends[0]
	w.links[k] = l
	for _, e := range l.ends {
		if e.check(e.engine.Offer(w.now)) {
			e.pump()
		}
	}
}

// ends lists the node's ends of streams, in the order of the others.
func (n *device) ends() (out []*end) {
	for _, o := range n.w.nodes {
		if l := n.w.links[pair(n, o)]; o != n && l != nil {
			for _, e := range l.ends {
				if e.n == n {
					out = append(out, e)
				}
			}
		}
	}
	return out
}

func (n *device) hangUp() {
	for _, e := range n.ends() {
		e.l.hangUp(nil, nil)
	}
}

// hangUp ends a stream; by is the end that found an error.
func (l *link) hangUp(by *end, err error) {
	if l.over {
		return
	}
	l.over = true
	a, b := l.ends[0].n, l.ends[1].n
	delete(l.w.links, pair(a, b))
	for _, e := range l.ends {
		e.n.turn()
		blame := err
		if e != by {
			blame = nil
		}
		e.engine.End(l.w.now, blame)
	}
	l.w.in(redial, func() { l.w.dial(a, b) })
}

// check ends the stream of an engine that found an error; it says whether there
// was none.
func (e *end) check(err error) bool {
	if err == nil || e.l.over {
		return !e.l.over
	}
	if e.n.disk.left == nil && e.n.db.Err() == nil {
		e.l.w.log("net", e.n.name, "ends the stream with %s: %v", e.other.n.name, err)
		if dagsync.Broken(err) && !e.other.n.rival && !e.n.rival {
			e.l.w.violate("no honest peer struck", "%s blames %s: %v", e.n.name, e.other.n.name, err)
		}
	}
	e.l.hangUp(e, err)
	return false
}

// news tells the engine what has changed at its node.
func (e *end) news(convs []mID, keys bool) {
	e.n.turn()
	if keys && !e.check(e.engine.Refresh(e.l.w.now)) {
		return
	}
	seen := map[mID]bool{}
	for _, c := range convs {
		if !seen[c] && !e.check(e.engine.Announce(e.l.w.now, dagsync.Conv(c))) {
			return
		}
		seen[c] = true
	}
	e.pump()
}

// pump takes the engine as far as it goes now.
func (e *end) pump() {
	w := e.l.w
	e.n.turn()
	for !e.l.over && e.n.disk.left == nil {
		if !e.check(e.engine.Tick(w.now)) {
			return
		}
		f, err := e.engine.Next(w.now)
		if !e.check(err) {
			return
		}
		if f == nil {
			break
		}
		e.send(f)
	}
	e.engine.Events()
	e.wake()
}

// wake sees that the engine ticks when something is due.
func (e *end) wake() {
	d := e.engine.Deadline()
	if e.l.over || d.IsZero() || !e.alarm.IsZero() && !d.Before(e.alarm) && e.alarm.After(e.l.w.now) {
		return
	}
	if least := e.l.w.now.Add(time.Millisecond); d.Before(least) {
		d = least
	}
	e.alarm = d
	e.l.w.at(d, func() {
		if !e.l.over && e.alarm.Equal(d) {
			e.alarm = time.Time{}
			e.pump()
		}
	})
}

// send puts a frame on its way to the other end.
func (e *end) send(f []byte) {
	w, to := e.l.w, e.other
	w.stats.Frames++
	w.trace.note([]byte(e.n.name), f)
	at := w.now.Add(w.delay() + time.Duration(len(f))*perByte)
	if at.Before(to.arrival) {
		at = to.arrival
	}
	to.arrival = at
	w.at(at, func() {
		if !e.l.over {
			to.inbox = append(to.inbox, f)
			to.deliver()
		}
	})
}

// delay draws the time of one way.
func (w *world) delay() time.Duration {
	if w.calm {
		return 5 * time.Millisecond
	}
	d := time.Duration(-math.Log(1-w.rng.Float64()) * float64(w.plan.Net.Delay))
	for again := resend; w.rng.Float64() < w.plan.Net.Loss; again = min(2*again, 4*time.Second) {
		d += again
	}
	return max(minDelay, d)
}

// deliver hands over what has arrived, if it gets through and is wanted.
func (e *end) deliver() {
	w := e.l.w
	for len(e.inbox) > 0 && !e.l.over && w.wire(e.n, e.other.n).cut == 0 && e.n.disk.left == nil {
		if e.engine.Full() {
			e.pump()
			if e.engine.Full() {
				return
			}
			continue
		}
		f := e.inbox[0]
		e.inbox = e.inbox[1:]
		e.n.turn()
		if !e.check(e.engine.Handle(w.now, slices.Clone(f))) {
			return
		}
	}
	if !e.l.over {
		e.pump()
	}
}
