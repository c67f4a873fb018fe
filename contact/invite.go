package contact

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"

	"causeway/identity"
	"causeway/internal/label"
	"causeway/seal"
)

// An Invite is the one-time capability to become a contact of the user UID. Who
// has its link has the secret in it; it prints only its id.
type Invite struct {
	UID     identity.UID
	Expires time.Time // whole seconds; zero means never
	Hints   []string  // multiaddrs to try where no DHT helps
	secret  [16]byte
}

// An InviteID names an invite to the user and in requests. It is no secret.
type InviteID [5]byte

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String returns the eight characters of the id.
func (id InviteID) String() string { return idEncoding.EncodeToString(id[:]) }

// ParseInviteID reads what String wrote, in either case.
func ParseInviteID(s string) (InviteID, error) {
	b, err := idEncoding.DecodeString(strings.ToLower(strings.TrimSpace(s)))
	if err != nil || len(b) != len(InviteID{}) {
		return InviteID{}, fmt.Errorf("%w: %q is not an invite id", ErrUnknownInvite, s)
	}
	return InviteID(b), nil
}

// NewInvite makes an invite of the user uid that ends at expires (zero: never)
// and carries address hints. It is good for nothing until the Book has issued it.
func NewInvite(uid identity.UID, expires time.Time, hints ...string) (Invite, error) {
	inv := Invite{UID: uid, Hints: hints}
	if !expires.IsZero() {
		inv.Expires = time.Unix(expires.Unix(), 0).UTC()
	}
	rand.Read(inv.secret[:])
	if err := inv.check(); err != nil {
		return Invite{}, err
	}
	return inv, nil
}

func (inv Invite) check() error {
	if t := inv.Expires; !t.IsZero() && (t.Unix() <= 0 || t.Unix() > maxExpiry) {
		return fmt.Errorf("%w: it would expire in %d", ErrMalformed, t.Year())
	}
	return checkHints(inv.Hints)
}

// Valid returns ErrExpired if the invite's time is over at now.
func (inv Invite) Valid(now time.Time) error {
	if !inv.Expires.IsZero() && !now.Before(inv.Expires) {
		return fmt.Errorf("%w on %s", ErrExpired, inv.Expires.Format(time.RFC3339))
	}
	return nil
}

// derive returns one of the invite's secrets (docs/spec/04-people.md, section 5).
func (inv Invite) derive(purpose string) [32]byte {
	prk, err := hkdf.Extract(sha256.New, inv.secret[:], inv.UID[:])
	if err != nil {
		panic(err) // only a non-approved hash fails
	}
	return seal.Expand([32]byte(prk), purpose)
}

// ID returns the short name of the invite.
func (inv Invite) ID() InviteID {
	id := inv.derive(label.InviteID)
	return InviteID(id[:len(InviteID{})])
}

// Rendezvous returns the secret under whose tags both ends meet.
func (inv Invite) Rendezvous() [32]byte { return inv.derive(label.InviteRendezvous) }

// DepositToken returns what the joiner shows to leave its request with one of
// the inviter's custodians.
func (inv Invite) DepositToken() [32]byte { return inv.derive(label.InviteDeposit) }

// DepositHash returns the SHA-256 digest of the deposit token: all of it that a
// custodian is told.
func (inv Invite) DepositHash() [32]byte {
	token := inv.DepositToken()
	return sha256.Sum256(token[:])
}

// Format prints the id, never the secret.
func (inv Invite) Format(w fmt.State, _ rune) { io.WriteString(w, "invite "+inv.ID().String()) }

func checkHints(hints []string) error {
	if len(hints) > MaxHints {
		return fmt.Errorf("%w: %d address hints, at most %d", ErrTooLarge, len(hints), MaxHints)
	}
	for _, h := range hints {
		if len(h) < 2 || len(h) > MaxHint || h[0] != '/' || strings.IndexFunc(h, unfit) >= 0 {
			return fmt.Errorf("%w: %q is not an address hint", ErrMalformed, h)
		}
	}
	return nil
}

// unfit says which characters would not survive in a link: all but printable
// ASCII, the separator, and quotes and brackets that people put around links.
func unfit(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(",\"'<>`\\", r) }
