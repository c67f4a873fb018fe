package merkle

// Limits of the log (docs/spec/01-log.md, section 6).
const (
	// MaxBody bounds a body, in bytes.
	MaxBody = 128 << 10
	// MaxParents bounds the parents of an entry, prev not counted.
	MaxParents = 16
	// MaxCount bounds seq and height, so that both fit a float64.
	MaxCount = 1 << 53
	// MaxHeader bounds an encoded header: 16 parents and every integer at its
	// longest.
	MaxHeader = 864

	// MaxPending bounds what is kept of one log while no good signature covers
	// it, in bytes; maxPendingAll that of all logs of a conversation together.
	MaxPending    = 1 << 20
	maxPendingAll = 8 << 20
	// MaxWaiting bounds what is kept of one log while a prev or parent is
	// missing, in bytes; maxWaitingAll that of all logs together.
	MaxWaiting    = 4 << 20
	maxWaitingAll = 32 << 20
	// MaxHeld bounds the entries kept of a frozen log for which no other user
	// has vouched.
	MaxHeld = 64

	// maxTwins bounds the branches searched for the proof of a fork.
	maxTwins = 64
	// maxSteps is the longest way from a stored clock to the full one that it
	// builds on.
	maxSteps = 64
	// maxMemo bounds the clocks that one transaction keeps in memory, counted
	// in branches.
	maxMemo = 1 << 20

	// What is known by heart from one change to the next: ticks of clocks, logs or
	// branches, heads.
	maxHotMemo  = 1 << 14
	maxHotLogs  = 1 << 13
	maxHotHeads = 1 << 8
)
