package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"causeway/api"
	"causeway/store"
)

// The exit codes, fixed for scripts.
const (
	exitOK = iota
	exitError
	exitUsage
	exitNotRunning
	exitNotFound
	exitRefused
	exitTimeout
	exitQueued
	exitLocked
)

var exitOf = map[api.Kind]int{
	api.KindError:      exitError,
	api.KindInvalid:    exitUsage,
	api.KindNotRunning: exitNotRunning,
	api.KindNotFound:   exitNotFound,
	api.KindRefused:    exitRefused,
	api.KindDenied:     exitRefused,
	api.KindTimeout:    exitTimeout,
	api.KindQueued:     exitQueued,
	api.KindLocked:     exitLocked,
}

// errQuiet ends a verb with exit code 1 after it has said everything itself.
var errQuiet = errors.New("")

func usage(format string, args ...any) error {
	return api.Errorf(api.KindInvalid, format, args...)
}

// report says an error in one sentence and returns the exit code.
func (a *app) report(err error, args []string) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errQuiet) || errors.Is(err, syscall.EPIPE) {
		return exitError
	}
	e := a.sentence(err)
	e.Detail.Text = short(e.Detail.Text)
	if a.json || slices.Contains(args, "--json") {
		if b, err := json.Marshal(e); err == nil {
			fmt.Fprintf(a.err, "%s\n", api.InertJSON(b))
		}
	} else {
		fmt.Fprintf(a.err, "peer: %s\n", api.InertLine(e.Detail.Text))
	}
	return exitOf[e.Detail.Kind]
}

// sentence turns any error into one of the API's kinds and one sentence with the next step.
func (a *app) sentence(err error) *api.Error {
	text := strings.TrimRight(err.Error(), "\n")
	switch {
	case errors.Is(err, store.ErrLocked):
		return api.Errorf(api.KindLocked, "the passphrase does not open this home: nothing was changed, try again")
	case errors.Is(err, store.ErrInUse):
		return api.Errorf(api.KindError, "a node already runs on this home: use it, or stop it first (`%s status` tells about it)", a.self())
	case errors.Is(err, store.ErrExists):
		return a.occupied()
	case errors.Is(err, store.ErrNotExist):
		return api.Errorf(api.KindNotFound, "nobody is set up here yet: run `%s init --name YOU`", a.self())
	case errors.Is(err, store.ErrNewer):
		return api.Errorf(api.KindError, "this home was written by a newer version of Causeway: install that version; nothing was changed")
	case errors.Is(err, store.ErrOlder):
		return api.Errorf(api.KindError, "this home was made by an earlier build, of before 1.0: make a new home (`peer --home DIR init --name YOU`), or use that build; nothing was changed")
	case errors.Is(err, store.ErrDamaged):
		return api.Errorf(api.KindError, "a file of this home is damaged (%s): nothing was changed; restore the folder from a copy", below(text, store.ErrDamaged))
	case errors.Is(err, store.ErrFull), errors.Is(err, syscall.ENOSPC):
		return api.Errorf(api.KindError, "no space is left on the device: nothing was lost, make room and try again")
	case errors.Is(err, store.ErrIO):
		return api.Errorf(api.KindError, "the disk of this home does not serve (%s); nothing was changed: look at the disk and at the rights of the folder, then start again", first(diskWords(err), below(text, store.ErrIO)))
	case errors.Is(err, context.Canceled):
		return api.Errorf(api.KindError, "stopped")
	case errors.Is(err, context.DeadlineExceeded):
		return api.Errorf(api.KindTimeout, "the time ran out; give it more with --timeout")
	}
	var known *api.Error
	if !errors.As(err, &known) {
		if e := fileSentence(err); e != nil {
			return e
		}
	}
	return api.Errorf(api.KindOf(err), "%s", text)
}

// below is what stands in text after the words of a sentinel: what it is about.
func below(text string, sentinel error) string {
	_, rest, _ := strings.Cut(text, sentinel.Error())
	return first(strings.TrimPrefix(rest, ": "), text)
}

const mostWords = 1200 // letters of a sentence

// short leaves out the middle of a sentence into which somebody put a very long word.
func short(text string) string {
	r := []rune(text)
	if len(r) <= mostWords {
		return text
	}
	return string(r[:mostWords/2]) + " … " + string(r[len(r)-mostWords/2:])
}
