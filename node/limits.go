package node

import "time"

// Periods of the node's loops. Each also runs when its bell rings; these are
// the times after which it looks again by itself.
const (
	meetEvery      = 2 * time.Second // attempts are spaced by pace
	publishEvery   = time.Hour
	outboxEvery    = 30 * time.Second
	collectEvery   = 5 * time.Minute
	introduceEvery = 20 * time.Second
	ackEvery       = time.Hour
	sweepEvery     = time.Hour
)

// Bounds of what the node does at once, keeps and waits for.
const (
	findTime      = 12 * time.Second // one look-up, retries included
	dialTime      = 10 * time.Second
	headStart     = 500 * time.Millisecond // of an address known over a look-up
	depositTime   = 20 * time.Second
	collectTime   = 2 * time.Minute
	partingTime   = 1500 * time.Millisecond // parking on the way out
	graceTime     = 3 * time.Second         // for a live receipt before mail is parked all the same
	ackPause      = time.Minute             // between entries that only acknowledge
	ackPauseLarge = time.Hour               // the same in a group of more than ackMembers
	ackMembers    = 32
	copies        = 3               // custodians that a message is parked with
	offersKept    = 4               // log keys that each contact may add us with
	raceAtOnce    = 4               // peers tried side by side
	meetAtOnce    = 4               // look-ups side by side
	parkAtOnce    = 6               // custodians visited side by side, to park
	paceLeast     = 2 * time.Second // before the second attempt to meet somebody
	paceMost      = time.Hour
	maxAddrs      = 8  // own addresses told to contacts
	recentEpochs  = 3  // epochs under whose tags a conversation meets
	groupDrawn    = 16 // members of a group who publish its tag on one day
	weeksAhead    = 13 // weeks of slots registered with a custodian
	weeksBack     = 5
	outboxRest    = 50 * time.Millisecond // so that many messages in a row are looked after at once
	keptEvents    = 10_000                // at least; old ones go every trimEvery
	trimEvery     = 256
	segmentBytes  = 900 << 10          // entries in one parcel, before sealing
	retryTime     = 5 * time.Second    // before a custodian that failed is visited again
	stickEntries  = 2_000              // entries read at once for an export
	stickBytes    = 200 << 10          // entries in one section of an export; with one large body it fits a frame
	fullPause     = 10 * time.Minute   // before a custodian that takes no more is asked again
	laidKept      = 32                 // parcels in a slot that are asked for later
	askedAtOnce   = 8                  // of them at one visit
	groupWeeks    = 5                  // weeks of slots registered for a group's box, which ends with its epoch
	waitingPart   = 500                // entries of an own log that status looks at together
	maxTips       = 64                 // ids by which a parked row says what lies there
	parkedEntries = 20_000             // entries parked in one round; the next ones follow in the next
	renewBefore   = 7 * 24 * time.Hour // before mail expires with a custodian it is parked anew; a quarter of its time at most
	inviteTime    = 7 * 24 * time.Hour
	endedKept     = 16                  // invites, latest first, whose holders are told that they ended
	refusedTime   = 30 * 24 * time.Hour // that an invite accepted in vain is shown
)
