package group

import (
	"math/rand"
	"slices"
	"testing"
)

func (s *story) folded() *State { return s.dag.folded(rand.New(rand.NewSource(1))) }

// wantVerdict checks the verdict on an entry of a story.
func (s *story) wantVerdict(t *testing.T, st *State, name string, want Reason, by string) {
	t.Helper()
	e := s.get(s.ids[name])
	u, v := st.Counts(e.ref())
	if v.Reason != want || by != "" && v.By != idOf(s.ids[by]) {
		t.Errorf("%s by user %d: %v by %d, want %v by %s", name, nameOf(u), v, intOf(v.By), want, by)
	}
}

func TestAttack24_RemovedMemberWritesOn(t *testing.T) {
	s := tell(t, five+`
		E -> K -> M -> X -> J
		          M -> N -> O
		               X -> O
		K: alice rekeys
		M: dave says
		X: bob removes dave
		J: bob rekeys
		N: dave says           # dave has not heard, or says so
		O: dave admits dave    # and will not hear
		members: alice* bob* carol* eve
		void: N O
		best: J`)
	st := s.folded()
	if d := s.check(st.outcome(s.dag)); d != "" {
		t.Error(d)
	}
	s.wantVerdict(t, st, "M", Stands, "")
	s.wantVerdict(t, st, "N", Removed, "X")
	s.wantVerdict(t, st, "O", Removed, "X")
	dave := userOf(s.user("dave"))
	if st.MaySend(dave) || st.MayWrite(logOf(s.user("dave"), 0)) {
		t.Error("dave may still write")
	}
	if _, in := st.Member(dave); in {
		t.Error("dave is still served")
	}
	if by, removed := st.Removed(dave); !removed || by != idOf(s.ids["X"]) {
		t.Error("dave cannot be told why", by, removed)
	}
	if st.Usable(idOf(s.ids["K"])) || st.Usable(idOf(s.ids["A"])) {
		t.Error("a key that dave holds is used after the removal")
	}
}

func TestAttack25_WritingBeneathOnesRemoval(t *testing.T) {
	s := tell(t, five+`
		E -> M -> X -> Z
		E -> N -> Z
		E -> L -> P -> Z
		E -> Q -> R
		     L -> R
		M: dave says
		X: bob removes dave
		N: dave says             # a fork beneath the removal
		L: dave adds dave/1      # a fresh log beneath it
		P: dave/1 says
		Q: dave/2 says unrooted  # a log that nobody brought in
		R: dave/1 says unrooted  # knows its leaf, but does not begin at it
		Z: eve says              # and someone links them
		members: alice* bob* carol* eve
		void: N L P Q R`)
	st := s.folded()
	if d := s.check(st.outcome(s.dag)); d != "" {
		t.Error(d)
	}
	s.wantVerdict(t, st, "N", Removed, "X")
	s.wantVerdict(t, st, "P", Unknown, "")
	s.wantVerdict(t, st, "Q", Unknown, "")

	// A log of a member in good standing that does not begin at its admission:
	// R knows its leaf by another parent only, V follows R, S is as it should be.
	s = tell(t, five+`
		E -> L -> M -> R -> V
		     L -> S
		L: dave adds dave/1
		M: eve says
		R: dave/1 says unrooted
		V: dave/1 says
		S: dave/1 says
		members: alice* bob* carol* dave eve
		void: R V`)
	st = s.folded()
	if d := s.check(st.outcome(s.dag)); d != "" {
		t.Error(d)
	}
	s.wantVerdict(t, st, "R", Unrooted, "")
	s.wantVerdict(t, st, "V", Unrooted, "")
	s.wantVerdict(t, st, "S", Stands, "")
}

// Admins who remove, admit, demote and promote each other at the same time, some
// of them beneath what they know: one answer, in whatever order it is heard.
func TestAttack26_ConcurrentAdminRemovals(t *testing.T) {
	for seed := range int64(400) {
		r := rand.New(rand.NewSource(seed))
		d := newDAG()
		const n = 6
		d.put(&entry{id: 1, kind: Found, founders: []int{0}})
		last := []int{1}
		for u := 1; u < n; u++ {
			by := r.Intn(u)
			deps := []int{1}
			if by > 0 {
				deps = append(deps, last[by])
			}
			e := d.put(&entry{id: 100*r.Intn(90) + u + 1, kind: Grant, admin: true, author: by, target: u, deps: deps})
			last = append(last, e.id)
		}
		heads := map[int]int{}
		for i := range 14 {
			u := r.Intn(n)
			e := &entry{id: 100*r.Intn(90) + 10 + i, author: u, back: heads[u], target: r.Intn(n), admin: true,
				kind: []Kind{Revoke, Revoke, Revoke, Demote, Grant}[r.Intn(5)]}
			if e.back == 0 {
				e.deps = append(e.deps, last[u])
			}
			for range r.Intn(3) {
				if id := d.es[r.Intn(len(d.es))].id; id != e.back && !slices.Contains(e.deps, id) {
					e.deps = append(e.deps, id)
				}
			}
			heads[u] = d.put(e).id
		}
		want := d.folded(r).outcome(d)
		if diff := want.diff(resolve(d, rules{}).outcome()); diff != "" {
			t.Fatalf("seed %d: the model: %s", seed, diff)
		}
		if !want.admin[0] {
			t.Fatalf("seed %d: the founder fell", seed)
		}
		for range 4 {
			if diff := d.folded(r).outcome(d).diff(want); diff != "" {
				t.Fatalf("seed %d: another order: %s", seed, diff)
			}
		}
	}
}

func TestAttack47_FaultWithMinimalPast(t *testing.T) {
	// bob's log is stolen and forked (T); eve, the accomplice, posts the fault
	// with nothing but the founding in its past. Old grants and removals stand.
	s := tell(t, five+`
		E -> G -> X -> Y
		D -> T
		B -> F
		G: bob admits frank
		X: bob removes dave
		Y: frank says
		T: bob says
		F: eve faults bob
		members: alice* bob* carol* eve frank`)
	if d := s.check(s.folded().outcome(s.dag)); d != "" {
		t.Error(d)
	}
	// What is written knowing the fault is void; the rest of the log stands.
	s = tell(t, five+`
		E -> X -> F -> Y -> Z
		X: bob says
		F: eve faults bob
		Y: bob admits frank
		Z: bob says
		members: alice* bob* carol* dave eve
		void: Y Z`)
	st := s.folded()
	if d := s.check(st.outcome(s.dag)); d != "" {
		t.Error(d)
	}
	s.wantVerdict(t, st, "Z", Forked, "F")
	if st.MayWrite(logOf(s.user("bob"), 0)) {
		t.Error("a forked log may still be written")
	}
	theft(t, 0, 200, true)
}

func TestAttack48_StolenDevicePostsLeafCutAndLeave(t *testing.T) {
	// bob/1 is stolen. T and U climb as high as they like and cut bob; V leaves,
	// beneath all that bob did. Nothing of bob's is void, but bob is out.
	stolen := five + `
		E -> L -> X -> Y -> R
		     L -> P -> Q -> T -> U -> V
		L: bob adds bob/1
		X: bob removes dave
		Y: bob promotes frank
		P: bob/1 says
		Q: bob/1 says
		T: bob/1 adds bob/7 cutting bob
		U: bob/7 cuts bob bob/1
		V: bob/7 leaves`
	s := tell(t, stolen+`
		members: alice* carol* eve frank*`)
	if d := s.check(s.folded().outcome(s.dag)); d != "" {
		t.Error(d)
	}
	// Root ends the matter.
	s = tell(t, stolen+`
		R: bob/9 recovers cutting bob/1
		members: alice* bob* carol* eve frank*
		void: P Q T U V`)
	st := s.folded()
	if d := s.check(st.outcome(s.dag)); d != "" {
		t.Error(d)
	}
	s.wantVerdict(t, st, "P", CutOff, "R")
	s.wantVerdict(t, st, "V", Unknown, "")
	theft(t, 1000, 200, false)
}
