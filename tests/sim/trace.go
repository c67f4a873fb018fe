package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"time"
)

// A Line is one thing that happened, at a time since the beginning of the run.
type Line struct {
	At   time.Duration
	Who  string // a node, or empty: the world
	Kind string // say, show, fault, net, mail, group, heal, wrong
	Text string
}

func (l Line) String() string { return fmt.Sprintf("%9.3fs %-7s %s", l.At.Seconds(), l.Who, l.Text) }

// A Trace is what happened in a run, in order. Its digest covers every frame
// too.
type Trace struct {
	Lines []Line
	sum   hash.Hash
}

func newTrace() *Trace { return &Trace{sum: sha256.New()} }

func (t *Trace) add(l Line) {
	t.Lines = append(t.Lines, l)
	fmt.Fprintln(t.sum, l.String())
}

// note takes bytes into the digest only.
func (t *Trace) note(parts ...[]byte) {
	for _, p := range parts {
		t.sum.Write(p)
	}
}

// Digest names the run: two runs with one digest did the same.
func (t *Trace) Digest() string { return hex.EncodeToString(t.sum.Sum(nil))[:32] }
