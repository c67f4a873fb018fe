package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"causeway/api"
	"causeway/store"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const maxPassphrase = 4096

// secrets says where the passphrase comes from. It never is a flag or an environment value itself,
// which other programs of this machine can see.
type secrets struct {
	file string // "-" is standard input
	fd   int
	none bool
}

func (s *secrets) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.file, "passphrase-file", "", "read the passphrase from `FILE` (- is standard input)")
	c.Flags().IntVar(&s.fd, "passphrase-fd", -1, "read the passphrase from file descriptor `N`")
}

func (s *secrets) given() bool { return s.file != "" || s.fd >= 0 }

// read reads the passphrase from the file, the descriptor, or what systemd hands over.
func (s *secrets) read(a *app) (pass []byte, ok bool, err error) {
	switch {
	case s.file != "" && s.fd >= 0, s.none && s.given():
		return nil, false, usage("give the passphrase in one way only")
	case s.fd < -1:
		return nil, false, usage("there is no file descriptor %d", s.fd)
	case s.file == "-":
		pass, err = readSecret(a.lines)
	case s.file != "":
		pass, err = readSecretFile(s.file)
	case s.fd >= 0:
		f := os.NewFile(uintptr(s.fd), "passphrase")
		if f == nil {
			return nil, false, usage("there is no file descriptor %d", s.fd)
		}
		defer f.Close()
		if pass, err = readSecret(f); errors.Is(err, fs.ErrInvalid) || isBadFD(err) {
			err = usage("file descriptor %d cannot be read", s.fd)
		}
	default:
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return nil, false, nil
		}
		if pass, err = readSecretFile(filepath.Join(dir, "passphrase")); errors.Is(err, fs.ErrNotExist) {
			return nil, false, nil
		}
	}
	return pass, err == nil, err
}

func isBadFD(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p)
}

func readSecretFile(path string) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readSecret(f)
}

func readSecret(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPassphrase+1))
	if err != nil {
		return nil, err
	}
	b = []byte(strings.TrimRight(string(b), "\r\n"))
	switch {
	case len(b) == 0:
		return nil, usage("the passphrase is empty")
	case len(b) > maxPassphrase:
		return nil, usage("a passphrase has at most %d bytes", maxPassphrase)
	}
	return b, nil
}

// unlock finds what opens the store of a home.
func (s *secrets) unlock(a *app, p paths) (store.Unlock, error) {
	keyFile, err := store.NeedsKeyFile(p.Store, store.Options{})
	if err != nil {
		return store.Unlock{}, err
	}
	if keyFile && !exists(p.Key) {
		return store.Unlock{}, keyGone(p)
	}
	pass, ok, err := s.read(a)
	switch {
	case err != nil:
		return store.Unlock{}, err
	case ok:
		return store.Passphrase(pass), nil
	case keyFile:
		return store.KeyFile(p.Key), nil
	case !terminal(a.in):
		return store.Unlock{}, api.Errorf(api.KindLocked, "this home is locked: give its passphrase with --passphrase-file FILE (- is standard input)")
	}
	pass, err = a.prompt("Passphrase: ")
	return store.Passphrase(pass), err
}

// choose asks for the secret of a new home.
func (s *secrets) choose(a *app, p paths) (store.Unlock, error) {
	pass, ok, err := s.read(a)
	switch {
	case err != nil:
		return store.Unlock{}, err
	case ok:
		return store.Passphrase(pass), nil
	case s.none:
		return store.KeyFile(p.Key), nil
	case !terminal(a.in):
		return store.Unlock{}, usage("say how to protect this home: --passphrase-file FILE (- is standard input), --passphrase-fd N, or --no-passphrase")
	}
	pass, err = a.promptTwice()
	if err == nil && len(pass) == 0 {
		s.none = true
		return store.KeyFile(p.Key), nil
	}
	return store.Passphrase(pass), err
}

func (a *app) prompt(words string) ([]byte, error) {
	fmt.Fprint(a.err, words)
	before, err := term.GetState(int(a.in.Fd()))
	if err != nil {
		return nil, err
	}
	defer fmt.Fprintln(a.err)
	defer term.Restore(int(a.in.Fd()), before) //nolint:errcheck // the terminal is gone
	return typed(a, func() ([]byte, error) { return term.ReadPassword(int(a.in.Fd())) })
}

func (a *app) promptTwice() ([]byte, error) {
	for {
		pass, err := a.prompt("Passphrase that opens this home (empty: none, the key is kept in a file): ")
		if err != nil || len(pass) == 0 {
			return nil, err
		}
		fmt.Fprintf(a.err, "That is %s.\n", strength(string(pass)))
		again, err := a.prompt("Once more: ")
		if err != nil {
			return nil, err
		}
		if string(again) == string(pass) {
			return pass, nil
		}
		fmt.Fprintln(a.err, "The two differ. Again.")
	}
}

// strength says in words what length and variety promise; it knows no dictionary.
func strength(pass string) string {
	kinds := map[string]bool{}
	for _, r := range pass {
		switch {
		case r >= 'a' && r <= 'z':
			kinds["lower"] = true
		case r >= 'A' && r <= 'Z':
			kinds["upper"] = true
		case r >= '0' && r <= '9':
			kinds["digit"] = true
		default:
			kinds["other"] = true
		}
	}
	switch score := len([]rune(pass)) + 3*len(kinds); {
	case score < 14:
		return "weak: whoever gets this disk can guess it; four or more words are better"
	case score < 23:
		return "fair"
	}
	return "strong"
}
