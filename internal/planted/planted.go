// Package planted names mistakes that the simulator must find. The rooms ask for
// them where an honest programmer could have made them; without the build tag
// "planted" the answer is a constant, and the compiler leaves nothing of them in
// the program. See docs/testing.md, "Planted bugs".
package planted

import "strings"

// A Bug is one mistake: its name, and in a sentence what is done wrong.
type Bug string

// Name is what comes before the colon.
func (b Bug) Name() string {
	name, _, _ := strings.Cut(string(b), ": ")
	return name
}

// What is what comes after it.
func (b Bug) What() string {
	_, what, _ := strings.Cut(string(b), ": ")
	return what
}

// The mistakes, by the room in which they are made.
const (
	NoFsync Bug = "no-fsync: store acknowledges a transaction before the log of transactions is synced"

	NoCausalBuffer Bug = "no-causal-buffer: merkle waits for prev only, and delivers before the parents are here"
	TwiceDelivered Bug = "twice-delivered: merkle delivers an entry again that comes a second time"

	StaleSalt Bug = "stale-salt: seal gives every entry the same salt"

	NoK1   Bug = "no-k1: group lets a key encrypt that does not know every removal"
	NoRank Bug = "no-rank: group lets any admin remove any other, a founder too"
	NoA3   Bug = "no-a3: group lets stand what somebody wrote without knowing of their removal"

	NoK3        Bug = "no-k3: chat writes under a key without sharing it with members who lack it"
	NoK4        Bug = "no-k4: chat does not change the key at a removal"
	SeenAhead   Bug = "seen-ahead: chat counts a receipt from 1, so it covers one entry too many"
	NoRotate    Bug = "no-rotate: chat continues its log after entries of it came back from others"
	ByArrival   Bug = "by-arrival: chat orders the display by when entries came"
	NoHybrid    Bug = "no-hybrid: chat orders the display by the authors' clocks alone"
	NoRescan    Bug = "no-rescan: chat does not try unread entries again when a key comes"
	NoReclock   Bug = "no-reclock: chat leaves the order as it was when an old entry becomes readable"
	ChainStands Bug = "chain-stands: chat seals under the same key of its chain again"

	SeqOnly       Bug = "seq-only: sync takes a row for delivered whose seq it has, whatever its head"
	NoWantByID    Bug = "no-want-by-id: sync asks for what follows its own tips and for nothing below"
	TakenWhenSent Bug = "taken-when-sent: sync reports entries as taken when they are sent, not when credited"
	ReceiptUntold Bug = "receipt-untold: sync keeps to itself what a peer says that it has delivered"
	RemovedServed Bug = "removed-served: sync serves a removed reader like a member"

	ReceiptFirst Bug = "receipt-first: mailbox signs for a parcel whether it could be kept or not"
	OneTooMany   Bug = "one-too-many: mailbox takes one parcel more than a slot may hold"
	NoTombstone  Bug = "no-tombstone: mailbox forgets a parcel that the owner deleted"
	CursorFirst  Bug = "cursor-first: mailbox moves the owner's cursor before a parcel is kept"
)
