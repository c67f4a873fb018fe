package group

import (
	"slices"
	"strings"
	"testing"

	"causeway/merkle"
)

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
