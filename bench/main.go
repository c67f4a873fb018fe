// Command bench plays the real node through the phases of the side-by-side rig
// (../shared/peers), one process for each end: append, serve and pull (catch-up
// and no-change), livea and liveb. It prints one line "@@{json}" for each
// result, as the programs of the rig do. bench/run plays it beside them and
// docs/performance.md keeps the figures. The subcommand ratios turns what the rig
// wrote into a table.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strconv"
)

// phases are what the rig asks of a program, by the name of the argument.
var phases = map[string]func(*played) error{
	"append": (*played).append,
	"serve":  (*played).serve,
	"pull":   (*played).pull,
	"livea":  (*played).writeLive,
	"liveb":  (*played).readLive,
}

func main() {
	if err := start(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: bench append DIR N | serve|pull|livea|liveb DIR PORT N | ratios <RESULTS")

func start(args []string) error {
	if slices.Equal(args, []string{"ratios"}) {
		return ratios(os.Stdin, os.Stdout)
	}
	p, err := parse(args)
	if err != nil {
		return err
	}
	stop, err := profile(args[0])
	if err != nil {
		return err
	}
	p.measured = stop
	return errors.Join(phases[args[0]](p), stop())
}

func parse(args []string) (*played, error) {
	if len(args) < 3 || phases[args[0]] == nil {
		return nil, errUsage
	}
	p := &played{home: home(args[1]), out: os.Stdout, in: os.Stdin, writers: 1}
	numbers := []*int{&p.port, &p.count}
	if args[0] == "append" {
		numbers = []*int{&p.count}
		if w := os.Getenv("WRITERS"); w != "" {
			numbers, args = append(numbers, &p.writers), append(args[:3:3], w)
		}
	}
	if len(args) != 2+len(numbers) {
		return nil, errUsage
	}
	for i, n := range numbers {
		v, err := strconv.Atoi(args[2+i])
		if err != nil || v < 1 {
			return nil, fmt.Errorf("%q is no count: %w", args[2+i], errUsage)
		}
		*n = v
	}
	return p, nil
}

// profile writes a CPU profile to $PROFILES/PHASE-1.cpu and, if TRACE is set, an
// execution trace to PHASE-1.trace, or with the next number that is free, until
// stop is called; stop may be called again.
func profile(phase string) (stop func() error, err error) {
	dir := os.Getenv("PROFILES")
	if dir == "" {
		return func() error { return nil }, nil
	}
	cpu, err := fresh(dir+"/"+phase, ".cpu")
	if err != nil {
		return nil, err
	}
	stops := []func() error{func() error { pprof.StopCPUProfile(); return cpu.Close() }}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	if os.Getenv("TRACE") != "" {
		f, err := fresh(dir+"/"+phase, ".trace")
		if err != nil {
			return nil, err
		}
		stops = append(stops, func() error { trace.Stop(); return f.Close() })
		if err := trace.Start(f); err != nil {
			return nil, err
		}
	}
	return func() error {
		var errs []error
		for _, s := range stops {
			errs = append(errs, s())
		}
		stops = nil
		return errors.Join(errs...)
	}, nil
}

// fresh makes a file with the first number that is free.
func fresh(stem, ext string) (*os.File, error) {
	for i := 1; ; i++ {
		f, err := os.OpenFile(fmt.Sprintf("%s-%d%s", stem, i, ext), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
	}
}

// emit prints one result as the rig reads it.
func emit(w io.Writer, result map[string]any) error {
	b, err := json.Marshal(result)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "@@%s\n", b)
	return err
}
