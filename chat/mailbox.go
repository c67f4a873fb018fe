package chat

import (
	"causeway/internal/wire"
	"causeway/merkle"
)

// Mailbox is where mail can be parked for the author: with one custodian.
type Mailbox struct {
	_       struct{} `cbor:",toarray"`
	Box     [32]byte // public key of the box
	Receipt [32]byte // key under which the custodian signs for this box
	Tag     [32]byte // secret of the custodian's daily tag for this box
	Token   [32]byte // group mailboxes: the right to register a box; else zero
	Addrs   []string // last known addresses, for networks without a DHT
}

// MailboxList is the payload of KindMailbox (for one contact) and of
// KindCustodians (for a group, whose slots come from its own keys).
type MailboxList struct {
	_      struct{} `cbor:",toarray"`
	Secret [32]byte // deposit secret of this pair; zero for a group
	Boxes  []Mailbox
}

// Consent is the payload of KindConsent: the author keeps the reader's mail.
type Consent struct {
	_     struct{} `cbor:",toarray"`
	Token [32]byte
	Tag   [32]byte // secret of the daily tag under which the custodian is found
	Max   uint64   // bytes
	TTL   uint64   // seconds
	Addrs []string
}

const (
	maxBoxes = 8
	maxAddrs = 16
)

// DecodeMailboxes reads a bounded MailboxList.
func DecodeMailboxes(b []byte) (MailboxList, error) {
	var l MailboxList
	if err := wire.Unmarshal(b, &l); err != nil {
		return l, err
	}
	if len(l.Boxes) > maxBoxes {
		return MailboxList{}, wire.ErrEncoding
	}
	for _, m := range l.Boxes {
		if len(m.Addrs) > maxAddrs {
			return MailboxList{}, wire.ErrEncoding
		}
	}
	return l, nil
}

// DecodeConsent reads a bounded Consent.
func DecodeConsent(b []byte) (Consent, error) {
	var c Consent
	if err := wire.Unmarshal(b, &c); err != nil || len(c.Addrs) > maxAddrs {
		return Consent{}, wire.ErrEncoding
	}
	return c, nil
}

// mailboxEntry is a group's mailbox list and where it stands in the log.
type mailboxEntry struct {
	id     merkle.ID
	height uint64
	list   MailboxList
}

func (w *Writer) readMailbox(ct *control, b []byte) error {
	l, err := DecodeMailboxes(b)
	if err != nil {
		return err
	}
	w.own().mailboxes = append(w.s.mailboxes, mailboxEntry{ct.op.ID, ct.op.Height, l})
	return nil
}

// NameMailboxes tells a group's members where mail for the group is parked.
func (w *Writer) NameMailboxes(l MailboxList) error {
	if !w.s.Fold.MayAdmit(w.c.set.me.UID) {
		return ErrNotAllowed
	}
	_, err := w.control(KindCustodians, &l)
	return err
}

// Mailboxes returns a group's mailboxes: the highest list that an admin stands
// behind.
func (s *State) Mailboxes() []Mailbox {
	var best mailboxEntry
	for _, m := range s.mailboxes {
		if s.Fold.Live(m.id) && m.height >= best.height {
			best = m
		}
	}
	return best.list.Boxes
}
