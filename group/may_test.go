package group

import (
	"slices"
	"testing"
)

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
