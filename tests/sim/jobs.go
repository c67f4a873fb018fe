package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Died is the rule of a run that took its process along, or did not end.
const Died = "died"

// A job asks a worker for one run.
type job struct {
	Scenario string
	Lines    bool // with the trace
}

// A Result is what came of one run, wherever it took place.
type Result struct {
	Plan   Plan `json:"-"`
	Broken []Violation
	Stats  Stats
	Healed time.Duration
	Digest string
	Lines  []Line // of the trace, if they were asked for
}

// Failures are what speaks against the run.
func (r *Result) Failures() []Violation { return r.Plan.Failures(r.Broken) }

// ResultOf takes over what a report says.
func ResultOf(r *Report) Result {
	return Result{Plan: r.Plan, Broken: r.Wrong, Stats: r.Stats, Healed: r.Healed, Digest: r.Trace.Digest(), Lines: r.Trace.Lines}
}

// Work plays the jobs that come in, one after the other, until there are no
// more. It is what a worker process does; a run takes over the randomness of the
// process.
func Work(in io.Reader, out io.Writer) error {
	jobs, results := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var j job
		if err := jobs.Decode(&j); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		p, err := Parse(j.Scenario)
		if err != nil {
			return err
		}
		r := ResultOf(Run(p))
		if !j.Lines {
			r.Lines = nil
		}
		if err := results.Encode(r); err != nil {
			return err
		}
	}
}

// A Pool plays plans in processes of their own. The goroutine that calls Run
// owns what got sees; each worker belongs to one goroutine.
type Pool struct {
	Start func(context.Context) *exec.Cmd // a process that calls Work on its standard input and output
	Jobs  int                             // how many at a time
	Each  int                             // runs of one process, so that its memory stays small
	Limit time.Duration                   // of one run, in real time
	Lines bool                            // results carry the trace
}

// Run plays plans, and gives each result to got in the order in which they come
// in, one at a time. A run that ends its process, or takes longer than Limit, is
// a Result that breaks the rule Died. The error is one of starting a process, or
// the context's, if it ended before all was played.
func (p *Pool) Run(ctx context.Context, plans iter.Seq[Plan], got func(Result)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo, done := make(chan Plan), make(chan Result)
	go func() {
		defer close(todo)
		for plan := range plans {
			select {
			case todo <- plan:
			case <-ctx.Done():
				return
			}
		}
	}()
	var workers sync.WaitGroup
	for range p.Jobs {
		workers.Go(func() {
			w := &worker{pool: p}
			defer w.stop()
			for plan := range todo {
				r, err := w.play(ctx, plan)
				if err != nil {
					cancel(err)
					return
				}
				select {
				case done <- r:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() { workers.Wait(); close(done) }()
	for r := range done {
		got(r)
	}
	return context.Cause(ctx)
}

// Player returns a function that plays plans in one process after the other, and
// one that ends it. Neither may be called from two goroutines at a time.
func (p *Pool) Player(ctx context.Context) (play func(Plan) (Result, error), stop func()) {
	w := &worker{pool: p}
	return func(plan Plan) (Result, error) { return w.play(ctx, plan) }, func() { w.stop() }
}

// A worker is a process and what was asked of it.
type worker struct {
	pool *Pool
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
	said ending
	runs int
}

// play has the process play a plan, and starts one if none runs.
func (w *worker) play(ctx context.Context, p Plan) (Result, error) {
	if w.cmd == nil {
		if err := w.start(ctx); err != nil {
			return Result{}, fmt.Errorf("a worker does not start: %w", err)
		}
	}
	late := false
	var mu sync.Mutex
	timer := time.AfterFunc(w.pool.Limit, func() {
		mu.Lock()
		defer mu.Unlock()
		late = true
		w.cmd.Process.Kill() //nolint:errcheck // it may have ended just now
	})
	var r Result
	err := json.NewEncoder(w.in).Encode(job{Format(p), w.pool.Lines})
	if err == nil {
		err = w.out.Decode(&r)
	}
	timer.Stop()
	mu.Lock()
	tooLate := late
	mu.Unlock()
	r.Plan = p
	if err == nil && !tooLate {
		if w.runs++; w.runs >= w.pool.Each {
			w.stop()
		}
		return r, nil
	}
	why := w.stop()
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	if tooLate {
		why = fmt.Sprintf("the run did not end within %v", w.pool.Limit)
	}
	return Result{Plan: p, Broken: []Violation{{Rule: Died, Text: why}}}, nil
}

func (w *worker) start(ctx context.Context) error {
	cmd := w.pool.Start(ctx)
	w.said, w.runs = ending{}, 0
	cmd.Stderr = &w.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	w.cmd, w.in, w.out = cmd, in, json.NewDecoder(out)
	return nil
}

// stop ends the process, and says how it ended if it did so by itself.
func (w *worker) stop() string {
	if w.cmd == nil {
		return ""
	}
	w.in.Close() //nolint:errcheck // then it ends
	err := w.cmd.Wait()
	w.cmd = nil
	if err == nil {
		return "the process ended without an answer"
	}
	return strings.TrimSuffix(fmt.Sprintf("the process ended (%v): %s", err, w.said.gist()), ": ")
}

// ending keeps the first bytes of what a process says at its end; a panic says
// first what is wrong.
type ending struct{ bytes.Buffer }

func (e *ending) Write(p []byte) (int, error) {
	if room := 16<<10 - e.Len(); room > 0 {
		e.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// gist is the line that tells most.
func (e *ending) gist() string {
	last := ""
	for line := range strings.Lines(e.String()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
		if line != "" {
			last = line
		}
	}
	return last
}
