package dagsync

import (
	"fmt"
	"testing"

	"causeway/merkle"
)

// A day missed in a large group: what two ends say to each other before the
// entries themselves travel. Both hold the logs of so many authors; one lacks
// 500 newer entries, one each of as many authors (or several of each, where there
// are fewer). The fixed part of every opening is in it; ENTRIES are counted apart:
// go test -run '^$' -bench Authors -benchtime 1x ./sync
func BenchmarkAuthors(b *testing.B) {
	for _, authors := range []int{10, 100, 1000} {
		for _, missing := range []int{0, 500} {
			b.Run(fmt.Sprintf("authors=%d/missing=%d", authors, missing), func(b *testing.B) {
				old, fresh := missedDay(authors, missing)
				for b.Loop() {
					b.StopTimer()
					negotiate(b, old, fresh)
					b.StartTimer()
				}
			})
		}
	}
}

// missedDay makes the logs of authors, two old entries in each, and so many
// newer ones.
func missedDay(authors, missing int) (old, fresh []merkle.Block) {
	const before = 2
	each := make([]int, authors)
	for i := range missing {
		each[i%authors]++
	}
	for i, more := range each {
		log := logOf(newUser(fmt.Sprint("author ", i)), before+more)
		old, fresh = append(old, log[:before]...), append(fresh, log[before:]...)
	}
	return old, fresh
}

// negotiate has bob dial ann and get what he lacks, and reports the bytes of
// all frames both ways, by what they are for.
func negotiate(b *testing.B, old, fresh []merkle.Block) {
	b.Helper()
	us := users("ann", "bob")
	ann, bob := newNode(b, "ann", us...), newNode(b, "bob", us...)
	ann.keep(append(old[:len(old):len(old)], fresh...))
	bob.keep(old)
	w := newWorld(b, 1, ann, bob)
	var spent [256]int // by the type of the frame
	w.spy = func(_, _ *node, p []byte) { spent[p[0]] += len(p) }
	w.dial(bob, ann)
	b.StartTimer()
	w.settle(0)
	b.StopTimer()
	w.same(ann, bob)
	total := 0
	for kind, n := range spent {
		if frameType(kind) != typeEntries {
			total += n
		}
	}
	b.ReportMetric(float64(total), "negotiation-B")
	b.ReportMetric(float64(spent[typeState]+spent[typeHeads]), "rows-B")
	b.ReportMetric(float64(spent[typeWant]), "want-B")
	b.ReportMetric(float64(spent[typeEntries]), "entries-B")
}
