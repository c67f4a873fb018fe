package store

// Space is the first byte of every key: it says which room owns the key. The
// owner lays out the rest, by Key, with a sub-space byte of its own first.
type Space byte

// Every space there is. A byte that was once given out is never given to
// another room.
const (
	SpaceStore   Space = 0x01 // store: reserved for its own records
	SpaceMerkle  Space = 0x10 // merkle: headers, bodies, logs, indexes; then the conversation's 32-byte prefix
	SpaceChat    Space = 0x20 // chat: conversations, folds, keys, the message view
	SpaceContact Space = 0x30 // contact: the book, invites, requests
	SpaceSync    Space = 0x40 // sync (dagsync): cursors, digests, known peers
	SpaceMailbox Space = 0x50 // mailbox: boxes, slots, parcels, receipts, on both sides
	SpaceNode    Space = 0x60 // node: identity secrets, settings, outbox, events
	SpaceTest    Space = 0xf0 // tests of any room; never in a real store
)
