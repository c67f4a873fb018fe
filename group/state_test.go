package group

import (
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"causeway/identity"
	"causeway/merkle"
)

func (s *story) who(name string) identity.UID { return userOf(s.user(name)) }

func (s *story) key(name string) merkle.LogKey { return logOf(s.device(name)) }

func (s *story) at(name string) merkle.ID { return idOf(s.ids[name]) }

func TestMembers(t *testing.T) {
	s := tell(t, five+`
		E -> L -> M -> R -> P -> Q -> N -> K -> O
		          M -> F -> P
		L: bob adds bob/1
		M: bob/1 adds bob/2
		F: eve faults bob/1
		R: carol/3 recovers cutting carol
		P: bob promotes eve
		Q: alice demotes carol
		N: bob removes dave
		K: alice admits dave/4
		O: bob/2 adds bob/5`)
	ops := s.ops()
	for i := range ops {
		if ops[i].ID == s.at("P") {
			ops[i].History = HistoryAll
		}
		if ops[i].ID == s.at("E") {
			ops[i].History = 77 // no known history
		}
	}
	want := []string{
		"alice admin 0 A by alice all [alice]",
		"bob admin 1 B by alice none [bob bob/2 bob/5]",
		"eve admin 2 E by alice all [eve]",
		"carol member 3 C by alice none [carol/3]",
		"dave member 4 K by alice none [dave/4]",
	}
	st := Fold(ops, s.dag)
	if got := s.list(st); !slices.Equal(got, want) {
		t.Errorf("members:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, m := range st.Members() {
		if one, ok := st.Member(m.User); !ok || !reflect.DeepEqual(one, m) {
			t.Errorf("member %d: %v", m.Rank, one)
		}
	}
	for log, may := range map[string]bool{"bob": true, "bob/1": false, "bob/2": true, "bob/5": true, "bob/6": false,
		"carol": false, "carol/3": true, "dave": false, "dave/4": true} {
		if st.MayWrite(s.key(log)) != may {
			t.Errorf("%s may write: %v", log, !may)
		}
	}
	if u, ok := st.UserOf(s.key("bob/1")); !ok || u != s.who("bob") {
		t.Error("a forked log is nobody's")
	}
	if _, ok := st.UserOf(s.key("frank")); ok {
		t.Error("a stranger's log is somebody's")
	}
	if got, want := st.Removals(), []merkle.ID{s.at("N")}; !slices.Equal(got, want) {
		t.Errorf("removals %v", got)
	}
}

// list prints members by the names of a story.
func (s *story) list(st *State) []string {
	var lines []string
	for _, m := range st.Members() {
		history := map[History]string{HistoryNone: "none", HistoryAll: "all"}[m.History]
		logs := mapped(m.Logs, func(l merkle.LogKey) string {
			for n := range 10 {
				if l == logOf(nameOf(m.User), n) {
					return strings.TrimSuffix(fmt.Sprintf("%s/%d", s.users[nameOf(m.User)], n), "/0")
				}
			}
			return "?"
		})
		lines = append(lines, fmt.Sprintf("%s %v %d %s by %s %s %v", s.users[nameOf(m.User)], m.Role, m.Rank,
			s.said[intOf(m.Since)-1], s.users[nameOf(m.By)], history, logs))
	}
	return lines
}

func TestMay(t *testing.T) {
	s := tell(t, five+`
		E -> P -> Q
		P: alice promotes dave
		Q: alice removes eve`)
	st := s.folded()
	names := []string{"alice", "bob", "carol", "dave", "eve", "frank"} // dave is a member and an admin
	may := []string{
		"-rrrn-", // alice removes bob …
		"--rr--",
		"---r--",
		"------",
		"------",
		"------",
	}
	for i, by := range names {
		if in := i < 4; st.MayAdmit(s.who(by)) != in || st.MaySend(s.who(by)) != in {
			t.Errorf("%s: admit or send", by)
		}
		for j, target := range names {
			want := may[i][j] == 'r'
			if st.MayRemove(s.who(by), s.who(target)) != want || st.MayDemote(s.who(by), s.who(target)) != want {
				t.Errorf("%s may remove or demote %s: not %v", by, target, want)
			}
		}
	}
	s = tell(t, `
		A -> B -> C
		A: alice founds with bob
		B: bob admits carol
		C: alice promotes dave`)
	st = s.folded()
	for _, c := range []struct {
		by, target     string
		remove, demote bool
	}{{"alice", "bob", false, false}, {"bob", "alice", false, false}, {"dave", "carol", true, false}, {"carol", "dave", false, false}} {
		by, target := s.who(c.by), s.who(c.target)
		if st.MayRemove(by, target) != c.remove || st.MayDemote(by, target) != c.demote {
			t.Errorf("%s against %s", c.by, c.target)
		}
	}
}

// What MayRemove and MayDemote allow has the effect that they promise.
func TestMayHolds(t *testing.T) {
	for seed := range int64(150) {
		w := newLab(seed, false)
		w.live(30)
		s := w.folded(w.r)
		heads := w.heads()
		for _, m := range s.Members() {
			if len(m.Logs) == 0 {
				continue
			}
			target := w.r.Intn(labUsers)
			k := dev{nameOf(m.User), 0}
			for logOf(k.user, k.log) != m.Logs[0] {
				k.log++
			}
			for kind, may := range map[Kind]bool{Revoke: s.MayRemove(m.User, userOf(target)), Demote: s.MayDemote(m.User, userOf(target))} {
				var all bits
				for i := range w.es {
					all.set(i)
				}
				v := w.view(all)
				e := &entry{id: w.id(), author: k.user, log: k.log, kind: kind, target: target, deps: slices.Clone(heads), back: w.head[k]}
				if e.back == 0 {
					w.root(e, func(int) bool { return true })
				}
				v.put(e)
				after := v.folded(w.r)
				_, was := s.Member(userOf(target))
				now, is := after.Member(userOf(target))
				done := was && !is
				if kind == Demote {
					done = s.MayAdmit(userOf(target)) && is && now.Role == Ordinary
				}
				if done != may {
					t.Fatalf("seed %d: %d removes or demotes %d (kind %d): may %v, done %v", seed, k.user, target, kind, may, done)
				}
				if done && !after.Effective(idOf(e.id)) {
					t.Fatalf("seed %d: it had an effect", seed)
				}
			}
		}
	}
}

func TestRemoved(t *testing.T) {
	s := tell(t, five+`
		E -> X -> Y -> Z -> L -> Q -> R -> S -> T
		X: bob removes dave
		Y: carol removes bob      # powerless
		Z: bob admits dave
		L: carol leaves
		Q: alice demotes bob
		R: alice removes bob
		S: alice removes frank    # who never was here
		T: alice promotes eve`)
	st := s.folded()
	for name, by := range map[string]string{"alice": "", "dave": "", "carol": "L", "bob": "R", "eve": "", "frank": "", "grace": ""} {
		id, removed := st.Removed(s.who(name))
		if removed != (by != "") || removed && id != s.at(by) {
			t.Errorf("%s: removed by %d", name, intOf(id))
		}
	}
	for name, effect := range map[string]bool{"X": true, "Y": false, "L": true, "Q": true, "R": true, "S": false, "Z": false, "A": false} {
		if st.Effective(s.at(name)) != effect {
			t.Errorf("%s: effective %v", name, !effect)
		}
	}
	if st.Effective(idOf(99)) || st.Live(idOf(99)) || st.Usable(idOf(99)) {
		t.Error("an entry that is not there")
	}
	// A demotion and a leave that do not know each other: the leave is why.
	s = tell(t, five+`
		E -> X
		E -> L
		X: alice demotes bob
		L: bob leaves`)
	if id, _ := s.folded().Removed(s.who("bob")); id != s.at("L") {
		t.Error("bob left")
	}
}

func TestReasons(t *testing.T) {
	s := tell(t, five+`
		E -> L -> M -> R -> X -> Y -> V -> W
		          M -> F -> H
		          M -> Z -> R
		          M -> D2
		E -> Q
		E -> N
		X -> P -> G
		L: carol adds carol/1
		M: carol adds carol/2
		F: eve faults carol/2
		H: carol/2 says
		Z: carol cuts carol/1
		D2: carol/1 says
		Q: frank says
		N: dave promotes dave
		R: bob leaves
		X: bob says
		Y: alice removes carol
		P: alice demotes carol
		G: carol promotes frank
		V: carol says
		W: carol promotes frank`)
	st := s.folded()
	for _, c := range []struct {
		name string
		want Reason
		by   string
	}{
		{"L", Stands, ""}, {"H", Forked, "F"}, {"D2", CutOff, "Z"}, {"Q", Unknown, ""}, {"N", NoRight, ""},
		{"X", Left, "R"}, {"V", Removed, "Y"}, {"W", Removed, "Y"}, {"G", Removed, "Y"}, {"F", Stands, ""},
	} {
		s.wantVerdict(t, st, c.name, c.want, c.by)
	}
	// Demoted: what only an admin may do is void because of it, under every tenure.
	s = tell(t, five+`
		E -> X -> Y -> Z
		X: alice demotes bob
		Y: bob admits frank
		Z: bob says`)
	st = s.folded()
	s.wantVerdict(t, st, "Y", NoRight, "X")
	s.wantVerdict(t, st, "Z", Stands, "")
	// An old tenure's end does not hide why the new one does not suffice.
	s = tell(t, five+`
		E -> X -> Y -> Z -> V
		Y -> W
		X: alice removes bob
		Y: alice admits bob
		Z: bob admits frank
		V: alice removes bob
		W: bob says`)
	st = s.folded()
	s.wantVerdict(t, st, "Z", NoRight, "")
	s.wantVerdict(t, st, "W", Removed, "X")

	seen := map[string]bool{}
	for r := Stands; r <= Removed; r++ {
		if text := (Verdict{Reason: r}).String(); text == "" || seen[text] {
			t.Errorf("reason %d: %q", r, text)
		} else {
			seen[text] = true
		}
	}
}

// What is settled (A6) stays, whatever comes: from honest devices, from a thief
// who hides what it knows but does not fork, and from an accomplice.
func TestSettled(t *testing.T) {
	total, of := 0, 0
	for seed := range int64(400) {
		w := newLab(seed, false)
		w.fork, w.rename, w.roots = false, false, false
		w.live(30)
		settled := w.settled()
		total, of = total+len(settled), of+len(w.es)
		for range 15 {
			w.strike()
		}
		w.live(10)
		s := w.folded(w.r)
		for _, e := range w.es {
			if settled[e.id] && !s.stands(e) {
				_, v := s.Counts(e.ref())
				t.Fatalf("seed %d: entry %d was settled, and is void: %v by %d", seed, e.id, v, intOf(v.By))
			}
		}
	}
	if total*10 < of {
		t.Errorf("only %d of %d entries were settled: the test says little", total, of)
	}
}

// Settled is about all that could come back, not only about what stands.
func TestSettledCases(t *testing.T) {
	for name, c := range map[string]struct{ text, settled string }{
		"when every senior log has it in its past": {five + `
			E -> M -> P -> Q -> R -> N
			M: dave says
			P: alice says
			Q: bob says
			R: carol says
			N: eve says`, "A B C D E M P"},
		"an admin who never wrote may yet remove": {five + `
			E -> M -> P -> Q
			M: dave says
			P: alice says
			Q: bob says`, "A B C D E P"},
		"one who is removed for good need not be heard": {five + `
			E -> X -> M -> Q -> P
			X: alice removes carol
			M: dave says
			Q: bob says
			P: alice says`, "A B C D E X M Q P"},
		"one whose removal is not known to all may come back, and R with her": {five + `
			E -> L -> W -> V
			     L -> M -> V
			          M -> P -> J
			E -> R
			L: bob adds bob/1
			W: bob/1 removes carol
			R: carol removes dave
			M: dave says
			P: alice says
			J: bob says
			V: bob/1 says`, "A B C D E L P"},
		"so may a log whose cut is not known to all": {five + `
			E -> K -> L -> Z -> G
			          L -> R
			          L -> M -> G
			               M -> P -> Q -> H
			K: alice adds alice/1
			L: alice/1 adds alice/2
			Z: alice/1 cuts alice/2
			R: alice/2 removes dave
			M: dave says
			P: bob says
			Q: carol says
			G: alice/1 says
			H: alice says`, "A B C D E K L H"},
		"a log that is known to have forked need not be heard": {five + `
			E -> F -> M -> Q -> P
			F: eve faults carol
			M: dave says
			Q: bob says
			P: alice says`, "A B C D E F M Q P"},
	} {
		s := tell(t, c.text)
		st := s.folded()
		heads := map[merkle.LogKey]merkle.ID{}
		for _, e := range s.es {
			heads[logOf(e.author, e.log)] = idOf(e.id)
		}
		var settled []string
		for _, n := range s.said {
			if st.Settled(s.get(s.ids[n]).ref(), heads) {
				settled = append(settled, n)
			}
		}
		slices.Sort(settled)
		want := strings.Fields(c.settled)
		if slices.Sort(want); !slices.Equal(settled, want) {
			t.Errorf("%s: %v, want %v", name, settled, want)
		}
	}
}

func TestFolding(t *testing.T) {
	s := tell(t, five+`
		E -> X
		X: bob removes dave`)
	ops := s.ops()
	want := s.folded().outcome(s.dag)
	if d := Fold(append(ops, ops...), s.dag).outcome(s.dag).diff(want); d != "" {
		t.Error("repeated:", d)
	}
	if n := len(Fold(nil, s.dag).Members()); n != 0 {
		t.Error("no entries:", n)
	}
	if n := len(Fold(ops[1:], s.dag).Members()); n != 0 {
		t.Error("no found:", n)
	}
	second := ops[0]
	second.ID = idOf(1000)
	two := Fold(append(ops, second), s.dag)
	if len(two.Members()) != 0 || two.Live(ops[0].ID) {
		t.Error("two founds")
	}
	ops[0].Founders = []Admission{{userOf(0), logOf(0, 0)}, {userOf(0), logOf(0, 7)}, {userOf(1), logOf(1, 0)}}
	st := Fold(ops, s.dag)
	if m, _ := st.Member(userOf(0)); len(m.Logs) != 1 || m.Logs[0] != logOf(0, 0) {
		t.Error("a founder named twice:", m.Logs)
	}
	if n := len(st.Members()); n != 4 {
		t.Error("members:", n)
	}
	if st.With(nil).past != nil || st.past == nil {
		t.Error("With changes what it is called on")
	}
}

// A log is the first user's whose tenure reaches it.
func TestLogOfTwoUsers(t *testing.T) {
	s := tell(t, five+`
		E -> X -> Y
		X: alice admits frank
		Y: dave says`)
	ops := s.ops()
	ops[5].Admit.Log = s.key("dave") // both have signed for it
	st := Fold(ops, s.dag)
	if u, v := st.Counts(s.get(s.ids["Y"]).ref()); u != s.who("dave") || !v.Live() {
		t.Error("dave's log is taken away", nameOf(u), v)
	}
	if m, in := st.Member(s.who("frank")); !in || len(m.Logs) != 0 {
		t.Error("frank:", m.Logs)
	}
}

// A leaf by root that is not the first entry of the very log that it adds is an
// ordinary leaf without power to add.
func TestMisplacedRootLeaf(t *testing.T) {
	s := tell(t, five+`
		E -> L -> P -> R -> X
		     L -> Y
		L: bob adds bob/1
		P: bob/1 says
		R: bob/1 adds bob/1 cutting bob
		X: bob/1 adds bob/2 cutting bob
		Y: bob says`)
	ops := s.ops()
	for i := range ops {
		if ops[i].ID == s.at("R") || ops[i].ID == s.at("X") {
			ops[i].Root = true
		}
	}
	st := Fold(ops, s.dag)
	if s.wantVerdict(t, st, "Y", Stands, ""); st.MayWrite(s.key("bob/2")) {
		t.Error("bob/2 is added")
	}
	s = tell(t, five+`
		E -> L -> R -> Z
		L: bob adds bob/1
		R: bob/1 adds bob/3 cutting bob
		Z: bob/3 says`)
	ops = s.ops()
	ops[len(ops)-1].Root = true // first entry of bob/1, naming bob/3
	s.wantVerdict(t, Fold(ops, s.dag), "Z", Unknown, "")
}

// Nonsense is void, and nothing panics.
func TestAttack15_NonsenseIsVoid(t *testing.T) {
	for seed := range int64(500) {
		r := rand.New(rand.NewSource(seed))
		w := newLab(seed, false)
		w.live(15)
		ops := w.ops()
		key := func() merkle.LogKey { return logOf(r.Intn(labUsers), r.Intn(3)) }
		for range 20 {
			o := &ops[r.Intn(len(ops))]
			o.Kind = Kind(r.Intn(12))
			o.Seq, o.Height = uint64(r.Intn(3)), r.Uint64()
			o.Log, o.New, o.FaultLog, o.Admit.Log = key(), key(), key(), key()
			o.Cut = []merkle.LogKey{key(), {}, o.Log}
			o.Root, o.Of, o.Target = r.Intn(2) == 0, userOf(r.Intn(labUsers)), userOf(r.Intn(labUsers))
			o.Role, o.Parents = Role(r.Intn(5)), []merkle.ID{{}, o.ID}
		}
		s := Fold(ops, w.dag)
		for _, e := range w.es {
			s.Counts(e.ref())
			s.Settled(e.ref(), nil)
			s.Usable(idOf(e.id))
		}
	}
}
