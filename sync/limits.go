package dagsync

import (
	"time"

	"causeway/internal/wire"
)

// Bounds of single frames; docs/spec/06-sync.md, section 3.
const (
	maxFrame   = wire.MaxFrame
	minFrame   = 192 << 10 // least max_frame of a peer: one entry with the largest body fits
	maxOffers  = 64        // offers in one OPEN
	maxBox     = 256       // bytes of a sealed proof
	maxRows    = 6 << 10   // rows in one STATE or HEADS
	maxRanges  = 4 << 10   // ranges in one WANT
	maxIDs     = 64        // wanted ids in one WANT
	maxDepth   = 1 << 10   // predecessors that come with a wanted id
	firstDepth = 8         // how far a walk back goes first
	depthStep  = 4         // and how many times as far after each step
	maxBatch   = 1 << 10   // entries in one ENTRIES
	batchBytes = 240 << 10 // headers and bodies in one ENTRIES, before packing
	entryFrame = 136 << 10 // an ENTRIES with one entry of any size is shorter
	frameSlack = 1 << 10   // an ENTRIES is longer than its headers and bodies by less
	eagerBytes = 16 << 10  // one ENTRIES that nobody asked for, as a frame
)

// Bounds of what one stream may hold or cause.
const (
	maxSessions   = 1 << 10
	maxStateRows  = 64 << 10 // rows of one STATE over all its frames
	maxBranches   = 64       // rows of one log: a log that forks more often is cut here
	maxAsked      = 4 << 10  // wanted ids remembered by one session
	maxTaken      = 64       // ranges that a session has credited and the node was not told yet
	maxFailed     = 1 << 10  // rows remembered as not served by one session
	maxEnded      = 64       // sessions that ended, of which entries may still come
	readBuffer    = 32 << 10
	writePiece    = 16 << 10
	maxOut        = 256     // control frames that wait for the writer
	maxPulls      = 4       // sessions of one stream with a request under way
	keysTried     = 4       // epochs offered for one conversation, newest first
	sessionCredit = 1 << 20 // bytes of ENTRIES under way in one session
	streamCredit  = 4 << 20 // and in one stream
)

// Bounds of the node.
const (
	maxStreams   = 256
	maxUnproven  = 32 // inbound streams without a proven session
	maxLeases    = 16 // conversations pulled in bulk at the same time
	bulkEntries  = 64 // a pull that may bring more than this is one in bulk
	maxPeers     = 4 << 10
	maxStrikes   = 64
	unknownBytes = 16 << 20 // of entries an hour from logs that are not known to be members'
	opensFailed  = 5        // OPEN frames with a failure, a minute and peer
	opensProven  = 60       // the same for a peer that has proven a log
	eagerBurst   = 160      // ENTRIES taken unasked
	eagerRate    = 24       // a second and session
	pushBurst    = 100      // ENTRIES sent unasked: together with maxPushed below eagerBurst
	pushRate     = 20       // a second and session
	maxPushed    = 32       // ENTRIES sent unasked and not credited
)

// Times.
const (
	progressTime = 15 * time.Second // a peer that owes something must move
	frameTime    = 2 * time.Minute  // one frame from its first byte to its last
	removedTime  = 30 * time.Second // for a removed reader to take its removal
	relayDelay   = 100 * time.Millisecond
	pullPause    = 300 * time.Millisecond // between pulls that HEADS cause
	leasePause   = time.Second
	tipLease     = 2 * time.Second
	offerPause   = 15 * time.Second // after which a peer may offer again
	idleTime     = 30 * time.Second // a stream without a session
	retryLeast   = 30 * time.Second // before a row that was not served is asked for again
	retryMost    = 10 * time.Minute
	backoffLeast = time.Minute
	backoffMost  = time.Hour
)
