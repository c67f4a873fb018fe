package contact

import (
	"bytes"
	"fmt"
	"slices"

	"causeway/identity"
	"causeway/internal/wire"
)

// A State says how far two users are with becoming contacts.
type State uint8

// The states of a contact.
const (
	PendingOut State = iota + 1 // we asked, they have not answered
	PendingIn                   // they asked, the user has not answered
	Accepted
	Blocked
)

// String returns the word that faces and scripts use.
func (s State) String() string {
	return word(s, "", "pending-out", "pending-in", "accepted", "blocked")
}

// How says by which road a contact came; what it proves differs.
type How uint8

// The roads to a contact.
const (
	ByInvite     How = iota + 1 // a link sent by some other channel
	ByQR                        // a code shown face to face: both are verified
	ByIntroducer                // a common contact introduced them
	ByAddress                   // a permanent address
)

// String returns the word that faces and scripts use.
func (h How) String() string { return word(h, "", "invite", "qr", "introduced", "address") }

func word[T ~uint8](v T, words ...string) string {
	if int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprintf("unknown(%d)", v)
}

// A Contact is one person in the book.
type Contact struct {
	_          struct{} `cbor:",toarray"`
	UID        identity.UID
	Name       string // the user's own name for them, unlike any other's
	State      State
	Before     State // of a blocked contact: what it was
	How        How
	Introducer identity.UID // with ByIntroducer
	Invite     InviteID     // the invite that led here, if one did
	Verified   bool         // compared face to face or by safety number
	Since      int64        // when it was accepted, Unix seconds; 0 if it was not

	Conversation [32]byte   // where to write to them
	Proposed     [][32]byte // conversations that we proposed and they have not accepted, latest last
	Older        [][32]byte // conversations they may still write in, latest last

	Leaf       []byte // their latest encoded leaf, verified
	Custodians []byte // where to leave mail for them; opaque here
	Deposit    []byte // what depositing takes; opaque here
	Addrs      []string

	// Turns of the book's own counter, which tell crossed invites from a new
	// beginning without any clock.
	AcceptedTurn uint64
	ProposedTurn uint64
}

// Conversations returns every conversation in which this contact may be heard,
// the present one last.
func (c Contact) Conversations() [][32]byte {
	all := append([][32]byte(nil), c.Older...)
	if c.Conversation != [32]byte{} {
		all = append(all, c.Conversation)
	}
	return all
}

// accept makes c a contact that talks in conv, whose making began at the book's
// turn begun. If c is one already, the two conversations crossed when conv
// began before c was accepted: then the one with the smaller id stays, on both
// sides. Else c begins anew, say after a restore, and conv replaces the old.
func (c *Contact) accept(conv [32]byte, begun, turn uint64, now int64) {
	c.Proposed = slices.DeleteFunc(c.Proposed, func(p [32]byte) bool { return p == conv })
	switch {
	case c.State != Accepted:
		c.State, c.Conversation, c.AcceptedTurn, c.Since = Accepted, conv, turn, now
	case c.Conversation == conv:
	case begun <= c.AcceptedTurn && bytes.Compare(c.Conversation[:], conv[:]) < 0:
		c.Older = appendConv(c.Older, conv)
	default:
		c.Older = appendConv(c.Older, c.Conversation)
		c.Conversation = conv
		if begun > c.AcceptedTurn {
			c.AcceptedTurn = turn
		}
	}
}

// appendConv keeps the latest MaxOlder.
func appendConv(list [][32]byte, conv [32]byte) [][32]byte {
	list = append(list, conv)
	return list[max(0, len(list)-MaxOlder):]
}

type contactRecord struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Contact Contact
}

const contactVersion = 1

func (c Contact) encode() ([]byte, error) {
	return wire.Marshal(contactRecord{Version: contactVersion, Contact: c})
}

func decodeContact(b []byte) (Contact, error) {
	var r contactRecord
	if err := wire.Unmarshal(b, &r); err != nil {
		return Contact{}, fmt.Errorf("contact record: %w", err)
	}
	if r.Version != contactVersion {
		return Contact{}, fmt.Errorf("contact record: %w %d", identity.ErrVersion, r.Version)
	}
	return r.Contact, nil
}
