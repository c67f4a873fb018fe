package group

import (
	"causeway/identity"
	"causeway/merkle"
)

// Kind tells what a membership entry does.
type Kind uint8

// The kinds (spec 02, section 2). An entry whose payload is malformed or whose
// certificates do not hold is Other.
const (
	Other  Kind = iota // no effect on membership: rekey, share, message
	Found              // creates the conversation and names its founders
	Grant              // admits a user with one log, or promotes
	Revoke             // removes a user
	Demote             // makes an admin a member
	Leave              // its author leaves
	Leaf               // adds a log to its author's, ends others, or both
	Fault              // proves that a log has forked
)

// Role is what a tenure allows.
type Role uint8

// The roles.
const (
	Ordinary Role = iota // may write
	Admin                // may also admit, remove and demote
)

func (r Role) String() string {
	if r == Admin {
		return "admin"
	}
	return "member"
}

// History says how much of the past a member was admitted to. Any value but
// HistoryAll gives none.
type History uint8

// The histories.
const (
	HistoryNone History = iota // what is said from the admission on
	HistoryAll
)

// An Admission names a user and the log that the user may write. The log's key
// has agreed to it in a certificate of that user (identity.Leaf).
type Admission struct {
	User identity.UID
	Log  merkle.LogKey
}

// An Op is one entry as the fold sees it: header fields, and those of the
// fields below that its Kind names. Whoever makes it has checked that
// certificates hold, that a Fault proves a fork, and that the Found is the
// entry whose ID names the conversation.
type Op struct {
	ID      merkle.ID
	Log     merkle.LogKey
	Seq     uint64
	Height  uint64
	Prev    merkle.ID
	Parents []merkle.ID
	Kind    Kind

	Founders []Admission // Found: in order of rank

	Admit   Admission // Grant: a promotion names the log already in use
	Role    Role      // Grant
	History History   // Grant

	Target identity.UID // Revoke, Demote

	New  merkle.LogKey   // Leaf: the log added; zero: none
	Of   identity.UID    // Leaf: the user whom the certificate of New names
	Root bool            // Leaf: signed by the root key of Of
	Cut  []merkle.LogKey // Leaf: logs ended

	FaultLog merkle.LogKey // Fault: the forked log
}

// Ref returns what Counts needs to know of the entry.
func (o *Op) Ref() Ref {
	return Ref{ID: o.ID, Log: o.Log, Seq: o.Seq, Height: o.Height, Parents: o.Parents}
}

// names reports whether the entry admits a log, whoever wrote it and whether it
// stands or not.
func (o *Op) names(log merkle.LogKey) bool {
	switch o.Kind {
	case Found:
		for _, f := range o.Founders {
			if f.Log == log {
				return true
			}
		}
	case Grant:
		return o.Admit.Log == log
	case Leaf:
		return o.New == log
	}
	return false
}

// byRoot reports whether the entry is a root leaf: the first entry of the very
// log that it adds.
func (o *Op) byRoot() bool {
	return o.Kind == Leaf && o.Root && o.Seq == 0 && o.Log == o.New
}

// A Ref names any delivered entry of the conversation, a message too.
type Ref struct {
	ID      merkle.ID
	Log     merkle.LogKey
	Seq     uint64
	Height  uint64
	Parents []merkle.ID
}

// Past answers questions about the DAG. It is asked about delivered entries only.
type Past interface {
	// Before reports whether a lies strictly in the past of b.
	Before(a, b merkle.ID) bool
	// First returns the entry with seq 0 that id reaches by prev links.
	First(id merkle.ID) Ref
}
