package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"causeway/api"
	"causeway/tests/sim"

	"github.com/spf13/cobra"
)

const (
	mostRuns   = 100_000_000
	runLimit   = 5 * time.Minute // of one run; the longest drawn ones take a few seconds
	runsEach   = 50              // of one worker process: each leaves some memory behind (docs/testing.md)
	mostNodes  = 16
	mostJobs   = 256
	fileLimit  = 4 << 20
	simExample = `  peer sim --seed 7                     one drawn run
  peer sim --seeds 1-2000               many, on all cores
  peer sim --forks --seeds 1-10000      somebody forks a log in each of them
  peer sim fork.sim --picture run.html  a scenario file, and a picture of its run
  peer sim --seeds 1-500 --shrink       the first that fails, made small`
)

// simulation is one call of `peer sim`.
type simulation struct {
	app                   *app
	seed                  uint64
	seeds                 string
	nodes, jobs           int
	forks                 bool
	shrink, trace, worker bool
	picture, write        string

	plans []sim.Plan // of the files
	one   bool       // seed was given
	first uint64     // of the seeds
	total int        // runs
	tally tally
}

func (a *app) simVerb() *cobra.Command {
	s := &simulation{app: a}
	c := verb("sim [FILE…]", "Many nodes under faults, simulated: try a scenario or drawn seeds", cobra.ArbitraryArgs, nil)
	c.Long = `Runs scenario files, or plans that seeds draw, in the simulator of the tests, and looks whether every
promise was kept: nothing lost, nothing twice, the same for all (docs/testing.md lists them, and how a
scenario is written). It needs no home and no node. A run is that of its seed, and can be had again.
Exit code 0: all promises were kept; 1: one was broken, and its seed is named; 2: a file cannot be read.`
	c.Example = simExample
	f := c.Flags()
	f.Uint64Var(&s.seed, "seed", 0, "draw the plan of seed `N`; with a file: play it with this seed")
	f.StringVar(&s.seeds, "seeds", "", "the seeds `A-B`, one after the other")
	f.IntVar(&s.nodes, "nodes", 0, "draw plans for `N` people (default: the seed says)")
	f.BoolVar(&s.forks, "forks", false, "draw plans in which somebody forks a log")
	f.IntVar(&s.jobs, "jobs", runtime.NumCPU(), "run `N` at a time, each in a process of its own")
	f.BoolVar(&s.shrink, "shrink", false, "make the first failing plan as small as it goes")
	f.StringVar(&s.picture, "picture", "", "draw the run, or the first that failed, into the page `FILE`")
	f.BoolVar(&s.trace, "trace", false, "print what happened, of a single run or of those that failed")
	f.StringVar(&s.write, "write", "", "write the plan of that run as the scenario `FILE`")
	f.BoolVar(&s.worker, "worker", false, "")
	f.MarkHidden("worker") //nolint:errcheck // it is there
	c.RunE = func(c *cobra.Command, args []string) error {
		if s.worker {
			return sim.Work(a.in, a.out)
		}
		s.one = c.Flags().Changed("seed")
		if err := s.prepare(args); err != nil {
			return err
		}
		return s.run(c.Context())
	}
	return c
}

// prepare reads the files and the flags; nothing has run yet when it complains.
func (s *simulation) prepare(files []string) error {
	switch {
	case s.one && s.seeds != "":
		return usage("--seed is one, --seeds are many: leave one of them out")
	case len(files) == 0 && !s.one && s.seeds == "":
		return usage("sim wants a scenario file, --seed N or --seeds A-B (`peer sim --help` shows examples)")
	case s.nodes != 0 && len(files) > 0:
		return usage("--nodes is for drawn plans: a file says who takes part")
	case s.forks && len(files) > 0:
		return usage("--forks is for drawn plans: a file says who forks a log (docs/testing.md, the verb fork)")
	case s.nodes != 0 && (s.nodes < 2 || s.nodes > mostNodes):
		return usage("--nodes is a number from 2 to %d", mostNodes)
	case s.jobs < 1 || s.jobs > mostJobs:
		return usage("--jobs is a number from 1 to %d", mostJobs)
	}
	for what, file := range map[string]string{"the picture is not drawn": s.picture, "the scenario is not written": s.write} {
		if file == "" {
			continue
		}
		if err := writable(file); err != nil {
			return api.Errorf(api.KindError, "%s: %s", what, plain(err))
		}
	}
	s.first, s.total = s.seed, 1
	if s.seeds != "" {
		if err := s.readSeeds(); err != nil {
			return err
		}
	}
	for _, file := range files {
		p, err := s.app.readPlan(file)
		if err != nil {
			return err
		}
		s.plans = append(s.plans, p)
	}
	s.total *= max(1, len(files))
	return nil
}

func (s *simulation) readSeeds() error {
	from, to, ok := strings.Cut(s.seeds, "-")
	a, err := strconv.ParseUint(from, 10, 64)
	b, err2 := strconv.ParseUint(to, 10, 64)
	if !ok || err != nil || err2 != nil || b < a || b-a >= mostRuns {
		return usage("%q are no seeds: write --seeds 1-2000", s.seeds)
	}
	s.first, s.total = a, int(b-a)+1
	return nil
}

func (a *app) readPlan(file string) (p sim.Plan, err error) {
	in := a.in
	if file != "-" {
		if in, err = openFile(file); err != nil {
			return p, usage("the scenario cannot be read: %s", plain(err))
		}
		defer in.Close()
	}
	b, err := io.ReadAll(io.LimitReader(in, fileLimit+1))
	if err != nil {
		return p, usage("the scenario cannot be read: %s", plain(err))
	}
	if p, err = sim.Parse(string(b)); err != nil {
		return p, usage("%s: %v (docs/testing.md shows how a scenario is written)", file, err)
	}
	p.File = file
	return p, nil
}

// all lists what is to be run.
func (s *simulation) all() iter.Seq[sim.Plan] {
	given := s.one || s.seeds != ""
	return func(yield func(sim.Plan) bool) {
		if len(s.plans) == 0 {
			for i := range s.total {
				if !yield(s.drawn(s.first + uint64(i))) {
					return
				}
			}
			return
		}
		for _, p := range s.plans {
			for i := range s.total / len(s.plans) {
				if given {
					p.Seed = s.first + uint64(i)
				}
				if !yield(p) {
					return
				}
			}
		}
	}
}

func (s *simulation) drawn(seed uint64) sim.Plan {
	if s.forks {
		return sim.DrawForking(seed, s.nodes)
	}
	return sim.DrawFor(seed, s.nodes)
}

// again is the command that has a run once more.
func (s *simulation) again(p sim.Plan) string {
	words := "peer sim"
	if p.File != "" {
		words += " " + quote(p.File)
	}
	words += fmt.Sprintf(" --seed %d", p.Seed)
	if s.forks && p.File == "" {
		words += " --forks"
	}
	if s.nodes != 0 && p.File == "" {
		words += fmt.Sprintf(" --nodes %d", s.nodes)
	}
	return words
}

func (s *simulation) pool(jobs int, lines bool) (*sim.Pool, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &sim.Pool{
		Jobs: min(jobs, s.total), Each: runsEach, Limit: runLimit, Lines: lines,
		Start: func(ctx context.Context) *exec.Cmd {
			c := exec.CommandContext(ctx, exe, "sim", "--worker")
			if os.Getenv("GOGC") == "" {
				c.Env = append(os.Environ(), "GOGC=400") // a tenth faster; a worker does not grow old
			}
			return c
		},
	}, nil
}
