package group

import (
	"testing"
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
	t.Logf("%d of %d settled", total, of)
}
