// Package label holds every signing purpose, key-derivation label and protocol
// id of Causeway, so that no two uses of a key can be mistaken for each other.
// It knows nothing else. See docs/spec/00-overview.md, section 3.
package label

// merkle, docs/spec/01-log.md
const (
	// LogEntry precedes the header fields that a log key signs.
	LogEntry = "causeway/1 log entry"
)

// dht, docs/spec/05-finding.md
const (
	// Rendezvous derives the tag under which a publisher is found on one day.
	Rendezvous = "causeway/1 rendezvous tag"
	// PublisherLottery draws the members of a group who publish on one day.
	PublisherLottery = "causeway/1 publisher lottery"
)

// identity, docs/spec/04-people.md
const (
	// CardSalt derives the salt of a card from the seed of its root.
	CardSalt = "causeway/1 card salt"
	// DeviceCert precedes what an issuer signs to vouch for a device.
	DeviceCert = "causeway/1 device certificate"
	// Leaf precedes what a device signs to bring a log into a conversation.
	Leaf = "causeway/1 leaf"
	// LeafPossession precedes what a log key signs to say whose log it is.
	LeafPossession = "causeway/1 possession of log"
	// LeafRecovery precedes what a root signs to admit a log by recovery words.
	LeafRecovery = "causeway/1 leaf recovery"
	// SafetyNumber starts the hash chain behind a user's digits.
	SafetyNumber = "causeway/1 safety number"
)

// seal, docs/spec/03-keys.md
const (
	// The secrets of an epoch, each from the key that its slots carry.
	EpochControl    = "causeway/1 epoch control"
	EpochMessages   = "causeway/1 epoch messages"
	EpochLink       = "causeway/1 epoch link"
	EpochRendezvous = "causeway/1 epoch rendezvous"
	EpochMailbox    = "causeway/1 epoch mailbox"
	EpochSync       = "causeway/1 epoch sync"
	EpochChains     = "causeway/1 epoch chains"
	// ChainStart derives the chain of one log, ChainStep its next link, ChainKey
	// the key of one message.
	ChainStart = "causeway/1 chain start"
	ChainStep  = "causeway/1 chain step"
	ChainKey   = "causeway/1 chain key"
	// SealEntry derives the key of one entry, SealBox that of one box.
	SealEntry = "causeway/1 seal entry"
	SealBox   = "causeway/1 seal box"
	// SealCommit derives the cipher's key and the commitment to it.
	SealCommit = "causeway/1 seal commit"
	// UserKEM derives a user's KEM key of one generation.
	UserKEM = "causeway/1 user kem"
	// Slot is in the HPKE info of a slot, SlotTag in the hash that addresses it.
	Slot    = "causeway/1 slot"
	SlotTag = "causeway/1 slot tag"
	// LinkControl and LinkHistory seal the two halves of a link to an earlier epoch.
	LinkControl = "causeway/1 link control"
	LinkHistory = "causeway/1 link history"
)

// sync (dagsync), docs/spec/06-sync.md
const (
	// SyncProtocol is the protocol id of the sync stream.
	SyncProtocol = "/causeway/sync/1.0.0"
	// SyncOpen derives the tag by which a conversation is opened on a stream.
	SyncOpen = "causeway/1 sync open"
	// SyncProof precedes the tag that a log key signs to prove itself.
	SyncProof = "causeway/1 sync proof"
	// SyncBox derives the key under which the proof travels.
	SyncBox = "causeway/1 sync box"
	// SyncRows derives the salt of the row tags of one session.
	SyncRows = "causeway/1 sync rows"
)

// contact, docs/spec/04-people.md
const (
	// The secrets of an invite, each from the secret in its link.
	InviteID         = "causeway/1 invite id"
	InviteRendezvous = "causeway/1 invite rendezvous"
	InviteOffer      = "causeway/1 invite offer key"
	InviteMAC        = "causeway/1 invite mac key"
	InviteDeposit    = "causeway/1 invite deposit token"
	// InviteCheck starts the hash behind the check characters of a link.
	InviteCheck = "causeway/1 invite check"
	// Offer and Request are the purposes of the boxes of first contact.
	Offer   = "causeway/1 offer"
	Request = "causeway/1 request"
	// OfferSignature and RequestSignature precede what a log key signs in them.
	OfferSignature   = "causeway/1 signature of offer"
	RequestSignature = "causeway/1 signature of request"
	// RequestMAC precedes what the MAC of a request covers.
	RequestMAC = "causeway/1 mac of request"
)

// node, docs/spec/04-people.md and 07-mailbox.md
const (
	// DeviceKEM derives the KEM key by which a device opens its self group.
	DeviceKEM = "causeway/1 device kem"
	// DepositSecret derives what one contact deposits under in our mailbox.
	DepositSecret = "causeway/1 deposit secret"
	// InviteAsk derives what the holder of an invite shows to get its offer.
	InviteAsk = "causeway/1 invite ask"
	// Stick seals the sections of an export under an epoch's mailbox secret.
	Stick = "causeway/1 stick"
)

// mailbox, docs/spec/07-mailbox.md
const (
	// MailboxProtocol is the protocol id of the custodian's stream.
	MailboxProtocol = "/causeway/mailbox/1.0.0"
	// MailboxReceiptKey and MailboxTag derive, from a custodian's own secret, the
	// receipt key and the tag secret of one box.
	MailboxReceiptKey = "causeway/1 mailbox receipt key"
	MailboxTag        = "causeway/1 mailbox tag secret"
	// MailboxGroupBox and MailboxGroupDeposit derive, from an epoch's mailbox
	// secret, the group's box key and a writer's deposit secret.
	MailboxGroupBox     = "causeway/1 mailbox group box"
	MailboxGroupDeposit = "causeway/1 mailbox group deposit"
	// MailboxSlot derives the slot secret of one week, MailboxSlotID what is
	// shown of it to one custodian, MailboxParcel the keys of its parcels.
	MailboxSlot   = "causeway/1 mailbox slot"
	MailboxSlotID = "causeway/1 mailbox slot id"
	MailboxParcel = "causeway/1 mailbox parcel"
	// MailboxGrant names a grant by its token, MailboxVoucher derives the right
	// to one box from it; MailboxGrantUse proves to the custodian that the owner
	// has that right, MailboxGrantMade the reverse.
	MailboxGrant     = "causeway/1 mailbox grant"
	MailboxVoucher   = "causeway/1 mailbox voucher"
	MailboxGrantUse  = "causeway/1 mailbox grant use"
	MailboxGrantMade = "causeway/1 mailbox grant made"
	// MailboxProof precedes what a custodian signs to prove a receipt key,
	// MailboxOwner what an owner signs to prove a box key.
	MailboxProof = "causeway/1 mailbox custodian proof"
	MailboxOwner = "causeway/1 mailbox owner proof"
	// MailboxReceipt, MailboxQuota and MailboxDelete precede the three signed
	// facts about one parcel.
	MailboxReceipt = "causeway/1 mailbox receipt"
	MailboxQuota   = "causeway/1 mailbox quota"
	MailboxDelete  = "causeway/1 mailbox delete"
)

// store, docs/spec/08-store.md
const (
	// StoreFile derives the key of one file of the database.
	StoreFile = "causeway/1 store file"
	// StoreMeta derives the key that seals what is known of a store as a whole.
	StoreMeta = "causeway/1 store meta"
	// StoreInventory derives the key of the inventory of a closed store.
	StoreInventory = "causeway/1 store inventory"
	// StoreSlot precedes the head of a key slot that its wrapping is bound to.
	StoreSlot = "causeway/1 store slot"
	// StoreKeyFile derives the key-encryption key from a key file.
	StoreKeyFile = "causeway/1 store key file"
)
