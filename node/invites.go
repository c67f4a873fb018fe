package node

import (
	"context"
	"time"

	"causeway/contact"
	"causeway/dht"
	"causeway/identity"
	"causeway/internal/label"
	"causeway/mailbox"
	"causeway/store"
)

const inviteAskLabel = label.InviteAsk

// inviteRow is what an open invite needs besides the book: the leaf that its
// offer shows.
type inviteRow struct {
	_    struct{} `cbor:",toarray"`
	Leaf []byte
	At   []identity.UID // custodians that stand in for it
}

// CreateInvite makes a one-time link. Custodians stand in for it as soon as they
// are reached; until then it works while this node is on.
func (n *Node) CreateInvite(ctx context.Context, o InviteOptions) (Invite, error) {
	if o.Uses > 1 {
		return Invite{}, invalid("an invite is for one person; make one for each")
	}
	if o.Expires == 0 {
		o.Expires = inviteTime
	}
	if o.Expires < time.Minute || o.Expires > mailbox.MaxStandInTTL {
		return Invite{}, invalid("an invite lives from one minute to %d days", mailbox.MaxStandInTTL/(24*time.Hour))
	}
	inv, err := contact.NewInvite(n.me.UID, time.Now().Add(o.Expires), n.hints()...)
	if err != nil {
		return Invite{}, err
	}
	var out Invite
	err = n.db.Update(func(tx *store.Tx) error {
		leaf, err := n.set.NewLog(tx)
		if err != nil {
			return err
		}
		issued, err := n.book.Issue(tx, inv, 1, contact.ByInvite)
		if err != nil {
			return err
		}
		out = inviteView(tx, issued)
		return putRow(tx, nodeKey(subInviteLog, inv.ID()), &inviteRow{Leaf: leaf.Encode()})
	})
	if err != nil {
		return Invite{}, explain(err)
	}
	n.standInHere(ctx)
	n.wake["publish"].ring()
	n.wake["collect"].ring()
	return out, nil
}

// hints are addresses in the link, for networks where no DHT helps.
func (n *Node) hints() []string {
	for _, net := range n.cfg.Networks {
		if net != dht.None && net != dht.LAN {
			return nil
		}
	}
	all := n.addrs()
	return all[:min(len(all), contact.MaxHints)]
}

func inviteView(tx *store.Tx, i contact.Issued) Invite {
	var row inviteRow
	_, _ = getRow(tx, nodeKey(subInviteLog, i.Invite.ID()), &row) // none: nobody stands in
	return Invite{
		ID: i.Invite.ID().String(), Link: i.Invite.Link(), Expires: i.Invite.Expires, Uses: i.Left,
		Revoked: i.Revoked, StandIn: len(row.At),
	}
}

// Invites lists the invites that can still be used.
func (n *Node) Invites(context.Context) ([]Invite, error) {
	var out []Invite
	err := n.db.View(func(tx *store.Tx) error {
		all, err := n.book.Invites(tx)
		for _, i := range all {
			if i.Open(time.Now()) == nil {
				out = append(out, inviteView(tx, i))
			}
		}
		return err
	})
	return out, err
}

// RevokeInvite takes an invite back, here and at the custodians.
func (n *Node) RevokeInvite(ctx context.Context, id string) error {
	parsed, err := contact.ParseInviteID(id)
	if err != nil {
		return notFound("no invite has the id %q; see: peer invite list", id)
	}
	err = n.db.Update(func(tx *store.Tx) error {
		_, err := n.book.Revoke(tx, parsed)
		return err
	})
	if err != nil {
		return explain(err)
	}
	n.standInHere(ctx)
	n.wake["publish"].ring()
	n.wake["collect"].ring()
	return nil
}
