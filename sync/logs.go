package dagsync

import (
	"errors"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/internal/label"
	"causeway/merkle"
)

// Conv is the local id of a conversation. It never leaves this node.
type Conv [32]byte

// Key is one epoch of a conversation: Syn is its K_syn.
type Key struct {
	Conv  Conv
	Epoch [32]byte
	Syn   [32]byte
}

// Standing is what this node's own fold of membership says of a log.
type Standing uint8

// The standings of a log. An unknown one is pulled from, but not served: its
// admission may be among the entries that it brings.
const (
	Unknown Standing = iota
	Member
	Removed
)

// Proof shows who holds this end of a stream: the log and its signature over
// ProofMessage(tag).
type Proof struct {
	Log merkle.LogKey
	Sig [64]byte
}

// ProofMessage is what a log key signs to prove itself for one OPEN tag, which
// binds both ends of the stream; docs/spec/06-sync.md, section 4.
func ProofMessage(tag []byte) []byte { return append([]byte(label.SyncProof), tag...) }

// A Range names entries From to To, both included, of a log, on the chain that
// ends at or runs through Tip.
type Range struct {
	Log      merkle.LogKey
	Tip      merkle.ID
	From, To uint64
	height   uint64 // of the first entry, once Select has seen it
}

// An Ask names one entry, and so many of its predecessors by prev.
type Ask struct {
	ID    merkle.ID
	Depth uint64
}

// Want says which entries a reader asks for.
type Want struct {
	Ranges []Range
	IDs    []Ask
	Bytes  int // most bytes of headers and bodies to return now; at least one entry comes if any is left
}

// Empty says that nothing is asked for.
func (w Want) Empty() bool { return len(w.Ranges) == 0 && len(w.IDs) == 0 }

// A Mark is a place in a log that this node knows.
type Mark struct {
	Log merkle.LogKey
	Seq uint64
	ID  merkle.ID
}

// ErrNotYet is the answer of Logs.Read about a reader whose admission is not
// known here.
var ErrNotYet = errors.New("the reader's admission is not known here")

// Logs is what the service needs of the conversations of this node. Its methods
// are called from the goroutines of many streams at once; none may call Close
// of the Service. An error ends the stream and is nobody's fault, but for those
// named below.
type Logs interface {
	// Keys returns the epochs of every conversation, newest first in each: all
	// that are kept, since a peer may open by any of them.
	Keys() []Key

	// Shared returns the conversations that the user behind a log of c may be in
	// too: they are offered to the peer that has proven the log. It may return c.
	Shared(c Conv, log merkle.LogKey) []Conv

	// Own returns this node's log in c; zero if it has none. It may change: somebody
	// who was removed and added again writes another one.
	Own(c Conv) merkle.LogKey

	// Prove signs ProofMessage(tag) by this node's log in c. On an error c is
	// not opened.
	Prove(c Conv, tag []byte) (Proof, error)

	// Standing says whether a log belongs to c now.
	Standing(c Conv, log merkle.LogKey) Standing

	// Frontier returns the delivered and signed tips of c that a reader may see:
	// all for a member, those in the past of its removal and the removal itself
	// for a removed one (FrontierAt), none for an unknown one. For the zero
	// reader, which is this node, it returns all.
	Frontier(c Conv, reader merkle.LogKey) ([]merkle.Tip, error)

	// At returns the delivered entries of a log with this seq: several if the log
	// forked before, none if there is none.
	At(c Conv, log merkle.LogKey, seq uint64) ([]merkle.ID, error)

	// Read returns the next entries of a want in causal order, at most maxBatch,
	// and what is left of it. It checks the standing of the reader on every call
	// and passes over what the reader may not see (Select). It returns ErrNotYet
	// for an unknown reader.
	Read(c Conv, reader merkle.LogKey, w Want) (entries []merkle.Entry, rest Want, err error)

	// Add keeps blocks that came from a peer: the one door in. What it took is
	// durable when it returns. Bad blocks are no error.
	Add(c Conv, from peer.ID, blocks []merkle.Block) (merkle.Result, error)

	// Seen reports that the holder of a proven log has said over this stream
	// that it has delivered these entries and their past. Marks are repeated only
	// when they move.
	Seen(c Conv, log merkle.LogKey, marks []Mark)

	// Taken reports that the holder of a proven log was sent these entries of this
	// node's own log in c over this stream, and has granted CREDIT for them: they
	// came, and what it keeps of them is on its disk. It is no receipt. What is
	// reported by Seen soon after is left out.
	Taken(c Conv, log merkle.LogKey, own []Range)
}

// LateLogs are Logs that need not wait for the disk, so that one batch is taken
// while the one before is written. A Service makes use of it where it can.
type LateLogs interface {
	Logs

	// AddLater is Add, but it calls durable, once and from any goroutine, when what
	// it took is durable, and never if the disk fails before that. What it took is
	// not in the other answers until then.
	AddLater(c Conv, from peer.ID, blocks []merkle.Block, durable func()) (merkle.Result, error)
}

// An EventKind says what happened to a session.
type EventKind uint8

// The kinds of events. A session is one conversation on one stream.
const (
	Up      EventKind = iota + 1 // the peer has proven its log
	Synced                       // all that the peer has advertised is delivered here
	Refused                      // the peer says that this node's log was removed: a claim, not a fact
	Down                         // the session or its stream has ended
)

// Event is news of the session of a conversation with a peer that has proven to
// hold a log. Synced comes again after each time that the peer was ahead.
type Event struct {
	Kind EventKind
	Peer peer.ID
	Conv Conv
	Log  merkle.LogKey
}
