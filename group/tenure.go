package group

import (
	"cmp"
	"slices"

	"causeway/identity"
	"causeway/internal/planted"
	"causeway/merkle"
)

// A tenure is one stretch of authority of one user, begun by found or a grant
// (rule A1).
type tenure struct {
	user    identity.UID
	begin   *Op
	admin   bool
	log     merkle.LogKey // that begin admits
	history History
	founder bool
	of      *tenure // the admin tenure that this one stands in for once it is demoted

	granter int // rank of the granter's tenure; of founders negative, in order

	// set at the tenure's turn
	rank    int // 0: the most senior
	devices []*device
	strong  []*removal // the earliest that end it; they void what is not in their past (A3)
	leaves  []*removal // the earliest leaves; they void what has them in its past (D5)
	late    *removal   // a leave under a later tenure of the same user, or nil
}

// compare orders tenures from the most senior down (rule A1). Both granters
// have had their turns, so their ranks are known; and as ranks are given breadth
// first, the granter's rank orders by depth too.
func (t *tenure) compare(o *tenure) int {
	if t.admin != o.admin {
		if t.admin {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(t.granter, o.granter), compareOps(t.begin, o.begin))
}

// compareOps orders entries by height, then ID: a linear extension of causality.
func compareOps(a, b *Op) int {
	return cmp.Or(cmp.Compare(a.Height, b.Height), a.ID.Compare(b.ID))
}

// grant returns the tenures that a live grant of t begins: one, and for an
// admin the ordinary one that a demotion would leave.
func (t *tenure) grant(e *Op) []*tenure {
	n := tenure{
		user: e.Admit.User, begin: e, admin: e.Role == Admin, log: e.Admit.Log, history: e.History,
		granter: t.rank,
	}
	if !n.admin {
		return []*tenure{&n}
	}
	rest := n
	rest.admin, rest.of = false, &n
	return []*tenure{&n, &rest}
}

// A removal is a live Revoke, Demote or Leave.
type removal struct {
	op        *Op
	by        *tenure
	effective bool // it ends a tenure
}

// hits reports whether a removal ends a tenure (rules A2, A4, D5).
func (s *State) hits(r *removal, t *tenure) bool {
	switch {
	case r.op.Kind == Leave:
		return s.past.Before(t.begin.ID, r.op.ID)
	case t.of != nil:
		return r.op.Kind == Revoke && (s.hits(r, t.of) || slices.ContainsFunc(t.of.demotions(), func(d *removal) bool {
			return s.past.Before(d.op.ID, r.op.ID)
		}))
	case planted.Is(planted.NoRank):
		return !s.past.Before(r.op.ID, t.begin.ID)
	case t.founder || r.by.rank >= t.rank || r.op.Kind == Demote && !t.admin:
		return false
	}
	return !s.past.Before(r.op.ID, t.begin.ID) // else t is a re-add made knowing r
}

// demotions lists the demotions that end a tenure; those that know a revoke that
// ends it too matter no more.
func (t *tenure) demotions() []*removal {
	return slices.DeleteFunc(slices.Clone(t.strong), func(r *removal) bool { return r.op.Kind != Demote })
}

// end records what ends a tenure, of the removals known at its turn.
func (s *State) end(t *tenure) {
	for _, r := range s.users[t.user].removals {
		if !s.hits(r, t) {
			continue
		}
		r.effective = true
		if r.op.Kind == Leave {
			t.leaves = append(t.leaves, r)
		} else {
			t.strong = append(t.strong, r)
		}
	}
	t.strong = earliest(s.past, t.strong, (*removal).entry)
	t.leaves = earliest(s.past, t.leaves, (*removal).entry)
}

func (r *removal) entry() *Op { return r.op }

// ended returns what ended a tenure, or nil.
func (t *tenure) ended() *removal {
	switch {
	case len(t.strong) > 0:
		return t.strong[0]
	case len(t.leaves) > 0:
		return t.leaves[0]
	}
	return t.late
}

// earliest keeps those entries that have no other of them in their past: to lie
// in the past of all is to lie in theirs, to know any is to know one of them.
func earliest[T any](past Past, from []T, op func(T) *Op) []T {
	slices.SortFunc(from, func(a, b T) int { return compareOps(op(a), op(b)) })
	var kept []T
	for _, x := range from {
		if !slices.ContainsFunc(kept, func(k T) bool { return past.Before(op(k).ID, op(x).ID) }) {
			kept = append(kept, x)
		}
	}
	return kept
}
