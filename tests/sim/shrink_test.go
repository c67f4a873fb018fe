package sim

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// guilty is a plan that fails by what it holds, not by a run: bob crashes after
// carol was cut off, with loss.
func guilty(p Plan) bool {
	cut := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Do == "cut" && slices.Contains(s.Who, "carol") })
	crash := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Do == "crash" && s.Who[0] == "bob" })
	return cut >= 0 && crash > cut && p.Net.Loss > 0
}

func TestShrinkLeavesWhatTheFailureNeeds(t *testing.T) {
	tried := 0
	for seed := uint64(1); tried < 20; seed++ {
		p := Draw(seed)
		if !guilty(p) {
			continue
		}
		tried++
		small, used := Shrink(p, ShrinkRuns, guilty)
		if again, _ := Shrink(p, ShrinkRuns, guilty); !reflect.DeepEqual(small, again) {
			t.Errorf("seed %d shrinks to two plans:\n%s\n%s", seed, Format(small), Format(again))
		}
		if used > 300 || !guilty(small) || small.Check() != nil || len(small.Steps) != 2 || len(small.Groups) != 0 ||
			!reflect.DeepEqual(small.People, []string{"bob", "carol"}) || small.Rivals != nil || small.Net.Replay != 0 || small.Net.Delay != 0 ||
			small.Length.Seconds() > 4 || small.Steps[0].For.Seconds() > 1 || small.Steps[1].N != 0 {
			t.Errorf("seed %d shrinks to this in %d runs: %v\n%s", seed, used, small.Check(), Format(small))
		}
	}
}

// Every plan that is asked about may be run, and there are no more than allowed.
func TestShrinkAsksAboutSoundPlansOnlyAndNotTooOften(t *testing.T) {
	for seed := uint64(1); seed < 30; seed++ {
		rng, asked, last := rand.New(rand.NewPCG(seed, 1)), 0, ""
		small, used := Shrink(Draw(seed), 80, func(p Plan) bool {
			asked++
			if err := p.Check(); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, Format(p))
			}
			if back, err := Parse(Format(p)); err != nil || !reflect.DeepEqual(back, p) {
				t.Fatalf("seed %d: %v\n%+v", seed, err, p)
			}
			fails := rng.IntN(3) > 0
			if fails {
				last = Format(p)
			}
			return fails
		})
		if asked != used || used > 80 || Format(small) != last {
			t.Errorf("seed %d: %d runs, %d counted; the last that failed was\n%s\nnot\n%s", seed, asked, used, last, Format(small))
		}
	}
}

func TestShrinkKeepsTheRule(t *testing.T) {
	p, err := Parse(everything)
	if err != nil {
		t.Fatal(err)
	}
	rule := unmet // "nothing twice" is not broken
	small, used := Shrink(p, ShrinkRuns, Breaks(rule))
	if len(small.Steps) != 0 || len(small.People) != 2 || used > 40 || small.Wrong != p.Wrong {
		t.Errorf("%d runs:\n%s", used, Format(small))
	}
}
