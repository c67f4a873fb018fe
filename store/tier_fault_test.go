package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// crashImage is what a power cut left, with what was known at that moment.
type crashImage struct {
	what string
	mem  *vfs.MemFS
	w    *witness
}

// TestTierCrashAtEveryChange cuts the power before and after every call that
// changes the disk, so around every fsync; of what was not synced nothing, some
// or all survives.
func TestTierCrashAtEveryChange(t *testing.T) {
	const seed = 11
	before := runtime.NumGoroutine()
	total := 0
	for _, o := range operations {
		images := crashes(t, o, seed)
		for n := 0; n < len(images); n += tierStep {
			i := images[n]
			if err := bounded(t, i.what, func() error { return i.w.recovers(i.mem) }); err != nil {
				t.Errorf("%s: %v", i.what, err)
			}
		}
		total += len(images)
	}
	t.Logf("%d crashes", total)
	bounded(t, "settling", func() bool {
		for runtime.NumGoroutine() > before+1 { // this one
			runtime.Gosched()
		}
		return true
	})
}

// crashes runs an operation on a disk that works and takes the images.
func crashes(t *testing.T, o operation, seed uint64) (images []crashImage) {
	rng := rand.New(rand.NewPCG(seed, 0))
	tr := o.begin(t)
	shoot := func(what string) {
		for _, percent := range []int{0, 40, 100} {
			images = append(images, crashImage{
				fmt.Sprintf("seed %d, %s: power cut before call %d, %s; %d%% of the rest survives", seed, o.name, len(images)/3, what, percent),
				tr.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}), tr.copy(),
			})
		}
	}
	tr.disk.set(func(op diskOp) verdict {
		if op.write {
			shoot(op.String())
		}
		return verdict{}
	})
	err := bounded(t, o.name, func() error { return o.run(tr) })
	tr.disk.mu.Lock()
	shoot("its end")
	tr.disk.mu.Unlock()
	if tr.db != nil {
		err = errors.Join(err, tr.db.Close())
	}
	if err != nil {
		t.Fatalf("%s: %v", o.name, err)
	}
	return images
}

// failure is a way in which a disk fails.
type failure struct {
	errno, want    error
	name           string
	after, onwards bool
}

var failures = []failure{
	{syscall.ENOSPC, ErrFull, "half done", true, false},
	{syscall.ENOSPC, ErrFull, "from then on", false, true},
	{syscall.EIO, ErrIO, "once", false, false},
	{syscall.EIO, ErrIO, "done and from then on", true, true},
}

// TestTierFailureAtEveryChange has every call that changes the disk fail: once
// and from then on, before it did anything and after it did half or all.
func TestTierFailureAtEveryChange(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // each failed engine stays behind
	total := 0
	before, _ := enginesLeft()
	for _, f := range failures {
		for _, o := range operations {
			for n := 0; failAt(t, o, f, n) && !t.Failed(); n += tierStep {
				total++
			}
		}
	}
	t.Logf("%d failures", total)
	standsStill(t, total, before)
}

// dispensable calls are those without which the store may go on.
func (op diskOp) dispensable() bool {
	return slices.Contains([]string{"remove", "removeall", "preallocate"}, op.what)
}

// from makes a rule that is met by the nth call of a kind, and by later ones.
// The caller reads met with the disk's lock held.
func from(n int, write, onwards bool, v verdict) (rule func(op diskOp) verdict, met *[]diskOp) {
	met = new([]diskOp)
	seen := 0
	return func(op diskOp) verdict {
		if op.write != write {
			return verdict{}
		}
		if seen++; seen == n+1 || seen > n && onwards {
			*met = append(*met, op)
			return v
		}
		return verdict{}
	}, met
}

// failAt runs an operation whose nth change fails. It reports false if there
// is no nth change.
func failAt(t *testing.T, o operation, f failure, n int) (hit bool) {
	t.Helper()
	tr := o.begin(t)
	rule, met := from(n, true, f.onwards, verdict{err: f.errno, after: f.after})
	tr.disk.set(rule)
	err := bounded(t, o.name, func() error { return o.run(tr) })
	tr.disk.mu.Lock()
	calls := slices.Clone(*met)
	tr.disk.mu.Unlock()
	what := fmt.Sprintf("%s: %v %s at change %d, %v", o.name, f.errno, f.name, n, calls)
	needed := slices.ContainsFunc(calls, func(op diskOp) bool { return !op.dispensable() })
	switch {
	case err != nil && (len(calls) == 0 || !errors.Is(err, f.want) || strings.Contains(err.Error(), "\n")):
		t.Errorf("%s: error %v", what, err)
	case err == nil && needed && tr.db == nil:
		t.Errorf("%s: nobody was told", what)
	case err == nil && needed: // a goroutine of the engine met it just now
		bounded(t, what+": being told", func() bool { <-tr.db.fault.hit; return true })
	}
	tr.stands(t, what, f.want)
	tr.heals(t, what)
	return len(calls) > 0
}

// stands holds that a store whose disk failed shows what it acknowledged, takes
// nothing more, and closes.
func (tr *trial) stands(t *testing.T, what string, want error) {
	t.Helper()
	if tr.db == nil {
		return
	}
	failed := tr.db.Err()
	rows, err := tableOf(tr.db)
	if err == nil {
		err = tr.holds(rows, true)
	}
	if err != nil && !errors.Is(err, ErrClosed) {
		t.Errorf("%s: read: %v", what, err)
	}
	if failed != nil {
		again := bounded(t, what, func() error { return tr.put(tr.db, 1, 901) })
		if !errors.Is(failed, want) || !errors.Is(again, want) && !errors.Is(again, ErrClosed) {
			t.Errorf("%s: failed with %v, then %v", what, failed, again)
		}
	}
	if err := bounded(t, what, tr.db.Close); failed != nil && err != nil && !errors.Is(err, want) {
		t.Errorf("%s: close: %v", what, err)
	}
}

// heals opens what is there, as after a restart of the program and as after a
// power cut, on a disk that works again.
func (tr *trial) heals(t *testing.T, what string) {
	t.Helper()
	for _, mem := range []*vfs.MemFS{tr.mem.CrashClone(vfs.CrashCloneCfg{}), tr.mem} {
		w := tr.copy()
		if err := bounded(t, what, func() error { return w.recovers(mem) }); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	// What the engine leaves behind needs neither.
	if err := tr.mem.RemoveAll("s"); err != nil {
		t.Error(err)
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.states = nil
}

// standsStill holds that of the stores that failed nothing runs any more, and
// that what the engine left behind of them is bounded (see gate); before is what
// other tests had left.
func standsStill(t *testing.T, failed, before int) {
	t.Helper()
	left, runs := 0, 1
	bounded(t, "standing still", func() bool {
		for runs > 0 {
			left, runs = enginesLeft()
		}
		return true
	})
	if left > before+8*failed {
		t.Errorf("%d goroutines for %d failed stores, and %d before", left, failed, before)
	}
	t.Logf("%d goroutines stay behind, %d before", left, before)
}

// enginesLeft counts the goroutines of engines, and those of them that do not wait.
func enginesLeft() (all, run int) {
	waits := []string{"chan receive", "chan send", "select", "sync.", "semacquire"}
	buf := make([]byte, 64<<20)
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		_, state, _ := strings.Cut(g, "[")
		if !strings.Contains(g, "pebble") || strings.Contains(g, "enginesLeft") {
			continue
		}
		if all++; !slices.ContainsFunc(waits, func(w string) bool { return strings.HasPrefix(state, w) }) {
			run++
		}
	}
	return all, run
}
