package dagsync

import (
	"testing"

	"causeway/merkle"
	"causeway/store"
)

// Catch-up of 20,000 entries from engine to engine over stores in memory:
// go test -run '^$' -bench CatchUp ./sync
func BenchmarkCatchUp(b *testing.B) {
	const count = 20_000
	us := users("ann", "bob")
	ann := newNode(b, "ann", us...)
	history := logOf(us[0], count)
	ann.keep(history)
	for b.Loop() {
		b.StopTimer()
		bob := newNode(b, "bob", us...)
		w := newWorld(b, 1, ann, bob)
		bytes := 0
		w.spy = func(_, _ *node, p []byte) { bytes += len(p) }
		b.StartTimer()
		w.dial(bob, ann)
		w.settle(0)
		b.StopTimer()
		if bob.added != count {
			b.Fatalf("%d entries came", bob.added)
		}
		b.ReportMetric(float64(bytes)/count, "B/entry")
		b.StartTimer()
	}
	b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// The server's part of it: 20,000 entries read and packed.
func BenchmarkServe(b *testing.B) {
	const count = 20_000
	us := users("ann", "bob")
	ann := newNode(b, "ann", us...)
	ann.keep(logOf(us[0], count))
	var tips []merkle.Tip
	if err := ann.view(func(tx *store.Tx) (err error) {
		tips, err = ann.dag(group).Frontier(tx)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w := Want{Ranges: []Range{{Log: us[0].log(), Tip: tips[0].Head, To: tips[0].Seq}}, Bytes: batchBytes}
		for !w.Empty() {
			es, rest, err := ann.Read(group, us[1].log(), w)
			if err != nil {
				b.Fatal(err)
			}
			var f entries
			f.fill(es)
			w = rest
			w.Bytes = batchBytes
		}
	}
	b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// One live message in a group of 3,000 logs: what it costs the sender for each
// stream.
func BenchmarkAnnounce(b *testing.B) {
	const logs = 3000
	us := users("ann", "bob")
	ann := newNode(b, "ann", us...)
	var all []merkle.Block
	for i := range logs {
		all = append(all, logOf(newUser(text(i)), 1)...)
	}
	ann.keep(all)
	r := newRaw(b, ann, us[1])
	r.open()
	r.send(&state{rows{Sid: r.sid}})
	for i := range b.N {
		b.StopTimer()
		ann.write(ann.user, text(i))
		b.StartTimer()
		if err := r.e.announce(r.now, group); err != nil {
			b.Fatal(err)
		}
		r.drain()
	}
}
