package group

import (
	"maps"
	"slices"

	"causeway/identity"
	"causeway/internal/planted"
	"causeway/merkle"
)

// pass is the one run through the tenures from the most senior down (rule A5).
// At each one's turn its user's logs are settled by rule D and what its entries
// do takes effect; nothing that comes later in the line can change that.
type pass struct {
	*State
	byLog   map[merkle.LogKey][]*Op // by height
	byRoot  map[identity.UID][]*Op  // root leaves, by height
	waiting line[*tenure]
}

// Fold settles who belongs and what stands. It is a pure function of the set of
// ops: neither their order nor repetition matters. The caller keeps the ops
// unchanged. Without exactly one Found nobody belongs.
func Fold(ops []Op, past Past) *State {
	p := &pass{
		State: &State{
			past:    past,
			ops:     make(map[merkle.ID]*Op, len(ops)),
			begun:   make(map[merkle.ID]bool, len(ops)),
			live:    make(map[merkle.ID]bool, len(ops)),
			owner:   map[merkle.LogKey]identity.UID{},
			devices: map[merkle.LogKey][]*device{},
			faults:  map[merkle.LogKey][]*Op{},
			users:   map[identity.UID]*user{},
		},
		byLog:  map[merkle.LogKey][]*Op{},
		byRoot: map[identity.UID][]*Op{},
	}
	for i := range ops {
		p.ops[ops[i].ID] = &ops[i]
	}
	p.index()
	for len(p.waiting) > 0 {
		t := p.waiting.next()
		if t.of == nil || len(t.of.demotions()) > 0 {
			p.turn(t)
		}
	}
	p.close()
	return p.State
}

// index sorts the ops by log and kind, and begins with the founders.
func (p *pass) index() {
	var founds []*Op
	sorted := slices.SortedFunc(maps.Values(p.ops), compareOps)
	for _, o := range sorted {
		p.byLog[o.Log] = append(p.byLog[o.Log], o)
		switch {
		case o.Kind == Found:
			founds = append(founds, o)
		case o.Kind == Fault:
			p.live[o.ID] = true // it proves itself (D4)
			p.faults[o.FaultLog] = append(p.faults[o.FaultLog], o)
		case o.byRoot():
			p.byRoot[o.Of] = append(p.byRoot[o.Of], o)
		}
	}
	for log, fs := range p.faults {
		p.faults[log] = earliest(p.past, fs, (*Op).self)
	}
	if len(founds) == 1 {
		p.begin(founds[0])
	}
	for _, o := range sorted {
		p.begun[o.ID] = p.rootedOp(o)
	}
}

func (p *pass) begin(found *Op) {
	p.found = found
	p.live[found.ID] = true
	for i, f := range found.Founders {
		if p.users[f.User] != nil {
			continue // named twice
		}
		p.await(&tenure{
			user: f.User, begin: found, admin: true, log: f.Log, history: HistoryAll,
			founder: true, granter: i - len(found.Founders),
		})
	}
}

func (p *pass) await(t *tenure) {
	p.user(t.user)
	p.waiting.add(t, (*tenure).compare)
}

func (s *State) user(uid identity.UID) *user {
	u := s.users[uid]
	if u == nil {
		u = &user{}
		s.users[uid] = u
	}
	return u
}

func (p *pass) turn(t *tenure) {
	t.rank = len(p.tenures)
	p.tenures = append(p.tenures, t)
	u := p.user(t.user)
	u.tenures = append(u.tenures, t)
	p.end(t)
	for _, e := range p.settleLogs(t) {
		if !p.live[e.ID] && p.authorised(t, e.ID).Live() {
			p.act(t, e)
		}
	}
}

// act lets an entry that tenure t may write take effect, if t's role allows it.
func (p *pass) act(t *tenure, e *Op) {
	switch e.Kind {
	case Found:
		return
	case Grant, Revoke, Demote:
		if !t.admin {
			return
		}
	}
	p.live[e.ID] = true
	switch e.Kind {
	case Grant:
		for _, n := range t.grant(e) {
			p.await(n)
		}
	case Revoke, Demote:
		p.remove(e.Target, &removal{op: e, by: t})
	case Leave:
		r := &removal{op: e, by: t}
		p.remove(t.user, r)
		t.leaves = append(t.leaves, r) // entries come by height: it is the earliest
		r.effective = true
	}
}

func (p *pass) remove(uid identity.UID, r *removal) {
	u := p.user(uid)
	u.removals = append(u.removals, r)
	if r.op.Kind != Demote {
		p.removals = append(p.removals, r)
	}
	for i := 0; planted.Is(planted.NoRank) && i < len(u.tenures); i++ {
		p.end(u.tenures[i])
	}
}

// authorised judges an entry of tenure t by rules A3 and D5.
func (s *State) authorised(t *tenure, id merkle.ID) Verdict {
	if !s.past.Before(t.begin.ID, id) {
		return Verdict{Reason: NotAdmitted, By: t.begin.ID}
	}
	v, _ := s.voided(t, id)
	return v
}

// voided reports whether a removal or a leave voids an entry of tenure t.
func (s *State) voided(t *tenure, id merkle.ID) (Verdict, bool) {
	for _, r := range t.strong {
		if s.past.Before(id, r.op.ID) || planted.Is(planted.NoA3) {
			continue
		}
		if r.op.Kind == Demote {
			return Verdict{Reason: NoRight, By: r.op.ID}, true
		}
		return Verdict{Reason: Removed, By: r.op.ID}, true
	}
	for _, r := range t.leaves {
		if s.past.Before(r.op.ID, id) {
			return Verdict{Reason: Left, By: r.op.ID}, true
		}
	}
	return Verdict{}, false
}

// close finds what became known after the turn of the tenure that it concerns:
// leaves under a later tenure of the same user end it, and void nothing of it.
func (p *pass) close() {
	for _, u := range p.users {
		for _, r := range u.removals {
			if r.op.Kind == Leave {
				p.endLate(u, r)
			}
		}
	}
	p.latest = p.lastRemovals()
	p.tally()
}

func (p *pass) endLate(u *user, leave *removal) {
	for _, t := range u.tenures {
		if t.rank < leave.by.rank && t.late == nil && p.hits(leave, t) {
			t.late = leave
		}
	}
}

// lastRemovals keeps those live removals that no other has in its past: a key
// that knows them knows all (K1).
func (p *pass) lastRemovals() []merkle.ID {
	rs := slices.Clone(p.removals)
	slices.SortFunc(rs, func(a, b *removal) int { return compareOps(b.op, a.op) })
	var last []merkle.ID
	for _, r := range rs {
		if !slices.ContainsFunc(last, func(l merkle.ID) bool { return p.past.Before(r.op.ID, l) }) {
			last = append(last, r.op.ID)
		}
	}
	return last
}
