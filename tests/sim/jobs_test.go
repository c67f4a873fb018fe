package sim

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if os.Getenv("SIM_WORKER") == "" {
		os.Exit(m.Run())
	}
	verbs["panic"] = func(*world, Step) { panic("as the plan says") }
	verbs["hang"] = func(*world, Step) { select {} }
	if err := Work(os.Stdin, os.Stdout); err != nil {
		panic(err)
	}
}

func testPool(each int, limit time.Duration) *Pool {
	return &Pool{Jobs: 2, Each: each, Limit: limit, Start: func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), "SIM_WORKER=1")
		return cmd
	}}
}

// A run is the same in whichever process it takes place.
func TestWorkersPlayTheSameRuns(t *testing.T) {
	drawn := func(yield func(Plan) bool) {
		for seed := uint64(1); seed <= 4 && yield(Draw(seed)); seed++ {
		}
	}
	var want []Result
	for p := range drawn { // while nothing else runs: a run counts the goroutines of its process
		want = append(want, ResultOf(Run(p)))
	}
	for _, lines := range []bool{false, true} {
		pool, seen := testPool(2, time.Minute), map[uint64]bool{}
		pool.Lines = lines
		err := pool.Run(t.Context(), drawn, func(r Result) {
			seen[r.Plan.Seed] = true
			want := want[r.Plan.Seed-1]
			if !lines {
				want.Lines = nil
			}
			if !reflect.DeepEqual(r, want) {
				t.Errorf("seed %d: a worker says %s %v %v, here it is %s %v %v", r.Plan.Seed, r.Digest, r.Stats, r.Broken, want.Digest, want.Stats, want.Broken)
			}
		})
		if err != nil || len(seen) != len(want) {
			t.Errorf("%v, results of %v", err, seen)
		}
	}
}

// A run that takes its process along is reported as that seed's, and the others
// go on.
func TestWorkerThatDiesIsReported(t *testing.T) {
	for do, want := range map[string]string{"panic": "exit status 2", "hang": "did not end within"} {
		limit := time.Minute
		if do == "hang" {
			limit = 5 * time.Second
		}
		plan, bad := Draw(1), Draw(2)
		plan.Steps = plan.Steps[:4]
		bad.Steps = []Step{{Do: do, Who: []string{"alice"}}}
		died, fine := "", 0
		verbs[do] = func(*world, Step) {} // the name is known, the worker knows more
		err := testPool(200, limit).Run(t.Context(), func(yield func(Plan) bool) {
			_ = yield(plan) && yield(bad) && yield(plan) && yield(plan)
		}, func(r Result) {
			if wrong := r.Failures(); len(wrong) == 0 {
				fine++
			} else if BrokenBy(wrong, Died) && r.Plan.Seed == 2 {
				died = wrong[0].Text
			}
		})
		delete(verbs, do)
		if err != nil || fine != 3 || !strings.Contains(died, want) || do == "panic" && !strings.Contains(died, "panic: as the plan says") {
			t.Errorf("%s: %v, %d fine, %q", do, err, fine, died)
		}
	}
}

// Who stops early keeps what is known.
func TestPoolStopsWithTheContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	known := 0
	err := testPool(200, time.Minute).Run(ctx, func(yield func(Plan) bool) {
		for seed := uint64(1); yield(Draw(seed)); seed++ {
		}
	}, func(Result) {
		if known++; known == 3 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || known < 3 || known > 6 {
		t.Errorf("%v after %d", err, known)
	}
	pool := testPool(1, time.Minute)
	pool.Start = func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "/nowhere/peer") }
	play, end := pool.Player(t.Context())
	defer end()
	if _, err := play(Draw(1)); err == nil || !strings.Contains(err.Error(), "does not start") {
		t.Errorf("a pool without a program says %v", err)
	}
}
