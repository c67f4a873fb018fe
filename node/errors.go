package node

import "errors"

// What can go wrong, as far as a caller decides by it (CLI.md, exit codes).
var (
	ErrNotFound = errors.New("not found")
	ErrRefused  = errors.New("refused")
	ErrInvalid  = errors.New("invalid")
	ErrClosed   = errors.New("the node is stopping")
)

// Explained is an error with a sentence for people that says what to do next.
type Explained struct {
	Kind error  // one of the sentinels above
	Text string // one clear sentence, no trailing full stop needed
}

func (e *Explained) Error() string { return e.Text }

// Unwrap gives the sentinel that a caller decides by.
func (e *Explained) Unwrap() error { return e.Kind }
