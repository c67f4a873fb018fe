package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"causeway/merkle"
)

// start is when every run begins, by the world's own clock.
var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// A world is one run: the nodes, what is to happen, and what went wrong.
type world struct {
	plan   Plan
	now    time.Time
	queue  queue
	order  uint64
	source *source
	rng    *rand.Rand // of the network
	trace  *Trace
	wrong  []Violation

	nodes  []*device
	links  map[[2]int]*link
	wires  map[[2]int]*wire
	convs  map[string]merkle.ID
	said   []*said
	left   map[string]bool // who has left which group, or tried to
	calm   bool            // nothing is lost: at the beginning and the end
	failed bool            // a disk has failed
	stats  Stats
}

// A Violation is a promise that a run has broken.
type Violation struct {
	At   time.Duration
	Rule string // of the list in docs/testing.md
	Text string
}

func (v Violation) String() string {
	return fmt.Sprintf("%.3fs %s: %s", v.At.Seconds(), v.Rule, v.Text)
}

// Stats count what a run did.
type Stats struct {
	Events, Frames, Messages, Entries, Crashes, Parcels int
	Forks                                               int           // logs of rivals that are known as forked in the end
	Simulated                                           time.Duration // of the whole cluster
}

// said is a message that its writer was told is safe.
type said struct {
	conv   string
	id     merkle.ID
	by     *device
	text   string
	at     time.Time
	excuse bool // an old disk was put back, which may have taken it along
}

// An event is something due.
type event struct {
	at    time.Time
	order uint64
	run   func()
}

type queue []*event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].order < q[j].order
}
func (q *queue) Push(x any) { *q = append(*q, x.(*event)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// at runs f at a time, in after a while.
func (w *world) at(t time.Time, f func()) {
	w.order++
	if t.Before(w.now) {
		t = w.now
	}
	heap.Push(&w.queue, &event{t, w.order, f})
}

func (w *world) in(d time.Duration, f func()) { w.at(w.now.Add(d), f) }

// until runs everything that is due before a time.
func (w *world) until(t time.Time) {
	for len(w.queue) > 0 && w.queue[0].at.Before(t) {
		e := heap.Pop(&w.queue).(*event)
		w.now = e.at
		w.stats.Events++
		e.run()
		w.after()
	}
	w.now = t
}

// after looks for nodes that stopped in the event that has just run.
func (w *world) after() {
	for _, n := range w.nodes {
		n.settle()
	}
}

func (w *world) log(kind, who, format string, args ...any) {
	w.trace.add(Line{w.now.Sub(start), who, kind, fmt.Sprintf(format, args...)})
}

func (w *world) violate(rule, format string, args ...any) {
	v := Violation{w.now.Sub(start), rule, fmt.Sprintf(format, args...)}
	w.wrong = append(w.wrong, v)
	w.log("wrong", "", "%s: %s", v.Rule, v.Text)
}

// name of a person or index; nil if there is none.
func (w *world) node(name string) *device {
	for _, n := range w.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

// label returns what a conversation is called in the plan.
func (w *world) label(id merkle.ID) string {
	for l, c := range w.convs {
		if c == id {
			return l
		}
	}
	return "?"
}

// direct names the conversation of two people.
func direct(a, b string) string {
	if a > b {
		a, b = b, a
	}
	return a + "-" + b
}
