package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"causeway/api"
	"causeway/node"
	"causeway/store"

	"github.com/spf13/cobra"
)

// born is a new user.
type born struct {
	V        api.V1 `json:"v"`
	UID      string `json:"uid"`
	Name     string `json:"name"`
	Recovery string `json:"recovery"` // 24 words, shown once
}

func (a *app) initVerb() *cobra.Command {
	var name string
	var s secrets
	c := verb("init", "Make a user and its first device; works without a network", nothing, func(context.Context, []string) error {
		b, _, err := a.create(name, &s)
		if err != nil {
			return err
		}
		return a.show(b, func(w io.Writer) {
			showBorn(w, b)
			a.say("\nNext: `%s serve` starts the node.", a.self())
		})
	})
	c.Example = "  peer init --name Alice\n  peer init --name Bot --no-passphrase --json"
	c.Flags().StringVar(&name, "name", "", "what others see until they call you something else")
	s.flags(c)
	c.Flags().BoolVar(&s.none, "no-passphrase", false, "keep the key of the store in a file that only you can read")
	return c
}

// create makes the user of this home, and says what opens it.
func (a *app) create(name string, s *secrets) (b born, unlock store.Unlock, err error) {
	p, err := a.paths()
	if err != nil {
		return b, unlock, err
	}
	switch taken, err := isSetUp(p); {
	case err != nil:
		return b, unlock, err
	case taken:
		return b, unlock, a.occupied()
	}
	if name == "" {
		if name, err = a.askName(); err != nil {
			return b, unlock, err
		}
	}
	name = strings.TrimPrefix(name, "@")
	if unlock, err = s.choose(a, p); err != nil {
		return b, unlock, err
	}
	for _, dir := range []string{p.Data, p.State} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return b, unlock, err
		}
	}
	words, uid, err := node.Init(p.Store, name, unlock)
	if err != nil {
		return b, unlock, err
	}
	if s.none {
		a.say("No passphrase: the key of the store is in %s. Whoever copies that file and the store reads everything.", p.Key)
	}
	return born{UID: uid.String(), Name: name, Recovery: strings.Join(words, " ")}, unlock, nil
}

// isSetUp reports whether somebody is set up in a home; what an init that was cut short left behind
// is nobody.
func isSetUp(p paths) (bool, error) {
	_, err := store.NeedsKeyFile(p.Store, store.Options{})
	if errors.Is(err, store.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (a *app) occupied() *api.Error {
	return api.Errorf(api.KindRefused, "somebody is set up here already: start with `%s serve`, or choose another place with --home or --profile", a.self())
}

func (a *app) askName() (string, error) {
	if !terminal(a.in) || !terminal(a.err) {
		return "", usage("say who you are: --name NAME")
	}
	user := os.Getenv("USER")
	fmt.Fprint(a.err, "Your name, as others will see it")
	if user != "" {
		fmt.Fprintf(a.err, " [%s]", user)
	}
	fmt.Fprint(a.err, ": ")
	l, err := a.answer()
	if err != nil {
		return "", err
	}
	if name := first(l, user); name != "" {
		return name, nil
	}
	return "", usage("say who you are: --name NAME")
}

func showBorn(w io.Writer, b born) {
	fmt.Fprintf(w, "%s\n%s\n\n", api.InertLine(b.Name), b.UID)
	fmt.Fprintln(w, "Your 24 recovery words. They are shown this once and kept nowhere: write them on paper.")
	fmt.Fprintln(w, "Whoever has them is you; without them a lost device is a lost name.")
	fmt.Fprintln(w)
	words := strings.Fields(b.Recovery)
	rows := (len(words) + 3) / 4
	for r := range rows {
		for i := r; i < len(words); i += rows {
			fmt.Fprintf(w, "%4d %-10s", i+1, words[i])
		}
		fmt.Fprintln(w)
	}
}
