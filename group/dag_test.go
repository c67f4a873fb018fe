package group

import "slices"

type entry struct {
	id       int
	kind     Kind
	rekey    bool // Other: a key
	author   int
	log      int // of the author; 0 is the one that grants admit by default
	back     int // entry before on the same log; 0: none
	deps     []int
	seq      int // set by dag.put, as is
	height   int
	founders []int
	target   int
	admin    bool  // Grant
	named    int   // Grant: the log of target that it admits; Leaf: the log added; Fault: the log of target
	add      bool  // Leaf: it adds a log
	of       int   // Leaf: the user whom its certificate names; 0: its author
	root     bool  // Leaf: by root
	cut      []int // Leaf: logs of its author
}

type bits []uint64

func (b bits) has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 == 1 }
func (b *bits) set(i int) {
	for i/64 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}
func (b *bits) join(o bits) {
	for i, w := range o {
		if i == len(*b) {
			*b = append(*b, 0)
		}
		(*b)[i] |= w
	}
}

type dag struct {
	es   []*entry
	at   map[int]int
	past []bits
}

func newDAG() *dag { return &dag{at: map[int]int{}} }

// put takes an entry whose parents are there and gives it seq and height.
func (d *dag) put(e *entry) *entry {
	var p bits
	if e.back != 0 && !slices.Contains(e.deps, e.back) {
		e.deps = append(e.deps, e.back)
	}
	for _, id := range e.deps {
		i, ok := d.at[id]
		if !ok {
			panic("a parent is missing")
		}
		p.set(i)
		p.join(d.past[i])
		e.height = max(e.height, d.es[i].height+1)
	}
	if e.back != 0 {
		e.seq = d.get(e.back).seq + 1
	}
	d.at[e.id] = len(d.es)
	d.es = append(d.es, e)
	d.past = append(d.past, p)
	return e
}

func (d *dag) get(id int) *entry { return d.es[d.at[id]] }

func (d *dag) before(a, b int) bool { return d.past[d.at[b]].has(d.at[a]) }

// view is the dag of those entries alone.
func (d *dag) view(in bits) *dag {
	v := newDAG()
	for i, e := range d.es {
		if in.has(i) {
			c := *e
			v.put(&c)
		}
	}
	return v
}

func (d *dag) heads() []int {
	inner := map[int]bool{}
	for _, e := range d.es {
		for _, p := range e.deps {
			inner[p] = true
		}
	}
	var h []int
	for _, e := range d.es {
		if !inner[e.id] {
			h = append(h, e.id)
		}
	}
	return h
}
