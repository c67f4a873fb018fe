package api

import (
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// V1 is the version mark "v":1 that every answer carries. A client refuses any other.
type V1 struct{}

// MarshalJSON writes 1.
func (V1) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

// UnmarshalJSON accepts 1 only.
func (V1) UnmarshalJSON(b []byte) error {
	if string(b) != "1" {
		return fmt.Errorf("this program understands version 1 of the local API, the node answered in version %s: use the same build for both", b)
	}
	return nil
}

// Schema describes V1 to OpenAPI.
func (V1) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Enum: []any{1}, Description: "version of this form"}
}

// Person is a user: the petname given here, else the name that the person claims.
type Person struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

// Self is this node's user and how the running node is reached.
type Self struct {
	V V1 `json:"v"`
	Person
	Device   string   `json:"device" doc:"short id of this device"`
	PeerID   string   `json:"peer_id" doc:"transport identity of this run; a new one at every start"`
	Addrs    []string `json:"addrs" doc:"dialable multiaddrs, each ending in /p2p/PEERID"`
	SafetyID string   `json:"safety_id" doc:"the half of every safety number that belongs to this user"`
}

// Status is the health of the node.
type Status struct {
	V        V1        `json:"v"`
	State    string    `json:"state" enum:"online,connecting,offline"`
	Ready    bool      `json:"ready" doc:"it listens, and if there are nodes to meet first, one was reached"`
	Peers    int       `json:"peers" doc:"connected transport peers"`
	DHT      int       `json:"dht" doc:"peers in the routing tables"`
	Network  []string  `json:"network"`
	Queued   int       `json:"queued" doc:"own messages that nobody else holds yet"`
	Parked   int       `json:"parked" doc:"own messages that custodians hold and nobody has received"`
	Custody  int       `json:"custody" doc:"parcels held here for others"`
	Contacts int       `json:"contacts"`
	Groups   int       `json:"groups"`
	Started  time.Time `json:"started"`
	Events   uint64    `json:"events" doc:"number of the newest event"`
	Health   []Advice  `json:"health"`
}

// Advice is one finding about the node's health and what to do about it.
type Advice struct {
	Code string `json:"code" doc:"stable, for scripts"`
	Text string `json:"text" doc:"one sentence with the next step"`
}

// Invite is a one-time link.
type Invite struct {
	V       V1        `json:"v"`
	Invite  string    `json:"invite" doc:"the link to give away"`
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
	Uses    int       `json:"uses" doc:"uses left"`
	Revoked bool      `json:"revoked"`
	StandIn int       `json:"stand_in" doc:"custodians that stand in while this node is away"`
}

// Invites is a list of invites.
type Invites struct {
	V       V1       `json:"v"`
	Invites []Invite `json:"invites"`
}

// Contact is one line of the address book.
type Contact struct {
	Person
	Verified bool   `json:"verified"`
	How      string `json:"how" doc:"how the contact was made: invite, introduced or qr"`
	Online   bool   `json:"online"`
	Path     string `json:"path" doc:"direct, relay, lan, custodian or none"`
	State    string `json:"state" doc:"waiting, request, accepted, blocked or refused"`
	Reason   string `json:"reason" doc:"of refused: why, in one sentence"`
}

// Accepted is the answer to an invite that was accepted.
type Accepted struct {
	V       V1      `json:"v"`
	Contact Contact `json:"contact"`
	State   string  `json:"state"`
	Reached bool    `json:"reached" doc:"their own node took the request just now, and nobody who stands in for it"`
}

// Contacts is the address book.
type Contacts struct {
	V        V1        `json:"v"`
	Contacts []Contact `json:"contacts"`
}

// Request is somebody who asks to become a contact.
type Request struct {
	Person
	How      string    `json:"how"`
	Received time.Time `json:"received"`
}

// Requests are the requests that wait for an answer.
type Requests struct {
	V        V1        `json:"v"`
	Requests []Request `json:"requests"`
}

// SafetyNumber is what two people compare to know that nobody sits between them.
type SafetyNumber struct {
	V            V1     `json:"v"`
	SafetyNumber string `json:"safety_number" doc:"60 digits, the same for both"`
}

// Sent answers a message that is on disk.
type Sent struct {
	V     V1     `json:"v"`
	ID    string `json:"id"`
	Chat  string `json:"chat"`
	State State  `json:"state"`
}

// Message is one line of a conversation.
type Message struct {
	ID       string    `json:"id"`
	Chat     string    `json:"chat"`
	Author   Person    `json:"author"`
	Own      bool      `json:"own"`
	Time     time.Time `json:"time" doc:"as its author claims, clamped"`
	Kind     string    `json:"kind" enum:"text,event"`
	Text     string    `json:"text"`
	Reply    string    `json:"reply" doc:"id of the message that this one answers, or empty"`
	State    State     `json:"state"`
	Marks    []string  `json:"marks" doc:"late, clock, unsettled, void"`
	Copies   Share     `json:"copies" doc:"custodians that signed for it, of those asked"`
	Handed   Share     `json:"handed" doc:"recipients of whom a device took it, with a receipt or not"`
	Receipts Share     `json:"receipts" doc:"recipients that signed for it, of all"`
}

// Share is k of n.
type Share struct {
	Have int `json:"have"`
	Want int `json:"want"`
}

// Timeline is a page of a conversation in display order, oldest first.
type Timeline struct {
	V        V1        `json:"v"`
	Messages []Message `json:"messages"`
	Gaps     []Gap     `json:"gaps"`
}

// Gap names entries that the log mentions and this node does not hold yet.
type Gap struct {
	Missing int      `json:"missing"`
	Asking  []Person `json:"asking"`
}

// MessageStatus says where one message is and who signed for that.
type MessageStatus struct {
	V         V1         `json:"v"`
	ID        string     `json:"id"`
	State     State      `json:"state"`
	Parked    []ParkedAt `json:"parked"`
	Sent      []Person   `json:"sent" doc:"recipients of whom a device took it, without a receipt yet"`
	Delivered []Receipt  `json:"delivered"`
	Copies    Share      `json:"copies" doc:"custodians that signed for it, of those asked"`
	Handed    Share      `json:"handed" doc:"recipients of whom a device took it, with a receipt or not"`
	Receipts  Share      `json:"receipts" doc:"recipients that signed for it, of all"`
	Read      []Receipt  `json:"read" doc:"empty: read receipts are off"`
}

// ParkedAt is one custodian's signed promise.
type ParkedAt struct {
	Custodian string    `json:"custodian" doc:"uid; empty for a contact's custodian, who is known by a receipt key only"`
	Name      string    `json:"name"`
	Until     time.Time `json:"until"`
}

// Receipt is one recipient's signed word.
type Receipt struct {
	Person
	Time time.Time `json:"time"`
}

// Group is one group conversation.
type Group struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	History string `json:"history" enum:"shared,forward"`
	Epoch   string `json:"epoch" doc:"id of the key in use"`
	Members int    `json:"members"`
	Left    bool   `json:"left" doc:"this user is no longer a member"`
}

// GroupCreated answers the founding of a group.
type GroupCreated struct {
	V     V1    `json:"v"`
	Group Group `json:"group"`
}

// Groups is a list of groups.
type Groups struct {
	V      V1      `json:"v"`
	Groups []Group `json:"groups"`
}

// Member is one user of a group.
type Member struct {
	Person
	Role    string    `json:"role" enum:"admin,member"`
	Rank    int       `json:"rank" doc:"0 is the most senior"`
	Since   time.Time `json:"since"`
	Settled bool      `json:"settled"`
}

// Members is who belongs to a group.
type Members struct {
	V       V1       `json:"v"`
	Members []Member `json:"members"`
}

// Custody is what this node holds for others and who holds its mail.
type Custody struct {
	V       V1        `json:"v"`
	Holding []Holding `json:"holding"`
	HeldBy  []HeldBy  `json:"held_by"`
}

// Holding is one owner's box here.
type Holding struct {
	Owner   string     `json:"owner" doc:"uid"`
	Name    string     `json:"name"`
	Allowed bool       `json:"allowed"`
	Parcels int        `json:"parcels"`
	Bytes   int64      `json:"bytes"`
	Max     int64      `json:"max" doc:"bytes"`
	Oldest  *time.Time `json:"oldest"`
	TTL     int64      `json:"ttl" doc:"seconds that each parcel is kept"`
	Ends    *time.Time `json:"ends" doc:"when what is left goes, after consent was taken back; null: not ending"`
}

// HeldBy is one custodian of this user.
type HeldBy struct {
	Custodian string     `json:"custodian" doc:"uid"`
	Name      string     `json:"name"`
	State     string     `json:"state" doc:"offered, asked, registering, ready, dropped (by this user) or withdrawn (by the friend)"`
	Parcels   int        `json:"parcels"`
	Audited   *time.Time `json:"audited" doc:"null: never"`
}

// Transfer counts what an export wrote or an import found.
type Transfer struct {
	V          V1  `json:"v"`
	Entries    int `json:"entries"`
	New        int `json:"new"`
	Duplicates int `json:"duplicates"`
	Refused    int `json:"refused"`
}

// Done answers a request that has nothing to tell.
type Done struct {
	V  V1   `json:"v"`
	OK bool `json:"ok"`
}

// Event is one thing that happened. Numbers rise; a jump says that some were missed.
type Event struct {
	V       V1        `json:"v"`
	Event   string    `json:"event" doc:"message, state, contact, request, group, custody or network"`
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"`
	Chat    string    `json:"chat,omitempty"`
	Text    string    `json:"text" doc:"one readable line"`
	Message *Message  `json:"message,omitempty"`
	Contact *Contact  `json:"contact,omitempty"`
}

// LoginLink opens the page in a browser once, within two minutes.
type LoginLink struct {
	V   V1     `json:"v"`
	URL string `json:"url"`
}
