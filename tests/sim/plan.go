package sim

import (
	"time"
)

// A Plan is one run: who takes part, what the network is like, and what is done
// to them when. The same plan with the same seed is the same run. Parse reads it
// from a scenario file and Format writes one.
type Plan struct {
	Seed   uint64
	People []string
	Rivals []string // those of the people who may do anything: they are not to be trusted
	Groups []Founded
	Net    Net
	Length time.Duration // of the faulty part; then everything heals
	Steps  []Step        // by time
	File   string        // where it stands, for messages; empty: it was drawn
	Wrong  string        // the rule that this run must break, and no other; empty: none
}

// Founded is a group and who founds it.
type Founded struct {
	Name    string
	By      string
	Forward bool // policy forward, else shared
}

// Net is what the network does while it is faulty, to every frame.
type Net struct {
	Loss   float64       // share of frames that have to be sent again
	Delay  time.Duration // mean of one way
	Replay float64       // share of batches that are given to their reader once more, later
}

// A Step is one thing that is done to the nodes.
type Step struct {
	At  time.Duration
	Do  string   // a verb of verbs.go
	Who []string // the first one does it, or suffers it
	In  string   // a conversation: a group's name, or two people as alice-bob
	For time.Duration
	N   int
}
