package node

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/contact"
	"causeway/identity"
	"causeway/store"
)

// refusedRow is a link that this user accepted in vain. It is kept until the user
// removes it or accepts another link of the same person, at most refusedTime.
type refusedRow struct {
	_    struct{} `cbor:",toarray"`
	UID  identity.UID
	Name string // what the user wanted to call them
	Why  string // one sentence
	At   uint64 // s
}

// pending is a link on its way to the inviter, or refused.
type pending struct {
	invite contact.InviteID
	uid    identity.UID
	name   string
	why    string // refused
}

// pendings lists the links that were accepted here and not answered, then the
// refused ones.
func pendings(tx *store.Tx) (out []pending, err error) {
	prefix := nodeKey(subIntro)
	for k, v := range tx.Scan(prefix) {
		var row introRow
		if err := decodeRow(v, &row); err != nil {
			return nil, err
		}
		if inv, err := contact.ParseInvite(row.Link); err == nil {
			out = append(out, pending{invite: contact.InviteID(k[len(prefix):]), uid: inv.UID, name: row.As})
		}
	}
	prefix = nodeKey(subRefused)
	for k, v := range tx.Scan(prefix) {
		var row refusedRow
		if err := decodeRow(v, &row); err != nil {
			return nil, err
		}
		out = append(out, pending{invite: contact.InviteID(k[len(prefix):]), uid: row.UID, name: row.Name, why: row.Why})
	}
	return out, tx.Err()
}

// withPending adds to the address book whoever has not answered yet or refuses.
func withPending(tx *store.Tx, all []Contact) ([]Contact, error) {
	list, err := pendings(tx)
	for _, p := range list {
		i := slices.IndexFunc(all, func(k Contact) bool { return k.UID == p.uid })
		if i < 0 {
			i = len(all)
			all = append(all, Contact{Person: Person{UID: p.uid, Name: p.name}, How: "invite", State: ContactInvited, Path: "none"})
		}
		waits := slices.ContainsFunc(list, func(o pending) bool { return o.uid == p.uid && o.why == "" })
		if p.why != "" && !waits && all[i].State == ContactInvited {
			all[i].State, all[i].Why = ContactRefused, p.why
		}
	}
	return all, err
}

// refuse ends a link that was accepted, and tells the user; not if the inviter has
// answered while it was looked for.
func (n *Node) refuse(id contact.InviteID, cause error) {
	err := n.db.Update(func(tx *store.Tx) error {
		var row introRow
		found, err := getRow(tx, nodeKey(subIntro, id), &row)
		if err != nil || !found || !n.unanswered(tx, row) {
			return err
		}
		inv, err := contact.ParseInvite(row.Link)
		if err != nil {
			return err
		}
		why := ended(cause).Error()
		name := row.As
		if k, err := n.book.Get(tx, inv.UID); err == nil {
			name = k.Name
		}
		who := "@" + name
		if name == "" {
			who = "@" + inv.UID.String()
		}
		return errors.Join(tx.Delete(nodeKey(subIntro, id)),
			putRow(tx, nodeKey(subRefused, id), &refusedRow{UID: inv.UID, Name: row.As, Why: why, At: uint64(time.Now().Unix())}),
			n.events.add(tx, eventRecord{Kind: "contact", Chat: who, Contact: inv.UID[:], Text: fmt.Sprintf("%s: %s", who, why)}))
	})
	if err != nil && n.ctx.Err() == nil {
		n.log.Error("note that an invite was refused", "err", err)
	}
}

// ended is what people are told of an invite that can be used no more, or nil.
func ended(err error) error {
	for _, why := range []error{contact.ErrUsed, contact.ErrRevoked, contact.ErrExpired} {
		if errors.Is(err, why) {
			return refused("%v; ask for a new one", why)
		}
	}
	if errors.Is(err, contact.ErrUnknownInvite) {
		return refused("the invite was used, revoked or has expired; ask for a new one")
	}
	return nil
}

// dropPending forgets the links of a user that were accepted here.
func dropPending(tx *store.Tx, uid identity.UID) error {
	list, err := pendings(tx)
	for _, p := range list {
		if p.uid == uid {
			err = errors.Join(err, tx.Delete(nodeKey(subIntro, p.invite)), tx.Delete(nodeKey(subRefused, p.invite)))
		}
	}
	return err
}

// pendingNamed finds who has not answered yet, or refused, and is in no address
// book.
func pendingNamed(tx *store.Tx, who string) (identity.UID, bool) {
	who = strings.TrimPrefix(strings.TrimSpace(who), "@")
	list, err := pendings(tx)
	i := slices.IndexFunc(list, func(p pending) bool {
		return p.uid.String() == who || p.name != "" && strings.EqualFold(p.name, who)
	})
	if err != nil || i < 0 {
		return identity.UID{}, false
	}
	return list[i].uid, true
}

// sweepPending forgets refused links after a while, and what is kept of invites
// that the book has forgotten.
func (n *Node) sweepPending(tx *store.Tx, now time.Time) error {
	prefix := nodeKey(subRefused)
	for k, v := range tx.Scan(prefix) {
		var row refusedRow
		if err := decodeRow(v, &row); err != nil {
			return err
		}
		if now.Sub(time.Unix(int64(row.At), 0)) < refusedTime {
			continue
		}
		if err := tx.Delete(k); err != nil {
			return err
		}
	}
	prefix = nodeKey(subInviteLog)
	for k := range tx.Scan(prefix) {
		_, err := n.book.Invite(tx, contact.InviteID(k[len(prefix):]))
		if errors.Is(err, contact.ErrUnknownInvite) {
			err = tx.Delete(k)
		}
		if err != nil {
			return err
		}
	}
	return tx.Err()
}
