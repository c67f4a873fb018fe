package group

import (
	"slices"

	"causeway/identity"
	"causeway/internal/planted"
	"causeway/merkle"
)

// senior returns the most senior present tenure of a user, or nil.
func (s *State) senior(uid identity.UID, admin bool) *tenure {
	if u := s.users[uid]; u != nil {
		return u.senior(admin)
	}
	return nil
}

// MaySend reports whether what a user writes now, knowing all that is known
// here, stands. Of a user with several logs see MayWrite.
func (s *State) MaySend(uid identity.UID) bool { return s.senior(uid, false) != nil }

// MayWrite reports whether what is written now on this very log stands.
func (s *State) MayWrite(log merkle.LogKey) bool {
	for _, d := range s.devices[log] {
		if d.tenure.ended() == nil && s.open(d) {
			return true
		}
	}
	return false
}

// MayRead reports whether the holder of a log is to be given what is said: the
// log is of a present tenure, and nobody has cut it. That it is known to have
// forked takes nothing from its reader, who may be its honest owner (a disk was
// put back) and must learn of it.
func (s *State) MayRead(log merkle.LogKey) bool {
	return slices.ContainsFunc(s.devices[log], func(d *device) bool {
		return d.tenure.ended() == nil && len(d.cuts) == 0
	})
}

// Ended returns the entry that ended the last tenure by which a log was admitted;
// none if one of them goes on, or there was none. Its user may be back under
// another log, and its holder not know of either.
func (s *State) Ended(log merkle.LogKey) (by merkle.ID, ended bool) {
	var last *tenure
	for _, d := range s.devices[log] {
		if d.tenure.ended() == nil {
			return merkle.ID{}, false
		}
		if last == nil || compareOps(d.tenure.begin, last.begin) >= 0 {
			last = d.tenure
		}
	}
	if last == nil {
		return merkle.ID{}, false
	}
	return last.ended().op.ID, true
}

// Admission returns the entry that began the first tenure by which a log was
// admitted, and how much of the past the most generous of them gives.
func (s *State) Admission(log merkle.LogKey) (begin merkle.ID, h History, ok bool) {
	var first *Op
	for _, d := range s.devices[log] {
		if first == nil || compareOps(d.tenure.begin, first) < 0 {
			first = d.tenure.begin
		}
		h = max(h, d.tenure.history)
	}
	if first == nil {
		return merkle.ID{}, h, false
	}
	return first.ID, h, true
}

// WasAdmin reports whether a user has, or once had, a tenure as admin.
func (s *State) WasAdmin(uid identity.UID) bool {
	u := s.users[uid]
	return u != nil && slices.ContainsFunc(u.tenures, func(t *tenure) bool { return t.admin })
}

// MayAdmit reports whether a user may admit others, and promote them.
func (s *State) MayAdmit(uid identity.UID) bool { return s.senior(uid, true) != nil }

// MayRemove reports whether a removal of target by a user, written now, would
// end all that target has.
func (s *State) MayRemove(by, target identity.UID) bool {
	return s.outranks(by, target, false)
}

// MayDemote reports whether a demotion of target by a user, written now, would
// leave target an ordinary member.
func (s *State) MayDemote(by, target identity.UID) bool {
	return s.outranks(by, target, true)
}

// outranks reports whether by's best tenure is senior to every present tenure
// of target, or to every admin one, and there is one.
func (s *State) outranks(by, target identity.UID, adminOnly bool) bool {
	a, b := s.senior(by, true), s.senior(target, adminOnly)
	if planted.Is(planted.NoRank) {
		return a != nil && b != nil
	}
	return a != nil && b != nil && a.rank < b.rank && !b.founder
}
