package node

import (
	"errors"
	"fmt"
	"time"

	"causeway/chat"
	"causeway/identity"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// The sub-spaces of store.SpaceNode.
const (
	subProfile   = 'p' // → profile
	subEvent     = 'e' // number → Event
	subBoxSecret = 'b' // → boxSecret
	subKeeper    = 'k' // friend's uid → keeperRow
	subTold      = 't' // conversation → digest of the mailbox told there
	subParked    = 'w' // conversation, receipt key → parkedRow
	subTaken     = 'n' // conversation, my log, log or box id → takenRow
	subLaid      = 'y' // conversation, receipt key → laidRow
	subOwed      = 'a' // conversation → that an acknowledgement is due
	subDone      = 'd' // parcel id → when it may be forgotten (s): collected and read
	subGroupBox  = 'g' // epoch, the custodian's known receipt key → receipt key of the epoch's box
	subInviteLog = 'l' // invite id → inviteRow
	subIntro     = 'i' // invite id → introRow
	subRefused   = 'r' // invite id → refusedRow
	subTransport = 'x' // → seed of the transport key, of a node that serves a DHT
)

// profile is who this node's user is, as kept in the store.
type profile struct {
	_      struct{} `cbor:",toarray"`
	Name   string
	Device [32]byte // seed
	Card   []byte
	Chain  []identity.DeviceCert
	Self   merkle.ID // the self group
}

// Init makes a new user with this device in an empty store at dir, and returns
// the 24 recovery words, which are kept nowhere, and the user's id.
func Init(dir, name string, unlock store.Unlock) ([]string, identity.UID, error) {
	if err := identity.CheckName(name); err != nil {
		return nil, identity.UID{}, &Explained{ErrInvalid, err.Error()}
	}
	db, err := store.Create(dir, unlock, store.Options{})
	if err != nil {
		return nil, identity.UID{}, err
	}
	root := identity.NewRoot()
	if err := found(db, root, name); err != nil {
		return nil, identity.UID{}, errors.Join(err, db.Close())
	}
	return root.Words(), root.Card().UID(), db.Close()
}

func found(db *store.DB, root *identity.Root, name string) error {
	device := identity.NewDevice()
	p := profile{Name: name, Device: device.Seed(), Card: root.Card().Encode(), Chain: []identity.DeviceCert{root.Certify(device.Public())}}
	me, err := p.me()
	if err != nil {
		return err
	}
	set, err := chat.Open(db, me)
	if err != nil {
		return err
	}
	own := me.Own[0].Public()
	leaf, err := identity.NewLeaf(me.Card, me.Chain, device, device.Log(), 0, own, name)
	if err != nil {
		return err
	}
	return db.Update(func(tx *store.Tx) error {
		if err := set.KeepLog(tx, device.Log()); err != nil {
			return err
		}
		_, e, err := set.Found(tx, time.Now(), chat.Founding{Shape: chat.Self, History: chat.Shared, Mine: leaf, KEM: own})
		if err != nil {
			return err
		}
		p.Self = e.ID
		b, err := wire.Marshal(&p)
		if err != nil {
			return err
		}
		return tx.Set(store.Key(store.SpaceNode, byte(subProfile)), b)
	})
}

func (p *profile) me() (chat.Me, error) {
	device := identity.DeviceFromSeed(p.Device)
	own := seal.KEMFromSeed(seal.Expand(p.Device, label.DeviceKEM))
	me := chat.Me{Device: device, Name: p.Name, Own: []*seal.KEM{own}, KEMs: []*seal.KEM{own}}
	card, err := identity.DecodeCard(p.Card)
	if err != nil {
		return me, err
	}
	me.Card, me.UID, me.Chain = card, card.UID(), p.Chain
	return me, nil
}

// loadProfile reads who we are and opens the conversations, the self group
// first, since it holds the keys to the others.
func loadProfile(db *store.DB) (profile, chat.Me, *chat.Set, error) {
	var p profile
	err := db.View(func(tx *store.Tx) error {
		b, err := tx.Get(store.Key(store.SpaceNode, byte(subProfile)))
		if err != nil {
			return fmt.Errorf("who this node belongs to: %w", err)
		}
		return wire.Unmarshal(b, &p)
	})
	if err != nil {
		return p, chat.Me{}, nil, err
	}
	me, err := p.me()
	if err != nil {
		return p, me, nil, err
	}
	set, err := chat.Open(db, me)
	if err != nil {
		return p, me, nil, err
	}
	self := set.Get(p.Self)
	if self == nil {
		return p, me, nil, fmt.Errorf("%w: the self group is gone", store.ErrDamaged)
	}
	me.KEMs = self.UserKEMs()
	set.SetKEMs(me.KEMs)
	return p, me, set, nil
}
