package group

import (
	"math/rand"
	"testing"

	"causeway/merkle"
)

// crowd is a long life of a large group: n membership entries by thirty admins
// who see most of each other's.
func crowd(n int) *dag {
	r := rand.New(rand.NewSource(1))
	d := newDAG()
	d.put(&entry{id: 1, kind: Found, founders: []int{0}})
	heads := map[int]int{0: 1}
	grants := map[int]int{}
	for i := 2; i <= n; i++ {
		by := r.Intn(30)
		e := &entry{id: i, author: by, back: heads[by], target: 30 + r.Intn(n/4)}
		switch x := r.Intn(20); {
		case i <= 30:
			e.author, e.back, e.kind, e.target, e.admin = 0, heads[0], Grant, i-1, true
			grants[i-1] = i
		case x < 12:
			e.kind = Grant
		case x < 17:
			e.kind = Revoke
		case x < 18:
			e.kind, e.target = Demote, r.Intn(30)
		default:
			e.kind, e.add, e.named = Leaf, true, i
		}
		if e.back == 0 {
			e.deps = append(e.deps, grants[by])
		}
		for range 3 {
			if h := heads[r.Intn(30)]; h != 0 && h != e.back && i > 30 {
				e.deps = append(e.deps, h)
			}
		}
		heads[e.author] = d.put(e).id
	}
	return d
}

func BenchmarkFold10000(b *testing.B) {
	d := crowd(10000)
	ops := d.ops()
	asked := 0
	past := counted{d, &asked}
	b.ReportAllocs()
	for b.Loop() {
		if len(Fold(ops, past).Members()) < 2 {
			b.Fatal("nobody is left")
		}
	}
	b.ReportMetric(float64(asked)/float64(b.N), "asked/op")
}

func BenchmarkCounts(b *testing.B) {
	d := crowd(10000)
	s := Fold(d.ops(), d)
	r := d.es[len(d.es)-1].ref()
	r.ID = idOf(len(d.es) - 1) // as if it were a message
	delete(s.ops, r.ID)
	delete(s.live, r.ID)
	for b.Loop() {
		s.Counts(r)
	}
}

// counted counts the questions to the DAG, which cost more than the rest.
type counted struct {
	*dag
	n *int
}

func (c counted) Before(a, b merkle.ID) bool {
	*c.n++
	return c.dag.Before(a, b)
}
