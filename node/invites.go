package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/dht"
	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/mailbox"
	"causeway/merkle"
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

// sealOffer makes what the joiner of an invite gets to see.
func (n *Node) sealOffer(tx *store.Tx, inv contact.Invite) ([]byte, error) {
	id := inv.ID()
	var row inviteRow
	if found, err := getRow(tx, nodeKey(subInviteLog, id), &row); err != nil || !found {
		return nil, errors.Join(err, contact.ErrUnknownInvite)
	}
	leaf, err := identity.DecodeLeaf(row.Leaf)
	if err != nil {
		return nil, err
	}
	box, err := n.mailboxOf(tx, id[:])
	if err != nil {
		return nil, err
	}
	b, err := wire.Marshal(&box)
	if err != nil {
		return nil, err
	}
	key, err := n.set.Signer(tx, merkle.LogKey(leaf.Log))
	if err != nil {
		return nil, err
	}
	all := n.addrs()
	return contact.SealOffer(inv, contact.Offer{Leaf: leaf, Custodians: b, Hints: all[:min(len(all), contact.MaxHints)]}, key.Sign)
}

// visitSelf empties and tends this node's own first-contact box.
func (n *Node) visitSelf(ctx context.Context, secret boxSecret) {
	n.self.Lock()
	defer n.self.Unlock()
	grant, err := n.keeper.Grant([32]byte(n.me.UID), mailbox.Terms{}, time.Now())
	if err == nil {
		err = n.visitFirst(ctx, n.me.UID, n.keeper.Local(ctx), &grant, secret)
	}
	if err != nil && ctx.Err() == nil {
		n.log.Error("stand in for our own invites", "err", err)
	}
}

func (n *Node) standInHere(ctx context.Context) {
	var secret boxSecret
	err := n.db.Update(func(tx *store.Tx) (err error) {
		secret, err = boxes(tx)
		return err
	})
	if err != nil {
		n.log.Error("read the mailbox", "err", err)
		return
	}
	n.visitSelf(ctx, secret)
}

// visitFirst tends a first-contact box: stand-ins for the open invites, and the
// requests that came.
func (n *Node) visitFirst(ctx context.Context, at identity.UID, link *mailbox.Link, grant *mailbox.Grant, secret boxSecret) error {
	box, err := mailbox.OpenBox(ctx, link, mailbox.Entry{Key: secret.first(), Class: mailbox.First, Grant: grant})
	if err != nil {
		return errors.Join(err, link.Close())
	}
	defer box.Close()
	if err := n.takeRequests(box); err != nil {
		return err
	}
	var open []openInvite
	var ended []contact.Issued
	err = n.db.View(func(tx *store.Tx) (err error) {
		if open, err = n.standIns(tx); err != nil {
			return err
		}
		all, err := n.book.Invites(tx)
		for _, i := range all {
			if i.Open(time.Now()) != nil {
				ended = append(ended, i)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range open {
		if err := box.StandIn(o.StandIn); err != nil {
			return err
		}
		if err := n.noteStandIn(o.id, at); err != nil {
			return err
		}
	}
	for _, i := range ended {
		if err := box.RevokeStandIn(askOf(i.Invite)); err != nil {
			return err
		}
	}
	return nil
}

// noteStandIn remembers that a friend stands in for an invite.
func (n *Node) noteStandIn(id contact.InviteID, at identity.UID) error {
	if at == n.me.UID {
		return nil
	}
	return n.db.Update(func(tx *store.Tx) error {
		var row inviteRow
		found, err := getRow(tx, nodeKey(subInviteLog, id), &row)
		if err != nil || !found || slices.Contains(row.At, at) {
			return err
		}
		row.At = append(row.At, at)
		if err := n.custodyEvent(tx, at, "stands in for your invite "+id.String()+" while you are away"); err != nil {
			return err
		}
		return putRow(tx, nodeKey(subInviteLog, id), &row)
	})
}

// takeRequests opens what joiners left. A request that is refused is deleted as
// well: its author learns nothing from it but that nobody answers.
func (n *Node) takeRequests(box *mailbox.Box) error {
	slots := map[mailbox.SlotHash]bool{}
	err := n.db.View(func(tx *store.Tx) error {
		all, err := n.book.Invites(tx)
		for _, i := range all {
			slots[mailbox.RequestSlot(i.Invite.DepositToken()).Hash(box.Custodian)] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	var done []mailbox.ParcelID
	_, err = box.Collect(mailbox.Collecting{}, func(h mailbox.Held, sealed []byte) error {
		if !slots[h.Slot] {
			return nil
		}
		if err := n.redeem(sealed, h.Deposited); err != nil {
			n.log.Info("a request is refused", "err", err)
		}
		if n.ctx.Err() == nil {
			done = append(done, h.Parcel)
		}
		return nil
	})
	return errors.Join(err, box.Delete(done...))
}

// introRow is a link that this user accepted, on its way to the inviter.
type introRow struct {
	_       struct{} `cbor:",toarray"`
	Link    string
	As      string
	Request []byte // once the offer was seen: the parcel to leave
	Left    bool   // a custodian or the inviter has signed for it
}

// Accept becomes a contact of whoever made the link. It returns as soon as the
// link is on disk, or with the inviter's name if that can be had at once.
func (n *Node) Accept(ctx context.Context, link, as string) (Contact, error) {
	inv, err := contact.ParseInvite(link)
	if err != nil {
		return Contact{}, &Explained{ErrInvalid, err.Error()}
	}
	if err := inv.Valid(time.Now()); err != nil {
		return Contact{}, explain(err)
	}
	if inv.UID == n.me.UID {
		return Contact{}, refused("this invite is your own; send it to somebody else")
	}
	err = n.db.Update(func(tx *store.Tx) error {
		if k, err := n.book.Get(tx, inv.UID); err == nil && k.State == contact.Accepted {
			return refused("%s is your contact already", k.Name)
		} else if err == nil && k.State == contact.Blocked {
			return refused("%s is blocked; to undo that: peer contact unblock @%s", k.Name, k.Name)
		}
		found, err := tx.Has(nodeKey(subIntro, inv.ID()))
		if err != nil || found {
			return err
		}
		return putRow(tx, nodeKey(subIntro, inv.ID()), &introRow{Link: link, As: as})
	})
	if err != nil {
		return Contact{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	if err := n.introduceOne(ctx, inv.ID()); err != nil {
		n.log.Info("introduce", "invite", inv.ID(), "err", err)
		n.soon("introduce", n.ctx)
		if k := (*Explained)(nil); errors.As(explain(err), &k) {
			return Contact{}, k
		}
	}
	return n.introduced(inv)
}

// introduced shows how far an introduction is.
func (n *Node) introduced(inv contact.Invite) (Contact, error) {
	out := Contact{Person: Person{UID: inv.UID, Name: inv.UID.String()[:10]}, How: "invite", State: ContactInvited, Path: "none"}
	err := n.db.View(func(tx *store.Tx) error {
		if k, err := n.contactView(tx, inv.UID); err == nil {
			out = k
		}
		return nil
	})
	return out, err
}

// introduce goes on with the links that have not reached their makers.
func (n *Node) introduce(ctx context.Context) {
	var ids []contact.InviteID
	err := n.db.View(func(tx *store.Tx) error {
		prefix := nodeKey(subIntro)
		for k, v := range tx.Scan(prefix) {
			var row introRow
			if err := decodeRow(v, &row); err != nil {
				return err
			}
			if !row.Left {
				ids = append(ids, contact.InviteID(k[len(prefix):]))
			}
		}
		return tx.Err()
	})
	if err != nil {
		n.log.Error("read the introductions", "err", err)
	}
	for _, id := range ids {
		if err := n.introduceOne(ctx, id); err != nil && ctx.Err() == nil {
			n.log.Info("introduce", "invite", id, "err", err)
		}
	}
}

// introduceOne finds whoever stands in for an invite, takes the offer, and
// leaves the request there.
func (n *Node) introduceOne(ctx context.Context, id contact.InviteID) error {
	var row introRow
	err := n.db.View(func(tx *store.Tx) error {
		_, err := getRow(tx, nodeKey(subIntro, id), &row)
		return err
	})
	if err != nil || row.Left || row.Link == "" {
		return err
	}
	inv, err := contact.ParseInvite(row.Link)
	if err != nil {
		return err
	}
	if err := inv.Valid(time.Now()); err != nil {
		return errors.Join(err, n.db.Update(func(tx *store.Tx) error { return tx.Delete(nodeKey(subIntro, id)) }))
	}
	h, err := n.cfg.Hosts.Throwaway(n.ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	link, err := n.search(ctx, h, addrInfos(inv.Hints), dht.KeysFor(inv.Rendezvous(), time.Now(), [32]byte(inv.UID)))
	if err != nil {
		return err
	}
	offer, err := mailbox.FetchOffer(ctx, link, askOf(inv))
	if errors.Is(err, mailbox.ErrRefused) {
		err = errors.Join(link.Close(), refused("the invite was used, revoked or has expired; ask for a new one"))
	}
	if err != nil {
		return err
	}
	return n.leaveRequest(ctx, link, inv, row, offer)
}

func (n *Node) leaveRequest(ctx context.Context, link *mailbox.Link, inv contact.Invite, row introRow, o mailbox.Offer) error {
	opened, err := contact.OpenOffer(inv, o.Sealed)
	if err != nil {
		return errors.Join(err, link.Close())
	}
	slot := mailbox.RequestSlot(inv.DepositToken())
	if len(row.Request) == 0 {
		if err := n.propose(inv, opened, &row); err != nil {
			return errors.Join(err, link.Close())
		}
	}
	t := mailbox.Ticket{Box: o.Box, Custodian: o.Custodian, Slot: slot}
	_, err = mailbox.Deposit(ctx, link, t, mailbox.ParcelOf(row.Request))
	var gone *mailbox.Gone
	if err != nil && !errors.As(err, &gone) {
		return err
	}
	row.Left = true
	err = n.db.Update(func(tx *store.Tx) error { return putRow(tx, nodeKey(subIntro, inv.ID()), &row) })
	for _, name := range []string{"publish", "meet"} {
		n.wake[name].ring()
	}
	n.pace.reset()
	return err
}

// propose founds the 1:1 conversation and writes the request, in one
// transaction: it is the same request however often it has to be left.
func (n *Node) propose(inv contact.Invite, o *contact.Offer, row *introRow) error {
	err := n.db.Update(func(tx *store.Tx) error {
		mine, err := n.set.NewLog(tx)
		if err != nil {
			return err
		}
		c, found, err := n.set.Found(tx, time.Now(), chat.Founding{
			Shape: chat.Direct, History: chat.Forward, Mine: mine, Founders: []*identity.Leaf{o.Leaf},
		})
		if err != nil {
			return err
		}
		p := contact.Proposal{Invite: inv, Offer: o, How: contact.ByInvite, Name: row.As, Conversation: [32]byte(c.ID)}
		if _, err := n.book.Propose(tx, p, time.Now()); err != nil {
			return err
		}
		if row.Request, err = n.sealRequest(tx, inv, o, mine, found); err != nil {
			return err
		}
		return putRow(tx, nodeKey(subIntro, inv.ID()), row)
	})
	n.sync.Refresh()
	return err
}

func (n *Node) sealRequest(tx *store.Tx, inv contact.Invite, o *contact.Offer, mine *identity.Leaf, found merkle.Entry) ([]byte, error) {
	box, err := n.mailboxFor(tx, inv.UID)
	if err != nil {
		return nil, err
	}
	b, err := wire.Marshal(&box)
	if err != nil {
		return nil, err
	}
	key, err := n.set.Signer(tx, merkle.LogKey(mine.Log))
	if err != nil {
		return nil, err
	}
	r := contact.Request{Leaf: mine, FoundHeader: found.Header.Encode(), FoundBody: found.Body, Custodians: b}
	return contact.SealRequest(o.Leaf, &inv, &r, key.Sign)
}
