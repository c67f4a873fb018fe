// Package contact keeps whom the user knows, and the invites, offers and
// requests that make two users contacts. It does not know the network: it turns
// bytes into verified values and keeps them. See docs/spec/04-people.md,
// sections 5 to 9.
package contact

import "errors"

// Errors that callers decide by. Whatever refuses an invite or a request leaves
// the book as it was.
var (
	// ErrMalformed: a text that is no invite link, or one with a mistake in it.
	ErrMalformed = errors.New("not an invite link")
	// ErrExpired: the invite's time is over.
	ErrExpired = errors.New("the invite has expired")
	// ErrRevoked: the inviter took the invite back.
	ErrRevoked = errors.New("the invite was revoked")
	// ErrUsed: the invite was used as often as it may be.
	ErrUsed = errors.New("the invite was used already")
	// ErrUnknownInvite: no invite of this id was issued here, or long ago.
	ErrUnknownInvite = errors.New("no such invite")
	// ErrTampered: an offer or request that its claimed author did not make so.
	ErrTampered = errors.New("not what its author made")
	// ErrSelf: an invite or request of one's own.
	ErrSelf = errors.New("this is your own")
	// ErrBlocked: the user blocked this person.
	ErrBlocked = errors.New("this person is blocked")
	// ErrNotFound: nobody of this name or id is in the book.
	ErrNotFound = errors.New("no such contact")
	// ErrExists: already there; the value returned with it says what.
	ErrExists = errors.New("exists already")
	// ErrNameTaken: another contact has this name.
	ErrNameTaken = errors.New("another contact has this name")
	// ErrFull: too many requests or invites wait.
	ErrFull = errors.New("too many are waiting")
	// ErrTooLarge: over the limits of limits.go.
	ErrTooLarge = errors.New("too large")
)
