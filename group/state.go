package group

import (
	"slices"

	"causeway/identity"
	"causeway/merkle"
)

// State is what a set of entries says about who belongs. It is immutable and
// safe for concurrent use as far as its Past is.
type State struct {
	past     Past
	ops      map[merkle.ID]*Op
	found    *Op                // nil: none
	begun    map[merkle.ID]bool // of ops: whether they keep the first-entry rule
	live     map[merkle.ID]bool
	owner    map[merkle.LogKey]identity.UID
	devices  map[merkle.LogKey][]*device // by rank of their tenures
	faults   map[merkle.LogKey][]*Op     // the earliest
	users    map[identity.UID]*user
	tenures  []*tenure   // the most senior first
	removals []*removal  // live Revokes and Leaves
	latest   []merkle.ID // of removals, those that no other has in its past
	members  []Member    // the most senior first
}

type user struct {
	tenures  []*tenure  // the most senior first
	removals []*removal // live, in the order of their authors' turns
	member   int        // place in members, of one who belongs
}

// A Member is a user who belongs now. Do not change Logs.
type Member struct {
	User    identity.UID
	Role    Role
	Rank    int             // 0 is the most senior member
	Since   merkle.ID       // found or the grant that began the oldest present tenure
	By      identity.UID    // who wrote it
	History History         // the most that a present tenure gives
	Logs    []merkle.LogKey // that may still be written, the most senior first
}

// With returns the same state with another Past over the same entries, so that
// it can be kept when a transaction ends.
func (s *State) With(p Past) *State {
	n := *s
	n.past = p
	return &n
}

// Live reports whether a membership entry stands.
func (s *State) Live(op merkle.ID) bool { return s.live[op] }

// Effective reports whether a live removal, demotion or leave ends anything: one
// by an admin who does not outrank the target stands and ends nothing.
func (s *State) Effective(op merkle.ID) bool {
	o := s.ops[op]
	if o == nil || !s.live[op] {
		return false
	}
	target := o.Target
	if o.Kind == Leave {
		target = s.owner[o.Log]
	}
	u := s.users[target]
	return u != nil && slices.ContainsFunc(u.removals, func(r *removal) bool { return r.op == o && r.effective })
}

// Counts judges any delivered entry of the conversation against the folded
// state: who wrote it, and whether it stands. The user is zero if the log is
// nobody's. A membership entry is judged as Fold did.
func (s *State) Counts(r Ref) (identity.UID, Verdict) {
	uid := s.owner[r.Log]
	if s.live[r.ID] {
		return uid, Verdict{}
	}
	_, acts := s.ops[r.ID]
	v := Verdict{Reason: Unknown}
	for _, d := range s.devices[r.Log] {
		w := s.judge(d, r)
		switch {
		case w.Live() && acts && v.Reason == NoRight:
			return uid, v
		case w.Live() && acts: // all but the role allowed it
			return uid, Verdict{Reason: NoRight}
		case w.Live():
			return uid, w
		case w.Reason > v.Reason:
			v = w
		}
	}
	return uid, v
}

// judge applies every rule but the role's to an entry on one of a tenure's logs.
func (s *State) judge(d *device, r Ref) Verdict {
	if v := s.admitted(d, r); !v.Live() {
		return v
	}
	return s.authorised(d.tenure, r.ID)
}

// UserOf returns the user whose log it is, or was: a log keeps its user after
// removals and cuts.
func (s *State) UserOf(log merkle.LogKey) (identity.UID, bool) {
	uid, ok := s.owner[log]
	return uid, ok
}

// Members lists the users who belong, the most senior first.
func (s *State) Members() []Member { return slices.Clone(s.members) }

// Member returns the member with this uid, if it belongs.
func (s *State) Member(uid identity.UID) (Member, bool) {
	if u := s.users[uid]; u != nil && u.senior(false) != nil {
		return s.members[u.member], true
	}
	return Member{}, false
}

// tally makes the list of members from the present tenures.
func (s *State) tally() {
	for _, t := range s.tenures {
		if t.ended() != nil {
			continue
		}
		u := s.users[t.user]
		if u.senior(false) == t {
			u.member = len(s.members)
			s.members = append(s.members, Member{User: t.user, Rank: u.member, Since: t.begin.ID, By: s.owner[t.begin.Log]})
		}
		s.add(&s.members[u.member], t)
	}
}

// add takes one present tenure into a member.
func (s *State) add(m *Member, t *tenure) {
	if t.admin {
		m.Role = Admin
	}
	if t.history == HistoryAll {
		m.History = HistoryAll
	}
	if compareOps(t.begin, s.ops[m.Since]) < 0 {
		m.Since, m.By = t.begin.ID, s.owner[t.begin.Log]
	}
	for _, d := range t.devices {
		if s.open(d) && !slices.Contains(m.Logs, d.log) {
			m.Logs = append(m.Logs, d.log)
		}
	}
}

// open reports whether a log is neither cut nor known to have forked.
func (s *State) open(d *device) bool { return len(d.cuts) == 0 && len(s.faults[d.log]) == 0 }

// Removed returns the entry by which a user who once belonged was removed or left.
func (s *State) Removed(uid identity.UID) (by merkle.ID, removed bool) {
	u := s.users[uid]
	if u == nil || u.senior(false) != nil {
		return merkle.ID{}, false
	}
	var last *tenure
	for _, t := range u.tenures {
		if last == nil || compareOps(t.begin, last.begin) >= 0 {
			last = t // of a demoted tenure, the ordinary one that came after
		}
	}
	if last == nil {
		return merkle.ID{}, false
	}
	return last.ended().op.ID, true
}

// Removals lists the live Revokes and Leaves, which every usable key must have
// in its past (K1). Demotions are not among them.
func (s *State) Removals() []merkle.ID {
	var ids []merkle.ID
	for _, r := range s.removals {
		ids = append(ids, r.op.ID)
	}
	return ids
}

// senior returns the most senior present tenure of a user, or nil.
func (u *user) senior(admin bool) *tenure {
	for _, t := range u.tenures {
		if t.ended() == nil && (t.admin || !admin) {
			return t
		}
	}
	return nil
}
