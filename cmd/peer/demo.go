package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
)

const stepWait = time.Minute // a step that takes longer has failed; all of them take seconds

// demo plays the whole road with three people. Every step is checked: what a step says happened, it
// saw in the logs and receipts of the nodes themselves.
type demo struct {
	app               *app
	dir               string
	alice, bob, carol *person
	texts             []string
	source            string
	said              []string // between Alice and Bob, in the order of writing
	spent             string   // the link that Bob accepted
	waiting           string   // id of the message that is parked for Bob
	group             string   // id of the group
	n                 int
}

// step is one thing to see: what it is called, and how it is done and checked. It returns what
// was seen, in words.
type step struct {
	name, title string
	play        func(*demo, context.Context) (string, error)
}

var steps = []step{
	{"start", "Three people, three nodes, no server", (*demo).startAll},
	{"contact", "A contact is made by a one-time link", (*demo).befriend},
	{"used-invite", "The same link does not work twice", (*demo).reuse},
	{"custodian", "Carol agrees to keep mail for Bob", (*demo).askCarol},
	{"talk", "Alice and Bob talk", (*demo).talk},
	{"park", "Bob's node stops. Alice writes to him", (*demo).park},
	{"sender-off", "Alice's node stops too", (*demo).senderOff},
	{"read", "Bob's node starts, and he reads", (*demo).readParked},
	{"receipt", "Alice's node starts, and sees his receipt", (*demo).receipt},
	{"group", "Alice founds a group of three", (*demo).foundGroup},
	{"removal", "Carol is removed, and obtains nothing new", (*demo).removal},
	{"stick", "No network at all: a USB stick goes back and forth", (*demo).stick},
}

// told is one line of `peer demo --json`.
type told struct {
	V       api.V1  `json:"v"`
	Step    string  `json:"step"`
	OK      bool    `json:"ok"`
	Title   string  `json:"title"`
	Saw     string  `json:"saw,omitempty"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
}

func (a *app) demoVerb() *cobra.Command {
	n := 320
	c := verb("demo", "Three real nodes, played through in half a minute", nothing, func(ctx context.Context, _ []string) error {
		if n < 2*burst || n > 400 {
			return usage("--sentences is a number from %d to 400", 2*burst)
		}
		return a.demo(ctx, n)
	})
	c.Flags().IntVar(&n, "sentences", n, "let Alice and Bob exchange `N` sentences")
	return c
}

func (a *app) demo(ctx context.Context, texts int) (err error) {
	d, err := newDemo(a, texts)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() {
		if end := d.end(); err == nil {
			err = end
		}
	}()
	began := time.Now()
	for _, s := range steps {
		if err := d.run(ctx, s); err != nil {
			return err
		}
	}
	if a.json {
		return a.line(told{Step: "end", OK: true, Title: "All steps", Seconds: seconds(began)})
	}
	fmt.Fprintf(a.out, "\nAll %d steps in %.1f s. The homes are deleted.\n", len(steps), seconds(began))
	return nil
}

func newDemo(a *app, texts int) (*demo, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "demo-")
	if err != nil {
		return nil, err
	}
	net := "private:demo-" + strings.ToLower(rand.Text()[:10])
	d := &demo{app: a, dir: dir}
	d.texts, d.source = sentences(texts)
	for _, p := range []struct {
		name string
		who  **person
	}{{"Alice", &d.alice}, {"Bob", &d.bob}, {"Carol", &d.carol}} {
		*p.who = &person{name: p.name, home: filepath.Join(dir, p.name), exe: exe, net: net}
	}
	return d, nil
}

// run plays one step and tells about it.
func (d *demo) run(ctx context.Context, s step) error {
	ctx, cancel := context.WithTimeout(ctx, stepWait)
	defer cancel()
	d.n++
	if !d.app.json {
		fmt.Fprintf(d.app.out, "%2d  %s\n", d.n, s.title)
	}
	began := time.Now()
	saw, err := s.play(d, ctx)
	t := told{Step: s.name, OK: err == nil, Title: s.title, Saw: saw, Seconds: seconds(began)}
	if err != nil {
		t.Error = err.Error()
	}
	if d.app.json {
		if err := d.app.line(t); err != nil {
			return err
		}
	} else if err == nil {
		fmt.Fprintf(d.app.out, "    %s  %s\n", strings.ReplaceAll(saw, "\n", "\n    "), d.app.faint(fmt.Sprintf("ok, %.1f s", t.Seconds)))
	}
	if err != nil {
		return api.Errorf(api.KindError, "step %d (%s) failed: %s", d.n, s.name, err)
	}
	return nil
}

// end stops what still runs and deletes the homes.
func (d *demo) end() error {
	var errs []error
	for _, p := range []*person{d.alice, d.bob, d.carol} {
		_, err := p.stop()
		errs = append(errs, err)
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

func seconds(since time.Time) float64 {
	return float64(time.Since(since).Round(time.Millisecond)) / float64(time.Second)
}
