package chat

import "time"

// The limits of a conversation. Everything from outside is checked against them
// before it is kept.
const (
	MaxText      = 96 << 10 // bytes of one message's text; a body holds 128 KiB
	MaxName      = 64       // bytes of a conversation's name
	MaxMembers   = 64       // members that one rekey can seal to (one block of slots)
	MaxOffers    = 16       // log keys one contact may have on offer here
	maxLinks     = 16       // parent epochs that one rekey names
	maxAwaited   = 64       // groups that welcomes announced and whose first entry has not come
	maxWall      = 1 << 53  // ms: what clocks say beyond it says nothing
	maxCut       = 64       // logs that one leaf cuts
	maxService   = 32 << 10 // bytes of one service payload
	orderBatch   = 512      // entries read at once when clocks move
	maxHot       = 4096     // clocks known by heart
	maxHotChains = 256      // chains of logs in epochs, the same
	maxSkip      = 64       // chain steps tried ahead for one unread entry
	rekeyEvery   = 7 * 24 * time.Hour
	rekeyCount   = 500
	aheadMillis  = 10 * 60 * 1000 // a wall time further ahead than this is marked
)
