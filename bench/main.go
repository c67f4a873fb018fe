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

// profile writes a CPU profile to $PROFILES/PHASE-1.cpu, or the next number that
// is free, until stop is called; stop may be called again.
func profile(phase string) (stop func() error, err error) {
	dir := os.Getenv("PROFILES")
	if dir == "" {
		return func() error { return nil }, nil
	}
	var f *os.File
	for i, busy := 1, true; busy; i++ {
		f, err = os.OpenFile(fmt.Sprintf("%s/%s-%d.cpu", dir, phase, i), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		busy = errors.Is(err, os.ErrExist)
	}
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	stopped := false
	return func() error {
		if stopped {
			return nil
		}
		stopped = true
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
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
