package chat

import (
	"causeway/internal/wire"
	"causeway/merkle"
)

// Keeper is one custodian as those who park mail there need to know it.
type Keeper struct {
	_       struct{} `cbor:",toarray"`
	Receipt [32]byte // key under which it signs for the box, and publisher of its tags
	Tag     [32]byte // secret of its daily tags
	Grant   []byte   // group mailboxes: the right to register the boxes of epochs; else empty
	Addrs   []string // last known addresses, for networks without a DHT
	Name    string   // what the custodian calls itself, so that people see where mail waits
}

// Mailbox is where mail can be parked: the payload of KindMailbox, for one
// contact, and of KindCustodians, for a group, whose boxes and deposit secrets
// come from its epochs.
type Mailbox struct {
	_       struct{} `cbor:",toarray"`
	Box     [32]byte // the owner's box; zero for a group
	Deposit [32]byte // deposit secret of this pair; zero for a group
	Keepers []Keeper
}

// Consent is the payload of KindConsent: the author keeps the reader's mail on
// the terms of the grant.
type Consent struct {
	_     struct{} `cbor:",toarray"`
	Grant []byte
}

const (
	maxKeepers = 8
	maxAddrs   = 16
	maxAddr    = 256
	maxGrant   = 256
)

// DecodeMailbox reads a bounded Mailbox.
func DecodeMailbox(b []byte) (Mailbox, error) {
	var m Mailbox
	if err := wire.Unmarshal(b, &m); err != nil {
		return Mailbox{}, err
	}
	ok := len(m.Keepers) <= maxKeepers
	for _, k := range m.Keepers {
		ok = ok && len(k.Name) <= MaxName && len(k.Addrs) <= maxAddrs && len(k.Grant) <= maxGrant
		for _, a := range k.Addrs {
			ok = ok && len(a) <= maxAddr
		}
	}
	if !ok {
		return Mailbox{}, wire.ErrEncoding
	}
	return m, nil
}

// DecodeConsent reads a bounded Consent.
func DecodeConsent(b []byte) (Consent, error) {
	var c Consent
	if err := wire.Unmarshal(b, &c); err != nil || len(c.Grant) > maxGrant {
		return Consent{}, wire.ErrEncoding
	}
	return c, nil
}

// namedMailbox is a group's mailbox and where its naming stands in the log.
type namedMailbox struct {
	id      merkle.ID
	log     merkle.LogKey
	height  uint64
	mailbox Mailbox
}

func (w *Writer) readMailbox(ct *control, b []byte) error {
	m, err := DecodeMailbox(b)
	if err != nil {
		return err
	}
	s := w.own()
	s.mailboxes = append(s.mailboxes[:len(s.mailboxes):len(s.mailboxes)], namedMailbox{ct.op.ID, ct.op.Log, ct.op.Height, m})
	return nil
}

// NameMailbox tells a group's members where mail for the group is parked.
func (w *Writer) NameMailbox(m Mailbox) error {
	if !w.s.Fold.MayAdmit(w.c.set.me.UID) {
		return ErrNotAllowed
	}
	_, err := w.control(KindCustodians, &m)
	return err
}

// Mailbox returns a group's mailbox: the one that was named highest in the log
// by an entry that stands.
func (s *State) Mailbox() Mailbox {
	var best namedMailbox
	for _, m := range s.mailboxes {
		if s.Fold.Live(m.id) && s.byAdmin(m.log) && (m.height > best.height || m.height == best.height && m.id.Compare(best.id) > 0) {
			best = m
		}
	}
	return best.mailbox
}

func (s *State) byAdmin(log merkle.LogKey) bool {
	uid, known := s.Fold.UserOf(log)
	return known && s.Fold.MayAdmit(uid)
}
