package mailbox

import (
	"crypto/rand"
	"fmt"
	"time"

	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/seal"
	"causeway/store"
)

// Terms are what a custodian lets one owner use, over all the owner's boxes but
// the first-contact box, which has limits of its own. Zero fields mean the
// defaults of limits.go and no end.
type Terms struct {
	MaxBytes   uint64
	MaxParcels uint64
	TTL        time.Duration // how long a parcel is kept, of whole seconds
	Until      time.Time     // no deposits from then on; zero: no end
}

// A Grant is the custodian's consent, carried to the owner inside their own
// conversation. Whoever has the token may register boxes on these terms.
type Grant struct {
	Token [32]byte
	Terms Terms
}

type grantBody struct {
	_                    struct{} `cbor:",toarray"`
	Token                [32]byte
	MaxBytes, MaxParcels uint64
	TTL, Until           uint64
}

// Encode returns the canonical bytes of the grant, secret token included.
func (g Grant) Encode() []byte {
	return mustEncode(grantBody{Token: g.Token, MaxBytes: g.Terms.MaxBytes, MaxParcels: g.Terms.MaxParcels,
		TTL: uint64(g.Terms.TTL / time.Second), Until: seconds(g.Terms.Until)})
}

// DecodeGrant reads what Encode wrote; errors on anything else and on terms out
// of bounds.
func DecodeGrant(b []byte) (Grant, error) {
	var w grantBody
	if err := wire.Unmarshal(b, &w); err != nil {
		return Grant{}, fmt.Errorf("grant: %w", err)
	}
	if w.TTL > uint64(MaxTTL/time.Second) || w.Until > maxSeconds {
		return Grant{}, fmt.Errorf("grant: %w: time", ErrTooLarge)
	}
	g := Grant{Token: w.Token, Terms: Terms{MaxBytes: w.MaxBytes, MaxParcels: w.MaxParcels,
		TTL: time.Duration(w.TTL) * time.Second, Until: fromSeconds(w.Until)}}
	if full, err := g.Terms.check(); err != nil || full != g.Terms {
		return Grant{}, fmt.Errorf("grant: %w: terms", ErrTooLarge)
	}
	return g, nil
}

// check fills in the defaults; ErrTooLarge if the terms are out of bounds.
func (t Terms) check() (Terms, error) {
	if t.MaxBytes == 0 {
		t.MaxBytes = DefaultBytes
	}
	if t.MaxParcels == 0 {
		t.MaxParcels = DefaultParcels
	}
	if t.TTL == 0 {
		t.TTL = DefaultTTL
	}
	t.TTL = t.TTL.Truncate(time.Second)
	if t.MaxBytes > MaxGrantBytes || t.MaxParcels > MaxGrantParcels || t.TTL < MinTTL || t.TTL > MaxTTL {
		return t, fmt.Errorf("%w: terms of a grant", ErrTooLarge)
	}
	return t, nil
}

// A Voucher is the right to register one box under a grant, for those who should
// not have the whole grant: the members of a group. Whoever has it learns nothing
// of the token.
type Voucher struct {
	Grant [32]byte // names the grant
	Key   [32]byte // secret
}

// Voucher returns the grant's voucher for one box.
func (g Grant) Voucher(box BoxID) Voucher {
	return Voucher{Grant: grantID(g.Token), Key: voucherKey(g.Token, box)}
}

func grantID(token [32]byte) [32]byte { return seal.Expand(token, label.MailboxGrant) }

func voucherKey(token [32]byte, box BoxID) [32]byte {
	return seal.Expand(token, label.MailboxVoucher, box[:])
}

// Grant lets an owner (any 32 bytes by which the caller knows the friend) park
// here, and returns what to send to the friend. Asked again it changes the terms
// and returns the same token, unless the grant was withdrawn or has ended.
func (c *Custodian) Grant(owner [32]byte, t Terms, now time.Time) (Grant, error) {
	t, err := t.check()
	if err != nil {
		return Grant{}, err
	}
	var g grantRow
	err = c.db.Update(func(tx *store.Tx) error {
		g = grantRow{}
		known, err := load(tx, key(subGrant, owner), &g)
		if err != nil {
			return err
		}
		if !known || g.ended(now) {
			if err := tx.Delete(key(subToken, grantID(g.Token))); err != nil {
				return err
			}
			rand.Read(g.Token[:])
		}
		g.MaxBytes, g.MaxParcels, g.TTL, g.Until, g.Drop = t.MaxBytes, t.MaxParcels, uint64(t.TTL/time.Second), seconds(t.Until), 0
		if g.Until != 0 {
			g.Drop = g.Until + g.TTL
		}
		return g.save(tx, owner)
	})
	if err != nil {
		return Grant{}, fmt.Errorf("grant custody: %w", err)
	}
	return Grant{Token: g.Token, Terms: g.terms()}, nil
}

// Withdraw ends an owner's grant: no deposit is taken from now on, and Sweep
// drops everything WithdrawNotice later. ErrNoGrant if there is none.
func (c *Custodian) Withdraw(owner [32]byte, now time.Time) error {
	return c.db.Update(func(tx *store.Tx) error {
		var g grantRow
		known, err := load(tx, key(subGrant, owner), &g)
		if err != nil {
			return err
		}
		if !known {
			return ErrNoGrant
		}
		at := max(1, seconds(now))
		if g.Until == 0 || g.Until > at {
			g.Until = at
		}
		if drop := at + uint64(WithdrawNotice/time.Second); g.Drop == 0 || g.Drop > drop {
			g.Drop = drop
		}
		return g.save(tx, owner)
	})
}

// save writes the grant, the index of its token and when it is due.
func (g *grantRow) save(tx *store.Tx, owner [32]byte) error {
	if g.Drop != 0 {
		if err := setDue(tx, g.Drop, dueGrant, owner); err != nil {
			return err
		}
	}
	if err := tx.Set(key(subToken, grantID(g.Token)), owner[:]); err != nil {
		return err
	}
	return save(tx, key(subGrant, owner), g)
}

// ended reports whether the grant takes nothing more.
func (g *grantRow) ended(now time.Time) bool { return g.Until != 0 && g.Until <= seconds(now) }

func (g *grantRow) terms() Terms {
	return Terms{MaxBytes: g.MaxBytes, MaxParcels: g.MaxParcels,
		TTL: time.Duration(g.TTL) * time.Second, Until: fromSeconds(g.Until)}
}

// A Holding is what the custodian holds for one owner.
type Holding struct {
	Owner   [32]byte
	Terms   Terms
	Drops   time.Time // when all of it goes; zero: not ending
	Parcels uint64
	Bytes   uint64
	Oldest  time.Time // deposit of the oldest parcel; zero: none
}

// Holdings lists all grants with what is held under them, in the order of their
// owners' bytes.
func (c *Custodian) Holdings() ([]Holding, error) {
	var all []Holding
	err := c.db.View(func(tx *store.Tx) error {
		all = nil
		at := make(map[[32]byte]int)
		for k, v := range tx.Scan(key(subGrant)) {
			var g grantRow
			if err := wire.Unmarshal(v, &g); err != nil {
				return fmt.Errorf("mailbox: grant: %w", err)
			}
			owner := [32]byte(k[2:])
			at[owner] = len(all)
			all = append(all, Holding{Owner: owner, Terms: g.terms(), Drops: fromSeconds(g.Drop)})
		}
		for k, v := range tx.Scan(key(subBox)) {
			var b boxRow
			if err := wire.Unmarshal(v, &b); err != nil {
				return fmt.Errorf("mailbox: box: %w", err)
			}
			if i, ok := at[b.Owner]; ok {
				all[i].count(tx, BoxID(k[2:]), b)
			}
		}
		return nil
	})
	return all, err
}

// count adds a box to the holding.
func (h *Holding) count(tx *store.Tx, box BoxID, b boxRow) {
	h.Parcels += b.Used.Parcels
	h.Bytes += b.Used.Bytes
	for _, v := range tx.Scan(key(subParcel, box)) {
		var p parcelRow
		if wire.Unmarshal(v, &p) == nil {
			if t := fromSeconds(p.Deposited); h.Oldest.IsZero() || t.Before(h.Oldest) {
				h.Oldest = t
			}
		}
		return
	}
}
