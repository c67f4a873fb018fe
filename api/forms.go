package api

import "time"

// What a caller sends. Unknown fields are refused, so a typing error is never ignored.

// NewInvite asks for an invite.
type NewInvite struct {
	ExpiresIn int64 `json:"expires_in,omitempty" minimum:"0" maximum:"9000000000" doc:"seconds; 0: seven days"`
	Uses      int   `json:"uses,omitempty" minimum:"0" doc:"0: one"`
}

// NewContact accepts an invite.
type NewContact struct {
	Invite string `json:"invite" maxLength:"4096"`
	As     string `json:"as,omitempty" maxLength:"256" doc:"what to call them here"`
}

// Answer answers a request.
type Answer struct {
	Accept bool `json:"accept"`
}

// ContactChange changes what is given and leaves the rest.
type ContactChange struct {
	Name     *string `json:"name,omitempty" maxLength:"256"`
	Blocked  *bool   `json:"blocked,omitempty"`
	Verified *bool   `json:"verified,omitempty"`
}

// NewMessage is a message to be written.
type NewMessage struct {
	Target string `json:"target" maxLength:"512" doc:"@name, @uid, #group or #group-id"`
	Text   string `json:"text"`
	Reply  string `json:"reply,omitempty" maxLength:"128" doc:"id of the message that this one answers"`
}

// NewGroup founds a group.
type NewGroup struct {
	Name    string `json:"name" maxLength:"256"`
	History string `json:"history,omitempty" doc:"shared (newcomers may read the backlog) or forward (they may not); empty: shared"`
}

// NewMember adds a contact to a group.
type NewMember struct {
	Who     string `json:"who" maxLength:"512"`
	History string `json:"history,omitempty" maxLength:"64" doc:"all, none or since: and a time (RFC 3339): from the first change of key after it; empty: all that the group's policy allows"`
}

// MemberChange promotes or demotes.
type MemberChange struct {
	Role string `json:"role" enum:"admin,member"`
}

// CustodyTerms are what a friend may park here.
type CustodyTerms struct {
	Max int64 `json:"max,omitempty" minimum:"0" doc:"bytes; 0: as it is, or the node's default"`
	TTL int64 `json:"ttl,omitempty" minimum:"0" maximum:"9000000000" doc:"seconds; 0: as it is, or the node's default"`
}

// Page selects messages of a conversation; the zero value is the newest fifty.
type Page struct {
	Limit  int
	Before string    // id; empty: from the end
	Since  time.Time // zero: no bound
}
