package node

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// boxSecret is this user's side of every mailbox: one key for the mail of
// contacts, one for requests, and the secret that deposit secrets come from.
type boxSecret struct {
	_       struct{} `cbor:",toarray"`
	Box     [32]byte
	First   [32]byte
	Deposit [32]byte
}

// keeperRow is one friend as custodian of this user's mail.
type keeperRow struct {
	_       struct{} `cbor:",toarray"`
	Grant   []byte   // the friend's consent; empty: none, or withdrawn
	Wanted  bool     // the user added the friend as custodian
	Receipt [32]byte // once registered: how others know it
	Tag     [32]byte
	Slots   [32]byte // digest of the slots that are registered
	Told    bool     // the friend withdrew
}

func (k *keeperRow) ready() bool {
	return k.Wanted && !k.Told && len(k.Grant) > 0 && k.Receipt != [32]byte{}
}

func (k *keeperRow) state() string {
	switch {
	case k.Told:
		return "withdrawn"
	case k.ready():
		return "ready"
	case k.Wanted && len(k.Grant) == 0:
		return "asked"
	case k.Wanted:
		return "registering"
	case k.Receipt != [32]byte{}:
		return "dropped"
	}
	return "offered"
}

func putRow(tx *store.Tx, key []byte, v any) error {
	b, err := wire.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Set(key, b)
}

// getRow reads a row; found is false, and v untouched, if there is none.
func getRow(tx *store.Tx, key []byte, v any) (found bool, err error) {
	b, err := tx.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, wire.Unmarshal(b, v)
}

func nodeKey(sub byte, parts ...any) []byte {
	return store.Key(store.SpaceNode, append([]any{sub}, parts...)...)
}

// boxes returns the secrets of this user's mailboxes, made on first use.
func boxes(tx *store.Tx) (boxSecret, error) {
	var s boxSecret
	found, err := getRow(tx, nodeKey(subBoxSecret), &s)
	if err != nil || found {
		return s, err
	}
	for _, k := range [][]byte{s.Box[:], s.First[:], s.Deposit[:]} {
		rand.Read(k)
	}
	return s, putRow(tx, nodeKey(subBoxSecret), &s)
}

// depositSecret is what one contact, or the user of one invite, deposits under.
func (s boxSecret) depositSecret(who []byte) [32]byte {
	return seal.Expand(s.Deposit, label.DepositSecret, who)
}

func (s boxSecret) box() *mailbox.BoxKey { return mailbox.BoxKeyFromSeed(s.Box) }

func (s boxSecret) first() *mailbox.BoxKey { return mailbox.BoxKeyFromSeed(s.First) }

// keepers lists the friends who keep, offered to keep, or are asked to keep.
func keepers(tx *store.Tx) (map[identity.UID]keeperRow, error) {
	out := map[identity.UID]keeperRow{}
	prefix := nodeKey(subKeeper)
	for k, v := range tx.Scan(prefix) {
		var row keeperRow
		if err := wire.Unmarshal(v, &row); err != nil {
			return nil, err
		}
		out[identity.UID(k[len(prefix):])] = row
	}
	return out, tx.Err()
}

func editKeeper(tx *store.Tx, uid identity.UID, edit func(*keeperRow)) error {
	var row keeperRow
	if _, err := getRow(tx, nodeKey(subKeeper, uid), &row); err != nil {
		return err
	}
	edit(&row)
	return putRow(tx, nodeKey(subKeeper, uid), &row)
}

// mailboxFor is what one contact is told: where to park, and under which secret.
func (n *Node) mailboxFor(tx *store.Tx, uid identity.UID) (chat.Mailbox, error) {
	return n.mailboxOf(tx, uid[:])
}

func (n *Node) mailboxOf(tx *store.Tx, who []byte) (chat.Mailbox, error) {
	s, err := boxes(tx)
	if err != nil {
		return chat.Mailbox{}, err
	}
	m := chat.Mailbox{Box: s.box().ID(), Deposit: s.depositSecret(who)}
	all, err := keepers(tx)
	for uid, row := range all {
		if row.ready() {
			m.Keepers = append(m.Keepers, n.keeperOf(tx, uid, row))
		}
	}
	slices.SortFunc(m.Keepers, func(a, b chat.Keeper) int { return slices.Compare(a.Receipt[:], b.Receipt[:]) })
	return m, err
}

// keeperOf is what others need to know of a friend who keeps this user's mail.
// The name is the friend's own, never this user's petname for them.
func (n *Node) keeperOf(tx *store.Tx, uid identity.UID, row keeperRow) chat.Keeper {
	k := chat.Keeper{Receipt: row.Receipt, Tag: row.Tag}
	if c, err := n.book.Get(tx, uid); err == nil {
		k.Addrs = c.Addrs[:min(len(c.Addrs), maxAddrs)]
		if leaf, err := identity.DecodeLeaf(c.Leaf); err == nil {
			k.Name = leaf.Name
		}
	}
	return k
}

// keepMailbox notes where a contact says that its mail can be parked.
func (n *Node) keepMailbox(tx *store.Tx, s chat.Service) error {
	m, err := chat.DecodeMailbox(s.Payload)
	if err != nil {
		return nil // says nothing that we understand
	}
	tx.OnCommit(n.wake["outbox"].ring)
	if c := n.set.Direct(s.From); c != nil {
		if err := forgetParked(tx, c.ID, m); err != nil {
			return err
		}
	}
	if len(m.Keepers) > 0 {
		if err := n.custodyEvent(tx, s.From, fmt.Sprintf("has %d friends who keep mail for them", len(m.Keepers))); err != nil {
			return err
		}
	}
	_, err = n.book.Edit(tx, s.From, func(k *contact.Contact) error {
		k.Custodians = s.Payload
		return nil
	})
	if errors.Is(err, contact.ErrNotFound) {
		return nil
	}
	return err
}

// forgetParked stops counting what lies with custodians that the owner names no
// longer: nobody may ever look for it there.
func forgetParked(tx *store.Tx, conv merkle.ID, m chat.Mailbox) error {
	prefix := nodeKey(subParked, conv)
	for k := range tx.Scan(prefix) {
		named := slices.ContainsFunc(m.Keepers, func(keeper chat.Keeper) bool {
			return string(k[len(prefix):]) == string(keeper.Receipt[:])
		})
		if named {
			continue
		}
		if err := errors.Join(tx.Delete(k), tx.Delete(nodeKey(subLaid, conv, k[len(prefix):]))); err != nil {
			return err
		}
	}
	return tx.Err()
}

// announceMailbox tells every contact whose knowledge of this user's mailbox is
// out of date, and the groups that this user leads.
func (n *Node) announceMailbox() error {
	var errs []error
	for _, c := range n.set.All() {
		err := n.db.Update(func(tx *store.Tx) error {
			s := c.State()
			if _, in := s.Fold.Member(n.me.UID); !in || s.Shape == chat.Self {
				return nil
			}
			return n.tellMailbox(tx, c)
		})
		if !chat.CannotWrite(err) { // where this device is stopped, the others need not wait for it
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (n *Node) tellMailbox(tx *store.Tx, c *chat.Conversation) error {
	s := c.State()
	m, err := n.mailboxToTell(tx, s)
	if err != nil || m == nil {
		return err
	}
	b, err := wire.Marshal(m)
	if err != nil {
		return err
	}
	digest, key := sha256.Sum256(b), nodeKey(subTold, c.ID)
	if old, err := tx.Get(key); err == nil && [32]byte(old) == digest {
		return nil
	}
	w := c.Write(tx, time.Now())
	if s.Shape == chat.Group {
		err = w.NameMailbox(*m)
	} else {
		err = w.Tell(chat.KindMailbox, m)
	}
	if err != nil {
		return err
	}
	if err := tx.Set(key, digest[:]); err != nil {
		return err
	}
	return n.settle(tx, w)
}

// mailboxToTell returns nil if it is not for this user to tell anything.
func (n *Node) mailboxToTell(tx *store.Tx, s *chat.State) (*chat.Mailbox, error) {
	if s.Shape == chat.Direct {
		k, err := n.book.Get(tx, s.Peer)
		if err != nil || k.State != contact.Accepted {
			return nil, nil
		}
		m, err := n.mailboxFor(tx, s.Peer)
		return &m, err
	}
	members := s.Fold.Members()
	if len(members) == 0 || members[0].User != n.me.UID {
		return nil, nil
	}
	var m chat.Mailbox
	all, err := keepers(tx)
	for uid, row := range all {
		if row.ready() {
			k := n.keeperOf(tx, uid, row)
			k.Grant = row.Grant
			m.Keepers = append(m.Keepers, k)
		}
	}
	if len(m.Keepers) == 0 && len(s.Mailbox().Keepers) == 0 {
		return nil, err
	}
	slices.SortFunc(m.Keepers, func(a, b chat.Keeper) int { return slices.Compare(a.Receipt[:], b.Receipt[:]) })
	return &m, err
}

func decodeRow(b []byte, v any) error { return wire.Unmarshal(b, v) }
