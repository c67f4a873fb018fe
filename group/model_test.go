package group

import (
	"cmp"
	"slices"
)

// The symbolic reference: rules A and D written out as naively as possible,
// over a DAG that keeps every entry's whole past. Users, logs and ids are small
// numbers; an entry's author is given, where Fold has to find it.

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
