package group

import (
	"fmt"
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
