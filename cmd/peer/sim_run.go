package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/api"
	"causeway/tests/sim"
)

// tally is what is known so far.
type tally struct {
	began     time.Time
	runs      int
	simulated time.Duration // of all nodes of all runs
	broken    int           // promises
	forked    int           // runs with a log of a rival that is known as forked in the end
	failed    []sim.Result
	last      sim.Result
}

// run plays everything, and tells what came of it.
func (s *simulation) run(ctx context.Context) error {
	p, err := s.pool(s.jobs, s.trace)
	if err != nil {
		return err
	}
	s.tally.began = time.Now()
	var told error
	err = p.Run(ctx, s.all(), func(r sim.Result) {
		s.count(r)
		s.progress("%d of %d runs, %d promises broken, %.1f a second", s.tally.runs, s.total, s.tally.broken, s.perSecond())
		if told == nil && (s.total == 1 || s.app.json || len(r.Failures()) > 0) {
			told = s.tell(r)
		}
	})
	s.progress("")
	if told != nil {
		return told
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if err := s.summary(err != nil); err != nil {
		return err
	}
	if err == nil {
		err = s.look(ctx)
	}
	return s.verdict(err)
}

func (s *simulation) count(r sim.Result) {
	s.tally.runs++
	s.tally.simulated += r.Stats.Simulated
	s.tally.forked += min(1, r.Stats.Forks)
	if wrong := r.Failures(); len(wrong) > 0 {
		s.tally.broken += len(wrong)
		r.Lines = nil
		s.tally.failed = append(s.tally.failed, r)
		slices.SortFunc(s.tally.failed, func(a, b sim.Result) int {
			if a.Plan.Seed != b.Plan.Seed {
				return int(a.Plan.Seed>>1) - int(b.Plan.Seed>>1)
			}
			return strings.Compare(a.Plan.File, b.Plan.File)
		})
	}
	r.Lines = nil
	s.tally.last = r
}

func (s *simulation) perSecond() float64 {
	return float64(s.tally.runs) / max(time.Since(s.tally.began).Seconds(), 0.001)
}

// progress overwrites one line on a terminal; nothing ends it.
func (s *simulation) progress(format string, args ...any) {
	if s.app.json || s.app.quiet || s.total == 1 && format != "" && !s.shrink || !terminal(s.app.err) {
		return
	}
	fmt.Fprintf(s.app.err, "\r\x1b[K"+format, args...)
}

// simBroken is a promise that a run has broken, in JSON.
type simBroken struct {
	At   float64 `json:"at"` // seconds since the beginning of the run
	Rule string  `json:"rule"`
	Text string  `json:"text"`
}

// simTold is what came of one run, in JSON.
type simTold struct {
	V          api.V1          `json:"v"`
	Event      string          `json:"event"`
	Seed       uint64          `json:"seed"`
	File       string          `json:"file,omitempty"`
	OK         bool            `json:"ok"`
	Invariants map[string]bool `json:"invariants"` // whether each promise was kept
	Broken     []simBroken     `json:"broken"`
	Digest     string          `json:"digest"`
	Simulated  float64         `json:"simulated_seconds"`
	Agreed     float64         `json:"agreed_seconds"` // after the faults
	Again      string          `json:"again"`
	Trace      []string        `json:"trace,omitempty"`
}

// tell says what came of a run: of a failing one the seed, what was broken, and
// how to have it again.
func (s *simulation) tell(r sim.Result) error {
	wrong := r.Failures()
	if s.app.json {
		return s.app.line(s.told(r))
	}
	out := s.app.out
	if s.trace && (s.total == 1 || len(wrong) > 0) {
		for _, l := range r.Lines {
			fmt.Fprintln(out, api.Inert(l.String()))
		}
	}
	if len(wrong) == 0 {
		fmt.Fprintf(out, "%s: every promise was kept; all agreed %v after the faults; digest %s\n", title(r.Plan), r.Healed, r.Digest)
		return nil
	}
	fmt.Fprintf(out, "%s: %s\n", title(r.Plan), promises(len(wrong)))
	for i, v := range wrong {
		if i == 10 {
			fmt.Fprintf(out, "  and %d more\n", len(wrong)-i)
			break
		}
		fmt.Fprintf(out, "  %s\n", api.Inert(v.String()))
	}
	fmt.Fprintf(out, "  again: %s --trace\n", s.again(r.Plan))
	return nil
}

func (s *simulation) told(r sim.Result) simTold {
	t := simTold{
		Event: "run", Seed: r.Plan.Seed, File: r.Plan.File, OK: true, Invariants: map[string]bool{}, Broken: []simBroken{}, Digest: r.Digest,
		Simulated: r.Stats.Simulated.Seconds(), Agreed: r.Healed.Seconds(), Again: s.again(r.Plan),
	}
	for _, rule := range sim.Rules {
		t.Invariants[rule.Name] = !sim.BrokenBy(r.Broken, rule.Name)
	}
	for _, v := range r.Failures() {
		t.OK = false
		t.Broken = append(t.Broken, simBroken{v.At.Seconds(), v.Rule, v.Text})
	}
	for _, l := range r.Lines {
		t.Trace = append(t.Trace, l.String())
	}
	return t
}

func title(p sim.Plan) string {
	if p.File != "" {
		return fmt.Sprintf("%s, seed %d", api.Inert(p.File), p.Seed)
	}
	return fmt.Sprintf("seed %d", p.Seed)
}

func promises(n int) string {
	if n == 1 {
		return "1 promise was broken"
	}
	return fmt.Sprintf("%d promises were broken", n)
}

// simEnd is the last line of many runs, in JSON.
type simEnd struct {
	V          api.V1   `json:"v"`
	Event      string   `json:"event"`
	OK         bool     `json:"ok"`
	Stopped    bool     `json:"stopped,omitempty"` // by Ctrl-C, before all was run
	Runs       int      `json:"runs"`
	Violations int      `json:"violations"`
	Forked     int      `json:"forked"` // runs in which a log was forked
	Failed     []uint64 `json:"failed"` // seeds
	Hours      float64  `json:"simulated_hours"`
	PerSecond  float64  `json:"runs_per_second"`
}

// summary tells about many runs in one line.
func (s *simulation) summary(stopped bool) error {
	t := &s.tally
	if s.total == 1 {
		return nil
	}
	end := simEnd{
		Event: "end", OK: t.broken == 0 && !stopped, Stopped: stopped, Runs: t.runs, Violations: t.broken, Forked: t.forked, Failed: []uint64{},
		Hours: t.simulated.Hours(), PerSecond: s.perSecond(),
	}
	for _, r := range t.failed {
		end.Failed = append(end.Failed, r.Plan.Seed)
	}
	if s.app.json {
		return s.app.line(end)
	}
	of := ""
	if stopped {
		of = fmt.Sprintf(" of %d, then stopped", s.total)
	}
	if s.forks {
		of += fmt.Sprintf(", a log forked in %d", t.forked)
	}
	fmt.Fprintf(s.app.out, "%d runs%s: %.1f simulated hours, %d promises broken, %.1f runs a second\n", t.runs, of, end.Hours, t.broken, end.PerSecond)
	return nil
}

// verdict is the exit: one sentence that names a seed when a promise was broken.
func (s *simulation) verdict(err error) error {
	failed := s.tally.failed
	if err != nil && !errors.Is(err, context.Canceled) || len(failed) == 0 {
		return err
	}
	first := failed[0]
	if len(failed) == 1 {
		return api.Errorf(api.KindError, "%s broke %q; have it again with `%s --trace`", title(first.Plan), first.Failures()[0].Rule, s.again(first.Plan))
	}
	return api.Errorf(api.KindError, "%d of %d runs broke a promise; the first is %s with %q: have it again with `%s --trace`",
		len(failed), s.tally.runs, title(first.Plan), first.Failures()[0].Rule, s.again(first.Plan))
}
