package mailbox

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/seal"
	"causeway/store"
)

// Class says what a box is for. It is fixed when the box is registered.
type Class uint8

const (
	// Personal: one user's box for the mail of contacts.
	Personal Class = iota + 1
	// Group: the box of one epoch, which all members may read and nobody
	// empties; parcels stay until they expire.
	Group
	// First: a user's box for requests of people who hold an invite. It has
	// limits of its own, so that contacts cannot fill it, and only it takes
	// stand-ins.
	First
	endClasses
)

// Custodian keeps boxes for friends. All that it knows is in the store; it has
// no clock and starts no goroutine but those that Handler's caller starts.
type Custodian struct {
	db       *store.DB
	secret   [32]byte      // receipt keys and tag secrets come from it
	sessions chan struct{} // one token for each stream being served
}

// NewCustodian returns the custodian whose boxes lie in db.
func NewCustodian(db *store.DB) (*Custodian, error) {
	c := &Custodian{db: db, sessions: make(chan struct{}, maxSessions)}
	err := db.Update(func(tx *store.Tx) error {
		var b []byte
		known, err := tx.Has(key(subSecret))
		if err != nil {
			return err
		}
		if known {
			b, err = tx.Get(key(subSecret))
		} else {
			b = make([]byte, len(c.secret))
			rand.Read(b)
			err = tx.Set(key(subSecret), b)
		}
		if err == nil && copy(c.secret[:], b) != len(c.secret) {
			err = fmt.Errorf("%w: secret of %d bytes", store.ErrDamaged, len(b))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open custody: %w", err)
	}
	return c, nil
}

// receiptKey exists for every box, registered or not, so that a stranger cannot
// tell the two apart.
func (c *Custodian) receiptKey(box BoxID) ed25519.PrivateKey {
	seed := seal.Expand(c.secret, label.MailboxReceiptKey, box[:])
	return ed25519.NewKeyFromSeed(seed[:])
}

func (c *Custodian) tagSecret(box BoxID) [32]byte {
	return seal.Expand(c.secret, label.MailboxTag, box[:])
}

func publicOf(k ed25519.PrivateKey) ReceiptKey { return ReceiptKey(k.Public().(ed25519.PublicKey)) }

// Announcement is what the custodian should be found under on one day.
type Announcement struct {
	// Boxes: publish dht.KeyFor(TagSecret, day, Custodian) of each.
	Boxes []BoxTag
	// Tags: publish as they are; they stand in for owners' invites.
	Tags [][32]byte
}

// BoxTag is the secret of one box's daily tags, and their publisher.
type BoxTag struct {
	TagSecret [32]byte
	Custodian ReceiptKey
}

// Announce lists what to publish on a day (see dht.Day).
func (c *Custodian) Announce(day int64) (Announcement, error) {
	var a Announcement
	err := c.db.View(func(tx *store.Tx) error {
		a = Announcement{}
		for k := range tx.Scan(key(subBox)) {
			box := BoxID(k[2:])
			a.Boxes = append(a.Boxes, BoxTag{c.tagSecret(box), publicOf(c.receiptKey(box))})
		}
		for _, v := range tx.Scan(key(subStandIn)) {
			var s standInRow
			if err := wire.Unmarshal(v, &s); err != nil {
				return fmt.Errorf("mailbox: stand-in: %w", err)
			}
			for _, t := range s.Tags {
				if int64(t.Day) == day {
					a.Tags = append(a.Tags, t.Tag)
				}
			}
		}
		return nil
	})
	return a, err
}

// boxOf loads a box and its grant; neither if the box is unknown.
func boxOf(tx *store.Tx, box BoxID) (b boxRow, g grantRow, known bool, err error) {
	known, err = load(tx, key(subBox, box), &b)
	if err != nil || !known {
		return b, g, false, err
	}
	known, err = load(tx, key(subGrant, b.Owner), &g)
	return b, g, known, err
}

// register brings a box under a grant.
func register(tx *store.Tx, box BoxID, class Class, owner [32]byte, now time.Time) (boxRow, grantRow, error) {
	var g grantRow
	known, err := load(tx, key(subGrant, owner), &g)
	if err != nil {
		return boxRow{}, g, err
	}
	if !known || g.ended(now) {
		return boxRow{}, g, errRefuse
	}
	if g.Boxes >= maxBoxes {
		return boxRow{}, g, errDeny
	}
	g.Boxes++
	b := boxRow{Owner: owner, Class: class, Next: 1}
	if err := save(tx, key(subGrant, owner), &g); err != nil {
		return b, g, err
	}
	return b, g, save(tx, key(subBox, box), &b)
}
