package merkle

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"causeway/store"
)

func TestClocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ticks := func(name string) clock {
			m := rapid.MapOfN(rapid.Uint64Max(9), rapid.Uint64Max(5), 0, 8).Draw(t, name)
			var c clock
			for b, s := range m {
				c = c.with(tick{b, s})
			}
			return c
		}
		a, b := ticks("a"), ticks("b")
		before := slices.Clone(a)
		both := union(a, b)
		if again := union(a, b.beyond(a)); !slices.Equal(both, again) {
			t.Fatalf("%v and %v: %v, by difference %v", a, b, both, again)
		}
		if !slices.IsSortedFunc(both, func(x, y tick) int { return int(x.branch) - int(y.branch) }) {
			t.Fatalf("%v", both)
		}
		for _, t2 := range append(slices.Clone(a), b...) {
			if !both.covers(t2) {
				t.Fatalf("%v lacks %v", both, t2)
			}
		}
		for _, t2 := range both {
			if !a.covers(t2) && !b.covers(t2) || both.covers(tick{t2.branch, t2.seq + 1}) {
				t.Fatalf("%v has too much", both)
			}
		}
		if !slices.Equal(a, before) {
			t.Fatal("a was changed")
		}
	})
}

// A long history of many logs, some of them forked, walked over many stored
// differences, agrees with the past found entry by entry.
func TestBeforeOverALongHistory(t *testing.T) {
	const logs, total = 50, 2500
	seed := uint64(7)
	r := rand.New(rand.NewPCG(seed, 0))
	p := newPeer(t)
	var all []*drawn
	var past [][]bool
	tips := map[byte][]int{}
	var blocks []Block
	for i := range total {
		log := byte(r.IntN(logs))
		e := &drawn{log: log, body: []byte{byte(i), byte(i >> 8)}}
		e.Header = Header{Log: logOf(log), Body: sum(e.body), BodySize: 2}
		mine := make([]bool, total)
		see := func(j int) {
			mine[j] = true
			for k, in := range past[j] {
				mine[k] = mine[k] || in
			}
			e.Height = max(e.Height, all[j].Height)
		}
		if own := tips[log]; len(own) > 0 {
			j := own[r.IntN(len(own))]
			e.Prev, e.Seq = all[j].id, all[j].Seq+1
			see(j)
			if r.IntN(40) > 0 {
				own = slices.DeleteFunc(own, func(k int) bool { return k == j })
			}
			tips[log] = own
		}
		for range r.IntN(3) {
			if j := i - 1 - r.IntN(min(i+1, 100)); j >= 0 && all[j].id != e.Prev && !slices.Contains(e.Parents, all[j].id) {
				e.Parents = append(e.Parents, all[j].id)
				see(j)
			}
		}
		e.Height++
		e.Parents = sorted(e.Parents...)
		e.seal(keyOf(log), "")
		all, past = append(all, e), append(past, mine)
		tips[log] = append(tips[log], i)
		if blocks = append(blocks, e.block()); len(blocks) == 100 {
			if res := p.give(blocks...); len(res.Delivered) != 100 {
				t.Fatalf("seed %d: %d delivered", seed, len(res.Delivered))
			}
			blocks = nil
		}
	}
	p.db.View(func(tx *store.Tx) error {
		memo := p.Past(tx)
		steps := uint64(0)
		for range 20000 {
			i, j := r.IntN(total), r.IntN(total)
			if got := memo.Before(all[i].id, all[j].id); got != past[j][i] {
				t.Fatalf("seed %d: entry %d before %d: %t", seed, i, j, got)
			}
			steps = max(steps, memo.find(all[j].id).steps)
		}
		if steps < 10 || steps > maxSteps {
			t.Errorf("seed %d: clocks lie up to %d steps deep", seed, steps)
		}
		return memo.Err()
	})
	for range 20 {
		j, k := r.IntN(total), r.IntN(total)
		missing := see(p, func(tx *store.Tx) ([]uint64, error) { return p.MissingOffsets(tx, []ID{all[j].id, all[k].id}) })
		n := 0
		for i := range total {
			if i != j && i != k && !past[j][i] && !past[k][i] {
				n++
			}
		}
		if len(missing) != n {
			t.Errorf("seed %d: %d missing, want %d", seed, len(missing), n)
		}
	}
}

// What a Past forgets for want of room it reads again.
func TestPastForgets(t *testing.T) {
	d := draw(t, forked)
	p := newPeer(t).addAll(d)
	p.db.View(func(tx *store.Tx) error {
		memo := p.Past(tx)
		for range 3 {
			if !memo.Before(d.id("a0"), d.id("c0")) || memo.Before(d.id("a3"), d.id("c0")) {
				t.Error("wrong")
			}
			memo.grow(maxMemo)
		}
		return memo.Err()
	})
}

// Among many logs a stored clock stays small and its whole near.
func TestStoredClocksAreSmall(t *testing.T) {
	p := newPeer(t)
	p.give(run(700, 200)...)
	p.db.View(func(tx *store.Tx) error {
		memo := p.Past(tx)
		deepest, ticks := uint64(0), 0
		for offset := range uint64(700) {
			n := memo.at(offset)
			deepest = max(deepest, n.steps)
			ticks += len(n.clock)
		}
		if deepest != maxSteps-1 {
			t.Errorf("%d steps", deepest)
		}
		if ticks > 8*700 {
			t.Errorf("%d ticks for 700 entries", ticks)
		}
		return memo.Err()
	})
}
