package group

import (
	"cmp"
	"slices"

	"causeway/merkle"
)

// A device is one log as one tenure of its user admits it (rule D1).
type device struct {
	tenure *tenure
	log    merkle.LogKey
	leaf   *Op // nil: the log that the grant admits

	root   int // 1 + root leaves in the past of the root leaf above it; 0: none
	parent int // rank of the log that the leaf is on; -1: the granted log, a root leaf

	// set at the log's turn
	rank int   // 0: the most senior of its tenure
	cuts []*Op // the earliest, by strictly senior logs
}

// compare orders the logs of one tenure from the most senior down (rule D2). As
// ranks are given breadth first, the parent's rank orders by depth too.
func (d *device) compare(o *device) int {
	c := cmp.Or(cmp.Compare(o.root, d.root), cmp.Compare(d.parent, o.parent))
	if c != 0 || d.leaf == nil || o.leaf == nil {
		return c
	}
	return cmp.Or(cmp.Compare(d.leaf.Seq, o.leaf.Seq), d.leaf.ID.Compare(o.leaf.ID))
}

// settleLogs applies rule D at the turn of a tenure: it admits logs from the
// most senior down and returns the entries that count, by height. It looks only
// at entries that more senior tenures leave standing, so it is not circular.
func (p *pass) settleLogs(t *tenure) []*Op {
	var counted []*Op
	cuts := map[merkle.LogKey][]*Op{}
	waiting := line[*device]{{tenure: t, log: t.log, parent: -1}}
	for _, d := range p.rootLogs(t) {
		waiting.add(d, (*device).compare)
	}
	seen := map[merkle.LogKey]bool{}
	for len(waiting) > 0 {
		d := waiting.next()
		if seen[d.log] || !p.claim(d) {
			continue
		}
		seen[d.log] = true
		d.rank = len(t.devices)
		d.cuts = earliest(p.past, slices.Clone(cuts[d.log]), (*Op).self)
		t.devices = append(t.devices, d)
		for _, e := range p.byLog[d.log] {
			if _, void := p.voided(t, e.ID); void || !p.admitted(d, e.Ref()).Live() {
				continue
			}
			counted = append(counted, e)
			if e.Kind != Leaf {
				continue
			}
			if e.New != (merkle.LogKey{}) && e.Of == t.user && !e.Root {
				waiting.add(&device{tenure: t, log: e.New, leaf: e, root: d.root, parent: d.rank}, (*device).compare)
			}
			for _, log := range e.Cut {
				cuts[log] = append(cuts[log], e)
			}
		}
	}
	slices.SortFunc(counted, compareOps)
	return counted
}

// rootLogs lists the logs that a user has admitted by root.
func (p *pass) rootLogs(t *tenure) []*device {
	var logs []*device
	for _, e := range p.byRoot[t.user] {
		if _, void := p.voided(t, e.ID); void {
			continue
		}
		n := 1
		for _, d := range logs {
			if p.past.Before(d.leaf.ID, e.ID) {
				n++
			}
		}
		logs = append(logs, &device{tenure: t, log: e.New, leaf: e, root: n, parent: -1})
	}
	return logs
}

// claim gives a log to the first user whose tenure reaches it, for good: two
// users can name one log only by both signing for it.
func (p *pass) claim(d *device) bool {
	owner, taken := p.owner[d.log]
	if taken && owner != d.tenure.user {
		return false
	}
	p.owner[d.log] = d.tenure.user
	p.devices[d.log] = append(p.devices[d.log], d)
	return true
}

// admitted judges an entry of a log by rule D and the first-entry rule.
func (s *State) admitted(d *device, r Ref) Verdict {
	if !s.rooted(r) {
		return Verdict{Reason: Unrooted}
	}
	if d.leaf != nil && r.ID != d.leaf.ID && !s.past.Before(d.leaf.ID, r.ID) {
		return Verdict{Reason: NotAdmitted, By: d.leaf.ID}
	}
	for _, f := range s.faults[r.Log] {
		if s.past.Before(f.ID, r.ID) {
			return Verdict{Reason: Forked, By: f.ID}
		}
	}
	for _, c := range d.cuts {
		if !s.past.Before(r.ID, c.ID) {
			return Verdict{Reason: CutOff, By: c.ID}
		}
	}
	return Verdict{}
}

// rooted applies the first-entry rule to the chain that an entry sits on.
func (s *State) rooted(r Ref) bool {
	if known, ok := s.begun[r.ID]; ok {
		return known
	}
	if r.Seq == 0 {
		return s.begins(r)
	}
	return s.begins(s.past.First(r.ID))
}

// rootedOp is rooted, without a question where the entry before is an op too.
func (p *pass) rootedOp(o *Op) bool {
	if known, ok := p.begun[o.Prev]; ok {
		return known
	}
	return p.rooted(o.Ref())
}

// begins reports whether a log may begin with this entry: it is a root leaf or
// found, or a parent of it admits the log.
func (s *State) begins(first Ref) bool {
	if o := s.ops[first.ID]; o != nil && (o == s.found || o.byRoot()) {
		return true
	}
	return slices.ContainsFunc(first.Parents, func(p merkle.ID) bool {
		o := s.ops[p]
		return o != nil && o.names(first.Log)
	})
}

func (o *Op) self() *Op { return o }
