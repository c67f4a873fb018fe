package node

import (
	"context"
	"errors"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/identity"
	"causeway/mailbox"
	"causeway/store"
)

const day = 24 * time.Hour

// AllowCustody consents to keep a friend's mail, and tells the friend's node. A
// term that is 0 stays as it is with a friend who is allowed already, and is the
// default for others; ErrInvalid if a term is out of bounds.
func (n *Node) AllowCustody(_ context.Context, who string, maxBytes int64, ttl time.Duration) error {
	uid, err := n.friend(who)
	if err != nil {
		return err
	}
	terms, err := n.termsFor(uid, maxBytes, ttl)
	if err != nil {
		return err
	}
	g, err := n.keeper.Grant([32]byte(uid), terms, time.Now())
	if err != nil {
		return err
	}
	return n.tellFriend(uid, chat.KindConsent, &chat.Consent{Grant: g.Encode()})
}

func (n *Node) termsFor(uid identity.UID, maxBytes int64, ttl time.Duration) (mailbox.Terms, error) {
	switch {
	case ttl != 0 && (ttl < mailbox.MinTTL || ttl > mailbox.MaxTTL):
		return mailbox.Terms{}, invalid("a parcel is kept for at least %d hour and at most %d days (%d days, unless you say)",
			mailbox.MinTTL/time.Hour, mailbox.MaxTTL/day, mailbox.DefaultTTL/day)
	case maxBytes != 0 && (maxBytes < mailbox.MinGrantBytes || maxBytes > mailbox.MaxGrantBytes):
		return mailbox.Terms{}, invalid("a friend may be given at least %d KiB (no parcel fits into less) and at most %d TiB (%d MiB, unless you say)",
			mailbox.MinGrantBytes>>10, mailbox.MaxGrantBytes>>40, mailbox.DefaultBytes>>20)
	}
	var t mailbox.Terms
	all, err := n.keeper.Holdings()
	for _, h := range all {
		if identity.UID(h.Owner) == uid && h.Drops.IsZero() {
			t = h.Terms
		}
	}
	if maxBytes != 0 {
		t.MaxBytes = uint64(maxBytes)
	}
	if ttl != 0 {
		t.TTL = ttl
	}
	return t, err
}

// DisallowCustody ends the consent. What is kept stays for 72 hours, so that the
// friend can move it.
func (n *Node) DisallowCustody(_ context.Context, who string) error {
	uid, err := n.friend(who)
	if err != nil {
		return err
	}
	switch err := n.keeper.Withdraw([32]byte(uid), time.Now()); {
	case errors.Is(err, mailbox.ErrNoGrant):
		return refused("you keep no mail for %s; see: peer custodian list", who)
	case err != nil:
		return err
	}
	return n.tellFriend(uid, chat.KindWithdraw, &chat.Nothing{})
}

// AddCustodian chooses a friend to keep this user's mail, and asks for consent
// where there is none yet.
func (n *Node) AddCustodian(_ context.Context, who string) error {
	uid, err := n.friend(who)
	if err != nil {
		return err
	}
	var consent bool
	err = n.db.Update(func(tx *store.Tx) error {
		return editKeeper(tx, uid, func(k *keeperRow) {
			k.Wanted = true
			consent = len(k.Grant) > 0 && !k.Told
		})
	})
	if err != nil {
		return err
	}
	n.wake["collect"].ring()
	if consent {
		return nil
	}
	return n.tellFriend(uid, chat.KindAsk, &chat.Nothing{})
}

// DropCustodian stops using a friend as custodian. What lies there is collected
// once more while the friend keeps it.
func (n *Node) DropCustodian(_ context.Context, who string) error {
	uid, err := n.friend(who)
	if err != nil {
		return err
	}
	err = n.db.Update(func(tx *store.Tx) error {
		found, err := tx.Has(nodeKey(subKeeper, uid))
		if err != nil {
			return err
		}
		if !found {
			return notFound("%s is not one of your custodians; see: peer custodian list", who)
		}
		return editKeeper(tx, uid, func(k *keeperRow) { k.Wanted = false })
	})
	if err != nil {
		return err
	}
	return n.announceMailbox()
}

// dropKeeper stops telling others to park with somebody.
func dropKeeper(tx *store.Tx, uid identity.UID) error {
	known, err := tx.Has(nodeKey(subKeeper, uid))
	if err != nil || !known {
		return err
	}
	return editKeeper(tx, uid, func(k *keeperRow) { k.Wanted = false })
}

// Custody lists what is kept here for others and who keeps this user's mail.
func (n *Node) Custody(context.Context) (Custody, error) {
	var out Custody
	held, err := n.keeper.Holdings()
	if err != nil {
		return out, err
	}
	err = n.db.View(func(tx *store.Tx) error {
		for _, h := range held {
			if identity.UID(h.Owner) == n.me.UID {
				continue // this node stands in for its own invites
			}
			out.Holding = append(out.Holding, Holding{
				Owner: n.personOf(tx, nil, identity.UID(h.Owner)), Allowed: h.Drops.IsZero(),
				Parcels: int(h.Parcels), Bytes: int64(h.Bytes), Max: int64(h.Terms.MaxBytes), TTL: h.Terms.TTL,
				Oldest: h.Oldest, Ends: h.Drops,
			})
		}
		all, err := keepers(tx)
		for uid, row := range all {
			out.HeldBy = append(out.HeldBy, HeldBy{
				Custodian: n.personOf(tx, nil, uid), State: row.state(), Parcels: n.parkedWith(tx, row.Receipt),
			})
		}
		return err
	})
	return out, err
}

// friend resolves an accepted contact.
func (n *Node) friend(who string) (identity.UID, error) {
	var uid identity.UID
	err := n.db.View(func(tx *store.Tx) error {
		k, err := n.person(tx, who)
		if err != nil {
			return err
		}
		if k.State != contact.Accepted {
			return refused("%s is not a contact yet", k.Name)
		}
		uid = k.UID
		return nil
	})
	return uid, err
}

func (n *Node) tellFriend(uid identity.UID, k chat.Kind, body any) error {
	return n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		friend, err := n.book.Get(tx, uid)
		if err != nil {
			return nil, err
		}
		c, err := n.directWith(friend)
		if err != nil {
			return nil, err
		}
		w := c.Write(tx, now)
		return w, w.Tell(k, body)
	})
}

// consented notes a friend's consent to keep this user's mail.
func (n *Node) consented(tx *store.Tx, s chat.Service) error {
	c, err := chat.DecodeConsent(s.Payload)
	if err != nil {
		return nil // says nothing that we understand
	}
	if _, err := mailbox.DecodeGrant(c.Grant); err != nil {
		return nil
	}
	tx.OnCommit(n.wake["collect"].ring)
	if err := n.custodyEvent(tx, s.From, "offers to keep your mail while you are away; to use it: peer custodian add @"); err != nil {
		return err
	}
	return editKeeper(tx, s.From, func(k *keeperRow) { k.Grant, k.Told = c.Grant, false })
}

func (n *Node) withdrawn(tx *store.Tx, s chat.Service) error {
	if err := n.custodyEvent(tx, s.From, "stops keeping your mail within 72 hours; choose somebody else"); err != nil {
		return err
	}
	return editKeeper(tx, s.From, func(k *keeperRow) { k.Told = true }) // what lies there is collected while the friend gives it
}

// asked tells the user that a friend asks for custody. Consent is the user's to
// give, with: peer custodian allow.
func (n *Node) asked(tx *store.Tx, _ *chat.Writer, s chat.Service) error {
	return n.custodyEvent(tx, s.From, "asks you to keep their mail while they are away; to agree: peer custodian allow @")
}

func (n *Node) custodyEvent(tx *store.Tx, uid identity.UID, text string) error {
	name := n.nameOf(tx, nil, uid)
	if text[len(text)-1] == '@' {
		text += name
	}
	return n.events.add(tx, eventRecord{Kind: "custody", Chat: "@" + name, Contact: uid[:], Text: name + " " + text})
}
