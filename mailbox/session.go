package mailbox

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"time"

	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/seal"
	"causeway/store"
)

var (
	// errRefuse ends a stream with a frame that is the same for every cause.
	errRefuse = errors.New("refuse")
	// errDeny tells an owner no, without reading further meaning into it.
	errDeny = errors.New("deny")
)

// A session is what the custodian knows of one stream. It does no input or
// output: step takes a frame and the time, and returns the frames of the answer.
type session struct {
	c     *Custodian
	self  []byte // peer ids of both ends
	peer  []byte
	open  opening
	key   ed25519.PrivateKey // receipt key of the box; nil before HELLO
	class Class              // of the box; 0 unless the peer proved to own it
	put   *pending           // a deposit whose bytes are coming
	shown bool               // the peer has shown a slot or a box key that is good
	count int                // frames of one who is no owner
}

// pending is a deposit that was let in.
type pending struct {
	slot   SlotID
	parcel ParcelID
	size   uint64
	data   []byte
}

// limit bounds the next frame: nobody sends more than was asked for.
func (s *session) limit() int {
	switch {
	case s.put != nil:
		return chunk + frameOverhead
	case s.class != 0:
		return wire.MaxFrame
	}
	return maxGreeting
}

// step answers one frame. errRefuse: say REFUSED and end the stream; any other
// error: the store failed, end the stream without a word.
func (s *session) step(b []byte, now time.Time) ([]any, error) {
	f, err := decodeFrame(b)
	if err != nil {
		return nil, errRefuse
	}
	if data, ok := f.(*bytesFrame); ok || s.put != nil {
		if !ok || s.put == nil {
			return nil, errRefuse
		}
		return s.bytes(data, now)
	}
	if s.class != 0 {
		return s.ownerStep(f, now)
	}
	if s.count++; s.count > maxSteps {
		return nil, errRefuse
	}
	switch f := f.(type) {
	case *inviteFrame:
		return s.invite(f, now)
	case *helloFrame:
		return s.hello(f)
	case *ownerFrame:
		return s.owner(f, now)
	case *depositFrame:
		return s.deposit(f, now)
	}
	return nil, errRefuse
}

// hello proves the receipt key of a box, whether or not the box is known.
func (s *session) hello(f *helloFrame) ([]any, error) {
	if f.Version != version || s.key != nil {
		return nil, errRefuse
	}
	s.key = s.c.receiptKey(f.Box)
	s.open = opening{Version: version, Box: f.Box, Receipt: publicOf(s.key),
		Custodian: s.self, Client: s.peer, ClientNonce: f.Nonce}
	rand.Read(s.open.CustodianNonce[:])
	return []any{&proofFrame{Nonce: s.open.CustodianNonce, Receipt: s.open.Receipt,
		Sig: sign(s.key, label.MailboxProof, s.open)}}, nil
}

// owner lets in who proves the box key, and brings a new box under the grant of
// which a voucher is proved.
func (s *session) owner(f *ownerFrame, now time.Time) ([]any, error) {
	if s.key == nil || f.Class == 0 || f.Class >= endClasses {
		return nil, errRefuse
	}
	body := ownerBody{Opening: s.open, Class: f.Class, Grant: f.Grant}
	if !verify(s.open.Box, label.MailboxOwner, body, f.Sig) {
		return nil, errRefuse
	}
	var w *welcomeFrame
	err := s.c.db.Update(func(tx *store.Tx) (err error) {
		w, err = s.enter(tx, f, mustEncode(body), now)
		return err
	})
	if errors.Is(err, errDeny) {
		return []any{&deniedFrame{}}, nil
	}
	if err != nil {
		return nil, err
	}
	s.class, s.shown = f.Class, true
	return []any{w}, nil
}

// enter finds or registers the box of a proven owner.
func (s *session) enter(tx *store.Tx, f *ownerFrame, transcript []byte, now time.Time) (*welcomeFrame, error) {
	voucher, owner, granted, err := s.grantOf(tx, f, transcript)
	if err != nil {
		return nil, err
	}
	b, g, known, err := boxOf(tx, s.open.Box)
	if err == nil && !known && granted {
		b, g, err = register(tx, s.open.Box, f.Class, owner, now)
	} else if err == nil && !known {
		err = errRefuse
	}
	if err != nil {
		return nil, err
	}
	if b.Class != f.Class {
		return nil, errRefuse
	}
	w := &welcomeFrame{TagSecret: s.c.tagSecret(s.open.Box), MaxBytes: g.MaxBytes, MaxParcels: g.MaxParcels,
		TTL: g.TTL, Until: g.Until, Drop: g.Drop, Bytes: g.Used.Bytes, Parcels: g.Used.Parcels}
	if b.Class == First {
		w.MaxBytes, w.MaxParcels, w.TTL = MaxRequests*MaxRequest, MaxRequests, uint64(RequestTTL/time.Second)
		w.Bytes, w.Parcels = b.Used.Bytes, b.Used.Parcels
	}
	if granted {
		w.Made = w.made(voucher, transcript)
	}
	return w, nil
}

// grantOf finds the grant of which the owner proves the voucher for this box;
// errRefuse if the proof is bad, none if no grant is named or it is not known.
func (s *session) grantOf(tx *store.Tx, f *ownerFrame, transcript []byte) (voucher, owner [32]byte, ok bool, err error) {
	b, err := tx.Get(key(subToken, f.Grant))
	if errors.Is(err, store.ErrNotFound) {
		return voucher, owner, false, nil
	}
	if err != nil {
		return voucher, owner, false, err
	}
	copy(owner[:], b)
	var g grantRow
	if ok, err = load(tx, key(subGrant, owner), &g); err != nil || !ok {
		return voucher, owner, false, missing(err, "grant")
	}
	voucher = voucherKey(g.Token, s.open.Box)
	if !same(f.Use, seal.Expand(voucher, label.MailboxGrantUse, transcript)) {
		return voucher, owner, false, errRefuse
	}
	return voucher, owner, true, nil
}

// invite gives the sealed offer to who knows the invite.
func (s *session) invite(f *inviteFrame, now time.Time) ([]any, error) {
	if f.Version != version {
		return nil, errRefuse
	}
	var row *standInRow
	err := s.c.db.View(func(tx *store.Tx) (err error) {
		row, err = findStandIn(tx, f.Ask, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return []any{&offerFrame{Box: row.Box, Receipt: publicOf(s.c.receiptKey(row.Box)), Offer: row.Offer}}, nil
}
