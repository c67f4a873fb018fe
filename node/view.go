package node

import (
	"time"

	"causeway/identity"
	"causeway/merkle"
)

// Person is a user as this node shows it: the petname given here, else the name
// that the person claims.
type Person struct {
	UID  identity.UID
	Name string
}

// Self says who this node's user is and how the running node is reached.
type Self struct {
	Person
	Device   string   // short id of this device
	PeerID   string   // the transport identity of this run; a new one at every start
	Addrs    []string // dialable multiaddrs, each ending in /p2p/PEERID
	SafetyID string   // the half of every safety number that belongs to this user
}

// Status is the health of the node.
type Status struct {
	State    string // "online", "connecting" or "offline"
	Ready    bool   // it listens, and if there are nodes to meet first, one was reached
	Network  []string
	Peers    int // connected transport peers
	DHT      int // peers in the routing tables
	Queued   int // own messages that nobody else holds yet
	Parked   int // own messages that custodians hold and nobody has received
	Custody  int // parcels held here for others
	Started  time.Time
	Health   []Advice
	Contacts int
	Groups   int
	Events   uint64 // number of the newest event; a reader who wants only what comes resumes from it
}

// Advice is one finding about the node's health and what to do about it.
type Advice struct {
	Code string // stable, for scripts
	Text string // one sentence for people, with the next step
}

// Invite is a one-time link.
type Invite struct {
	ID      string
	Link    string
	Expires time.Time
	Uses    int // uses left
	Revoked bool
	StandIn int // custodians that stand in while this node is away
}

// InviteOptions says how long an invite lives and how often it may be used.
type InviteOptions struct {
	Expires time.Duration // 0: 7 days
	Uses    int           // 0: 1
}

// ContactState tells how far two users have come with each other.
type ContactState string

// The states of a contact.
const (
	ContactInvited  ContactState = "waiting"  // I accepted their invite; their node has not answered yet
	ContactRequests ContactState = "request"  // they ask; I have not answered
	ContactAccepted ContactState = "accepted" // both sides have agreed
	ContactBlocked  ContactState = "blocked"
	ContactRefused  ContactState = "refused" // I accepted their invite, and it had ended
)

// Contact is one line of the address book.
type Contact struct {
	Person
	Verified bool
	How      string // "invite", "introduced", "qr"
	Online   bool
	Path     string // "direct", "relay", "lan", "custodian" or "none"
	State    ContactState
	Why      string // of ContactRefused: a sentence
	Reached  bool   // only of an invite accepted just now: their own node took the request
}

// Request is somebody who asks to become a contact.
type Request struct {
	Person
	How      string
	Received time.Time
}

// MessageState is where a message is; each is backed by a fact (UX.md 1).
type MessageState string

// The states of a message.
const (
	StateQueued    MessageState = "queued"
	StateParked    MessageState = "parked"
	StateSent      MessageState = "sent"
	StateDelivered MessageState = "delivered"
	StateReceived  MessageState = "received" // somebody else's message, held and verified here
	StateExpired   MessageState = "expired"
	StateFailed    MessageState = "failed"
)

// Message is one line of a conversation.
type Message struct {
	ID     merkle.ID
	Chat   string // "@name" or "#name"
	Author Person
	Own    bool
	Time   time.Time // as its author claims, clamped (spec 01)
	Kind   string    // "text" or "event"
	Text   string
	Reply  merkle.ID // zero: none
	State  MessageState
	Marks  []string // "late", "clock", "unsettled", "void"
	Parked struct{ Have, Want int }
	Sent   struct{ Have, Want int } // handed over to k of n, receipt or not
	Got    struct{ Have, Want int } // delivered to k of n
}

// Timeline is a page of a conversation in display order, oldest first.
type Timeline struct {
	Messages []Message
	Gaps     []Gap
}

// Gap names entries that the log mentions and this node does not hold yet.
type Gap struct {
	Missing int
	Asking  []Person
}

// Page selects messages of a conversation.
type Page struct {
	Limit  int       // 0: 50
	Before merkle.ID // zero: from the end
	Since  time.Time // zero: no bound
}

// Outgoing is a message to be written.
type Outgoing struct {
	Target string // @name, @uid, #group, #group-id
	Text   string
	Reply  merkle.ID
}

// MessageStatus says where one message is and who signed for that.
type MessageStatus struct {
	ID        merkle.ID
	State     MessageState
	Parked    []ParkedAt
	Asked     int      // custodians that Parked is out of
	Sent      []Person // whose device took it, without a receipt yet
	Delivered []DeliveredTo
	Others    int // recipients that Delivered is out of
}

// ParkedAt is one custodian's signed promise.
type ParkedAt struct {
	Custodian Person
	Until     time.Time
}

// DeliveredTo is one recipient's receipt.
type DeliveredTo struct {
	Person
	Time time.Time
}

// Group is one group conversation.
type Group struct {
	ID      [32]byte
	Name    string
	History string // "shared" or "forward"
	Epoch   string // id of the key in use
	Members int
	Left    bool // this user is no longer a member
}

// Member is one user of a group.
type Member struct {
	Person
	Role    string // "admin" or "member"
	Rank    int    // 0 is the most senior
	Since   time.Time
	Settled bool
}

// Custody is what this node holds for others and who holds its mail.
type Custody struct {
	Holding []Holding
	HeldBy  []HeldBy
}

// Holding is one owner's box here.
type Holding struct {
	Owner   Person
	Allowed bool
	Parcels int
	Bytes   int64
	Max     int64
	TTL     time.Duration // how long each parcel is kept
	Oldest  time.Time
	Ends    time.Time // when what is left goes, after consent was taken back; zero: not ending
}

// HeldBy is one custodian of this user.
type HeldBy struct {
	Custodian Person
	State     string // "offered", "asked", "registering", "ready", "dropped", "withdrawn"
	Parcels   int
	Audited   time.Time // zero: never
}

// Transfer counts what an export wrote or an import found.
type Transfer struct {
	Entries, New, Duplicates, Refused int
}

// Event is one thing that happened, numbered; consumers resume with the number.
type Event struct {
	Seq     uint64
	Time    time.Time
	Kind    string // "message", "state", "contact", "request", "group", "custody", "network"
	Chat    string
	Message *Message
	Contact *Contact
	Text    string // one readable line
}

// Version is what this build calls itself.
const Version = "0.1.0"
