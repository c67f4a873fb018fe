package group

import (
	"cmp"
	"slices"
)

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
