package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// app is one run of the command: where it reads and writes, and the global flags.
type app struct {
	in       *os.File
	out, err *os.File
	lines    *bufio.Reader   // over in, for prompts
	stopped  <-chan struct{} // closed by Ctrl-C or SIGTERM
	data     *bufio.Writer   // over out, while a verb prints for people

	home    string
	profile string
	json    bool
	quiet   bool
	noColor bool
	timeout time.Duration
}

const callWait = 30 * time.Second // a call to the node, unless --timeout says otherwise

// run executes one command line and returns its exit code.
func run(args []string, in, out, err *os.File) int {
	a := &app{in: in, out: out, err: err, lines: bufio.NewReader(in)}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a.stopped = ctx.Done()
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(err)
	return a.report(root.ExecuteContext(ctx), args)
}

// client talks to the node of this home.
func (a *app) client() (*api.Client, error) {
	p, err := a.paths()
	if err != nil {
		return nil, err
	}
	return api.Dial(p.Socket), nil
}

// ask runs f against the node within the time that a call may take.
func (a *app) ask(ctx context.Context, f func(context.Context, *api.Client) error) error {
	return a.within(ctx, callWait, f)
}

// within runs f against the node within --timeout, or within d when none is given; 0 is for ever.
func (a *app) within(ctx context.Context, d time.Duration, f func(context.Context, *api.Client) error) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	if a.timeout > 0 {
		d = a.timeout
	}
	if d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	return a.explain(f(ctx, c))
}

// explain adds to the error of a node that does not answer how to start it.
func (a *app) explain(err error) error {
	if api.KindOf(err) != api.KindNotRunning {
		return err
	}
	p, perr := a.paths()
	if perr != nil {
		return perr
	}
	switch taken, serr := isSetUp(p); {
	case serr != nil:
		return serr
	case !taken:
		return api.Errorf(api.KindNotRunning, "nobody is set up here yet: run `%s init --name YOU`, then `%s serve`", a.self(), a.self())
	}
	return api.Errorf(api.KindNotRunning, "the node is not running: start it with `%s serve`", a.self())
}

// self is how this program was called, for hints that can be copied.
func (a *app) self() string {
	s := "peer"
	if a.home != "" {
		s += " --home " + quote(a.home)
	}
	if a.profile != "" {
		s += " --profile " + quote(a.profile)
	}
	return s
}

func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// show prints v as JSON, or what text prints for people.
func (a *app) show(v any, text func(w io.Writer)) error {
	if a.json {
		return a.line(v)
	}
	a.data = bufio.NewWriter(a.out)
	text(a.data)
	return a.data.Flush()
}

// line prints one object as one line of JSON.
func (a *app) line(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", api.InertJSON(b))
	return err
}

// say prints words for people beside the data.
func (a *app) say(format string, args ...any) {
	if a.quiet || a.json {
		return
	}
	if a.data != nil {
		a.data.Flush() //nolint:errcheck // show's own Flush tells
	}
	fmt.Fprintf(a.err, format+"\n", args...)
}

// done ends a verb that has nothing to tell but that it is done.
func (a *app) done(format string, args ...any) error {
	if a.json {
		return a.line(api.Done{OK: true})
	}
	a.say(format, args...)
	return nil
}

func terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// color says whether standard output may carry colours.
func (a *app) color() bool {
	return !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminal(a.out)
}

// faint is s in the terminal's quiet colour.
func (a *app) faint(s string) string {
	if !a.color() || s == "" {
		return s
	}
	return "\x1b[2m" + s + "\x1b[0m"
}

// confirm asks for a word before something that cannot be undone. Scripts have nobody to ask.
func (a *app) confirm(word, format string, args ...any) error {
	if !terminal(a.in) || !terminal(a.err) {
		return nil
	}
	fmt.Fprintf(a.err, format+"\nType %s to go on: ", append(args, word)...)
	if l, err := a.answer(); err != nil || l != word {
		return api.Errorf(api.KindRefused, "nothing was changed")
	}
	return nil
}

// answer reads a line that somebody types, or ends with the program.
func (a *app) answer() (string, error) {
	return typed(a, func() (string, error) {
		l, err := a.lines.ReadString('\n')
		return strings.TrimSpace(l), err
	})
}

// typed waits for read, which the terminal may block for ever, but not longer than the program lives.
func typed[T any](a *app, read func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	came := make(chan result, 1)
	go func() {
		v, err := read()
		came <- result{v, err}
	}()
	select {
	case r := <-came:
		return r.v, r.err
	case <-a.stopped:
		var none T
		return none, context.Canceled
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// verb makes a command.
func verb(use, short string, args cobra.PositionalArgs, run func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(c *cobra.Command, args []string) error { return run(c.Context(), args) },
	}
}
