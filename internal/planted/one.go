//go:build planted

package planted

import "os"

// Now is the bug that is planted at present: the name of one, or empty. Change
// it only while nothing runs.
var Now = os.Getenv("CAUSEWAY_PLANTED")

// Is reports whether a bug is planted.
func Is(b Bug) bool { return b.Name() == Now }

// All lists the bugs.
var All = []Bug{
	NoFsync,
	NoCausalBuffer, TwiceDelivered,
	StaleSalt,
	NoK1, NoRank, NoA3,
	NoK3, NoK4, SeenAhead, NoRotate, ByArrival, NoHybrid, NoRescan, NoReclock, ChainStands,
	SeqOnly, NoWantByID, TakenWhenSent, ReceiptUntold, RemovedServed,
	ReceiptFirst, OneTooMany, NoTombstone, CursorFirst,
}
