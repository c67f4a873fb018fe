package group

import (
	"cmp"
	"slices"
)

// The symbolic reference: rules A and D written out as naively as possible,
// over a DAG that keeps every entry's whole past. Users, logs and ids are small
// numbers; an entry's author is given, where Fold has to find it.

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

// rules switches single rules off or bends them: the mutants.
type rules struct {
	noRank, noDepth, heightRank     bool // A1
	reverseFounders, founderFalls   bool
	anyoneGrants, powerlessDemotes  bool // A2
	demoteRemoves, demoteKeepsAdmin bool
	strongDemotion                  bool
	weakRemoval, strongLeave        bool // A3, D5
	noReadd, concurrentReadd        bool // A4
	noGrantPast, anyLog, noLeafPast bool // D1
	flatLogs, noLogDepth, noParent  bool // D2
	logHeight, rootLast, oldRoot    bool
	noCut, anyCut, weakCut          bool // D3
	noFault, wideFault              bool // D4
	noFirst                         bool // first-entry rule
	anyRemovalKey, everyKey         bool // K1
	lowKey                          bool // K2
}

type step struct{ h, id int }

type stretch struct { // a tenure
	user    int
	g       *entry
	admin   bool
	founder bool
	path    []step
	of      *stretch
}

type resolver struct {
	*dag
	rules
	live     map[int]bool
	member   map[int]bool
	admins   map[int]bool
	revs     []*entry // live revokes, demotions and leaves
	by       map[int]*stretch
	tenures  []*stretch
	byAuthor map[int][]*entry
}

func (r *resolver) less(a, b *stretch) bool {
	if a.admin != b.admin {
		return a.admin
	}
	if r.heightRank {
		return cmp.Or(cmp.Compare(a.g.height, b.g.height), cmp.Compare(a.g.id, b.g.id)) < 0
	}
	if len(a.path) != len(b.path) && !r.noDepth {
		return len(a.path) < len(b.path)
	}
	return comparePaths(a.path, b.path) < 0
}

func comparePaths(a, b []step) int {
	return slices.CompareFunc(a, b, func(x, y step) int {
		return cmp.Or(cmp.Compare(x.h, y.h), cmp.Compare(x.id, y.id))
	})
}

func resolve(d *dag, m rules) *resolver {
	r := &resolver{dag: d, rules: m, live: map[int]bool{}, member: map[int]bool{}, admins: map[int]bool{},
		by: map[int]*stretch{}, byAuthor: map[int][]*entry{}}
	for _, e := range d.es {
		r.byAuthor[e.author] = append(r.byAuthor[e.author], e)
		if e.kind == Found {
			r.live[e.id] = true
			for i, u := range e.founders {
				if r.reverseFounders {
					i = -i
				}
				r.tenures = append(r.tenures, &stretch{user: u, g: e, admin: true, founder: true, path: []step{{i, 0}}})
			}
		}
		if e.kind == Fault {
			r.live[e.id] = true
		}
	}
	for _, es := range r.byAuthor {
		slices.SortFunc(es, func(a, b *entry) int { return cmp.Or(cmp.Compare(a.height, b.height), cmp.Compare(a.id, b.id)) })
	}
	done := map[*stretch]bool{}
	for {
		var t *stretch
		for _, c := range r.tenures {
			if !done[c] && (t == nil || r.less(c, t)) {
				t = c
			}
		}
		if t == nil {
			break
		}
		done[t] = true
		if t.of != nil && !r.isDemoted(t.of) {
			continue
		}
		r.turn(t)
	}
	for _, t := range r.tenures {
		if t.of != nil && !r.isDemoted(t.of) || r.ended(t) {
			continue
		}
		r.member[t.user] = true
		if t.admin {
			r.admins[t.user] = true
		}
	}
	return r
}

func (r *resolver) turn(t *stretch) {
	es := r.byAuthor[t.user]
	counts := r.logs(t, slices.DeleteFunc(slices.Clone(es), func(e *entry) bool { return r.cutOff(t, e) }))
	for _, e := range es {
		if e.kind == Found || e.kind == Fault || r.live[e.id] || !r.noGrantPast && !r.before(t.g.id, e.id) {
			continue
		}
		if !counts[e.id] || r.cutOff(t, e) { // again: the user may have left meanwhile
			continue
		}
		power := t.admin || r.anyoneGrants
		switch e.kind {
		case Grant:
			if !power {
				continue
			}
			n := &stretch{user: e.target, g: e, admin: e.admin, path: append(slices.Clone(t.path), step{e.height, e.id})}
			r.tenures = append(r.tenures, n)
			if n.admin {
				rest := *n
				rest.admin, rest.of = false, n
				r.tenures = append(r.tenures, &rest)
			}
		case Revoke, Demote:
			if !power {
				continue
			}
			r.revs = append(r.revs, e)
			r.by[e.id] = t
		case Leave:
			r.revs = append(r.revs, e)
		}
		r.live[e.id] = true
	}
}

func (r *resolver) isDemoted(t *stretch) bool {
	return !r.demoteRemoves && slices.ContainsFunc(r.revs, func(d *entry) bool { return d.kind == Demote && r.hits(d, t) })
}

// hits reports whether live removal e ends tenure t at all.
func (r *resolver) hits(e *entry, t *stretch) bool {
	if e.kind == Leave {
		return e.author == t.user && r.before(t.g.id, e.id)
	}
	if e.target != t.user || t.founder && !r.founderFalls {
		return false
	}
	if t.of != nil {
		if e.kind != Revoke {
			return false
		}
		return r.hits(e, t.of) || slices.ContainsFunc(r.revs, func(d *entry) bool {
			return d.kind == Demote && r.hits(d, t.of) && r.before(d.id, e.id)
		})
	}
	if e.kind == Demote && (!t.admin || r.demoteKeepsAdmin) {
		return false
	}
	if r.before(e.id, t.g.id) && !r.noReadd || r.concurrentReadd && !r.before(t.g.id, e.id) {
		return false
	}
	return r.less(r.by[e.id], t) || r.noRank || e.kind == Demote && r.powerlessDemotes
}

func (r *resolver) ended(t *stretch) bool {
	return slices.ContainsFunc(r.revs, func(e *entry) bool { return r.hits(e, t) })
}

// cutOff: strong removal (A3) and weak leave (D5).
func (r *resolver) cutOff(t *stretch, e *entry) bool {
	return slices.ContainsFunc(r.revs, func(x *entry) bool {
		if r.strongDemotion && t.of != nil && x.kind == Demote && r.hits(x, t.of) {
			return !r.before(e.id, x.id) && !r.before(x.id, e.id)
		}
		if x.id == e.id || !r.hits(x, t) {
			return false
		}
		if x.kind == Leave && !r.strongLeave || x.kind != Leave && r.weakRemoval {
			return r.before(x.id, e.id)
		}
		return !r.before(e.id, x.id)
	})
}

// branch is one log of a user as one leaf admits it.
type branch struct {
	n    int
	leaf *entry
	root int
	path []step
}

func (r *resolver) senior(a, b *branch) bool {
	if a.root != b.root && !r.rootLast {
		return (a.root > b.root) != (r.oldRoot && a.root > 0 && b.root > 0)
	}
	if r.logHeight && a.leaf != nil && b.leaf != nil {
		return cmp.Or(cmp.Compare(a.leaf.height, b.leaf.height), cmp.Compare(a.leaf.id, b.leaf.id)) < 0
	}
	if len(a.path) != len(b.path) && !r.noLogDepth {
		return len(a.path) < len(b.path)
	}
	if n := len(a.path); r.noParent && n > 0 && n == len(b.path) {
		return comparePaths(a.path[n-1:], b.path[n-1:]) < 0
	}
	return comparePaths(a.path, b.path) < 0
}

// logs is rule D: those entries of es that count at the turn of t.
func (r *resolver) logs(t *stretch, es []*entry) map[int]bool {
	counts := map[int]bool{}
	logs := []*branch{{n: r.grantedLog(t)}}
	if r.anyLog {
		for _, e := range es {
			logs = append(logs, &branch{n: e.log})
		}
	}
	var roots []*entry
	for _, e := range es {
		if e.kind != Leaf || !e.root || e.log != e.named || e.back != 0 {
			continue
		}
		n := 1
		for _, o := range roots {
			if r.before(o.id, e.id) {
				n++
			}
		}
		roots = append(roots, e)
		logs = append(logs, &branch{n: e.named, leaf: e, root: n, path: []step{{0, e.id}}})
	}
	type cut struct {
		e  *entry
		by *branch
	}
	cuts := map[int][]cut{}
	for _, e := range es {
		for _, n := range e.cut {
			if r.anyCut {
				cuts[n] = append(cuts[n], cut{e: e})
			}
		}
	}
	done, seen := map[*branch]bool{}, map[int]bool{}
	for {
		var l *branch
		for _, c := range logs {
			if !done[c] && (l == nil || r.senior(c, l)) {
				l = c
			}
		}
		if l == nil {
			return counts
		}
		done[l] = true
		if seen[l.n] {
			continue
		}
		seen[l.n] = true
		for _, e := range es {
			if e.log != l.n || r.frozen(e) || !r.noFirst && !r.begun(e) {
				continue
			}
			if l.leaf != nil && e != l.leaf && !r.noLeafPast && !r.before(l.leaf.id, e.id) {
				continue
			}
			if slices.ContainsFunc(cuts[l.n], func(c cut) bool {
				return (c.by == nil || r.senior(c.by, l)) && !r.noCut && (r.weakCut && r.before(c.e.id, e.id) || !r.weakCut && !r.before(e.id, c.e.id))
			}) {
				continue
			}
			counts[e.id] = true
			if e.kind != Leaf {
				continue
			}
			if e.add && !e.root && e.of == 0 {
				n := &branch{n: e.named, leaf: e, root: l.root, path: append(slices.Clone(l.path), step{e.seq, e.id})}
				if r.flatLogs {
					n.path = nil
				}
				logs = append(logs, n)
			}
			for _, n := range e.cut {
				cuts[n] = append(cuts[n], cut{e, l})
			}
		}
	}
}

func (r *resolver) grantedLog(t *stretch) int {
	if t.g.kind == Found {
		return 0
	}
	return t.g.named
}

func (r *resolver) frozen(e *entry) bool {
	return slices.ContainsFunc(r.es, func(f *entry) bool {
		return f.kind == Fault && f.target == e.author && f.named == e.log && !r.noFault &&
			(r.before(f.id, e.id) || r.wideFault && !r.before(e.id, f.id))
	})
}

// begun is the first-entry rule.
func (r *resolver) begun(e *entry) bool {
	first := e
	for first.back != 0 {
		first = r.get(first.back)
	}
	if first.kind == Found || first.kind == Leaf && first.root && first.named == first.log {
		return true
	}
	return slices.ContainsFunc(first.deps, func(id int) bool {
		switch p := r.get(id); p.kind {
		case Found:
			return first.log == 0 && slices.Contains(p.founders, first.author)
		case Grant:
			return p.target == first.author && p.named == first.log
		case Leaf:
			return p.add && p.of == 0 && p.author == first.author && p.named == first.log
		}
		return false
	})
}

// usable is rule K1.
func (r *resolver) usable(k int) bool {
	if !r.live[k] {
		return false
	}
	for _, e := range r.revs {
		if e.kind == Demote && !r.everyKey || r.anyRemovalKey {
			continue
		}
		if !r.before(e.id, k) {
			return false
		}
	}
	return true
}

// best is rule K2.
func (r *resolver) best() int {
	var best *entry
	for _, e := range r.es {
		if !(e.rekey || e.kind == Found) || !r.usable(e.id) {
			continue
		}
		if best == nil || (cmp.Or(cmp.Compare(e.height, best.height), cmp.Compare(e.id, best.id)) > 0) != r.lowKey {
			best = e
		}
	}
	if best == nil {
		return 0
	}
	return best.id
}
