package sim

import (
	"flag"
	"testing"
	"time"
)

var (
	seeds = flag.Uint64("seeds", 20, "how many seeds to run")
	from  = flag.Uint64("from", 1, "the first seed")
	twice = flag.Uint64("replays", 5, "how many seeds to run twice")
	forks = flag.Bool("forks", false, "have somebody fork a log in every run")
)

func TestSeeds(t *testing.T) {
	var total time.Duration
	for seed := *from; seed < *from+*seeds; seed++ {
		draw := Draw
		if *forks {
			draw = func(seed uint64) Plan { return DrawForking(seed, 0) }
		}
		r := Run(draw(seed))
		total += r.Stats.Simulated
		for _, v := range r.Wrong {
			t.Errorf("seed %d: %v", seed, v)
		}
		if len(r.Wrong) > 0 && testing.Verbose() {
			for _, l := range r.Trace.Lines {
				t.Log(l)
			}
		}
		if testing.Verbose() {
			t.Logf("seed %d: %+v agreed in %v", seed, r.Stats, r.Healed)
		}
	}
	t.Logf("%v of all clusters", total)
}

// The same seed is the same run, to the last byte of the last frame.
func TestSeedsReplay(t *testing.T) {
	for seed := uint64(1); seed <= *twice; seed++ {
		a, b := Run(Draw(seed)), Run(Draw(seed))
		if x, y := a.Trace.Digest(), b.Trace.Digest(); x != y {
			t.Errorf("seed %d: one run is %s, another %s", seed, x, y)
			for i := range min(len(a.Trace.Lines), len(b.Trace.Lines)) {
				if a.Trace.Lines[i] != b.Trace.Lines[i] {
					t.Errorf("they part at\n%v\n%v", a.Trace.Lines[i], b.Trace.Lines[i])
					break
				}
			}
		}
	}
}
