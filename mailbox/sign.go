package mailbox

import (
	"crypto/ed25519"
	"time"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// A Receipt is a custodian's signed promise to keep a parcel until it expires
// or the owner deletes it (spec section 5).
type Receipt struct {
	Box       BoxID
	Parcel    ParcelID
	Size      uint64
	Deposited time.Time // of whole seconds
	Expires   time.Time
	Sig       [64]byte
}

// What is signed is purpose ‖ canonical array. No label holds the first byte of
// an array, so the two cannot run into each other.
func sign(key ed25519.PrivateKey, purpose string, v any) [64]byte {
	return [64]byte(ed25519.Sign(key, append([]byte(purpose), mustEncode(v)...)))
}

func verify(key [32]byte, purpose string, v any, sig [64]byte) bool {
	return ed25519.Verify(key[:], append([]byte(purpose), mustEncode(v)...), sig[:])
}

// mustEncode encodes a value whose type and sizes the package itself fixes.
func mustEncode(v any) []byte {
	b, err := wire.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

type receiptBody struct {
	_                  struct{} `cbor:",toarray"`
	Box                BoxID
	Parcel             ParcelID
	Size               uint64
	Deposited, Expires uint64
}

func (r *Receipt) body() receiptBody {
	return receiptBody{Box: r.Box, Parcel: r.Parcel, Size: r.Size, Deposited: seconds(r.Deposited), Expires: seconds(r.Expires)}
}

// VerifyReceipt checks that the custodian with this receipt key signed r;
// otherwise ErrSignature. What r says of box, parcel and time is the caller's
// to compare.
func VerifyReceipt(custodian ReceiptKey, r Receipt) error {
	if !verify(custodian, label.MailboxReceipt, r.body(), r.Sig) {
		return ErrSignature
	}
	return nil
}

type quotaBody struct {
	_              struct{} `cbor:",toarray"`
	Box            BoxID
	Parcel         ParcelID
	Reason         Reason
	Issued, FreeAt uint64
}

func (f *Full) body() quotaBody {
	return quotaBody{Box: f.Box, Parcel: f.Parcel, Reason: f.Reason, Issued: seconds(f.Issued), FreeAt: seconds(f.FreeAt)}
}

// VerifyFull checks that the custodian with this receipt key signed f;
// otherwise ErrSignature.
func VerifyFull(custodian ReceiptKey, f *Full) error {
	if !verify(custodian, label.MailboxQuota, f.body(), f.Sig) {
		return ErrSignature
	}
	return nil
}

type deleteBody struct {
	_      struct{} `cbor:",toarray"`
	Box    BoxID
	Parcel ParcelID
}

// Deletion signs away one parcel: good at every custodian of the box, and proof
// for its sender that a device of the owner had it.
func (k *BoxKey) Deletion(p ParcelID) [64]byte {
	return sign(k.key, label.MailboxDelete, deleteBody{Box: k.ID(), Parcel: p})
}

// VerifyGone checks that the owner of the box signed the deletion; otherwise
// ErrSignature.
func VerifyGone(g *Gone) error {
	if !verify(g.Box, label.MailboxDelete, deleteBody{Box: g.Box, Parcel: g.Parcel}, g.Sig) {
		return ErrSignature
	}
	return nil
}

// opening is what both proofs of one stream bind: who speaks to whom about
// which box, and a fresh number of each.
type opening struct {
	_              struct{} `cbor:",toarray"`
	Version        uint64
	Box            BoxID
	Receipt        ReceiptKey
	Custodian      []byte // peer id
	Client         []byte // peer id
	ClientNonce    [32]byte
	CustodianNonce [32]byte
}

type ownerBody struct {
	_       struct{} `cbor:",toarray"`
	Opening opening
	Class   Class
	Grant   [32]byte
}

// seconds is the time on the wire: whole seconds since 1970, 0 for none.
func seconds(t time.Time) uint64 {
	if t.IsZero() || t.Unix() < 0 {
		return 0
	}
	return uint64(t.Unix())
}

func fromSeconds(s uint64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(min(s, maxSeconds)), 0)
}

// maxSeconds keeps times on the wire within what int64 seconds can add up.
const maxSeconds = 1 << 40
