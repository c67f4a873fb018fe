package mailbox

import (
	"fmt"
	"reflect"
	"slices"

	"causeway/internal/wire"
)

// The frames of the protocol (spec section 3). A frame is one type byte and one
// canonical array.
type (
	helloFrame struct {
		_       struct{} `cbor:",toarray"`
		Version uint64
		Box     BoxID
		Nonce   [32]byte
	}
	proofFrame struct {
		_       struct{} `cbor:",toarray"`
		Nonce   [32]byte
		Receipt ReceiptKey
		Sig     [64]byte
	}
	ownerFrame struct {
		_     struct{} `cbor:",toarray"`
		Class Class
		Grant [32]byte // which grant; zero: none
		Use   [32]byte // proof of its voucher; zero: none
		Sig   [64]byte
	}
	welcomeFrame struct {
		_                    struct{} `cbor:",toarray"`
		TagSecret            [32]byte
		MaxBytes, MaxParcels uint64
		TTL, Until, Drop     uint64
		Bytes, Parcels       uint64
		Made                 [32]byte // proof of the voucher; zero: none was shown
	}
	slotsFrame struct {
		_       struct{} `cbor:",toarray"`
		Replace bool
		Weeks   []WeekSlots
	}
	listFrame struct {
		_     struct{} `cbor:",toarray"`
		After uint64
		Limit uint64
	}
	rowsFrame struct {
		_    struct{} `cbor:",toarray"`
		Rows []listRow
		More bool
	}
	listRow struct {
		_                  struct{} `cbor:",toarray"`
		Seq                uint64
		Parcel             ParcelID
		Size               uint64
		Slot               SlotHash
		Deposited, Expires uint64
	}
	fetchFrame struct {
		_     struct{} `cbor:",toarray"`
		Items []fetchItem
	}
	fetchItem struct {
		_      struct{} `cbor:",toarray"`
		Parcel ParcelID
		Offset uint64
	}
	bytesFrame struct {
		_    struct{} `cbor:",toarray"`
		Data []byte
	}
	deleteFrame struct {
		_     struct{} `cbor:",toarray"`
		Items []deleteItem
	}
	deleteItem struct {
		_      struct{} `cbor:",toarray"`
		Parcel ParcelID
		Sig    [64]byte
	}
	standInFrame struct {
		_        struct{} `cbor:",toarray"`
		Ask      [32]byte
		Slot     SlotHash
		Requests uint64
		Expires  uint64
		Offer    []byte
		Tags     []DayTag
	}
	revokeFrame struct {
		_   struct{} `cbor:",toarray"`
		Ask [32]byte
	}
	closeFrame struct {
		_ struct{} `cbor:",toarray"`
	}
	okFrame struct {
		_ struct{} `cbor:",toarray"`
	}
	deniedFrame struct {
		_ struct{} `cbor:",toarray"`
	}
	refusedFrame struct {
		_ struct{} `cbor:",toarray"`
	}
	depositFrame struct {
		_      struct{} `cbor:",toarray"`
		Slot   SlotID
		Parcel ParcelID
		Size   uint64
	}
	goFrame struct {
		_ struct{} `cbor:",toarray"`
	}
	receiptFrame struct {
		_                        struct{} `cbor:",toarray"`
		Size, Deposited, Expires uint64
		Sig                      [64]byte
	}
	quotaFrame struct {
		_              struct{} `cbor:",toarray"`
		Reason         Reason
		Issued, FreeAt uint64
		Sig            [64]byte
	}
	goneFrame struct {
		_   struct{} `cbor:",toarray"`
		Sig [64]byte
	}
	inviteFrame struct {
		_       struct{} `cbor:",toarray"`
		Version uint64
		Ask     [32]byte
	}
	offerFrame struct {
		_       struct{} `cbor:",toarray"`
		Box     BoxID
		Receipt ReceiptKey
		Offer   []byte
	}
)

const version = 1

// frameTypes: the place of a frame is its type byte and never changes.
var frameTypes = [...]reflect.Type{
	1:  reflect.TypeFor[helloFrame](),
	2:  reflect.TypeFor[proofFrame](),
	3:  reflect.TypeFor[ownerFrame](),
	4:  reflect.TypeFor[welcomeFrame](),
	5:  reflect.TypeFor[slotsFrame](),
	6:  reflect.TypeFor[listFrame](),
	7:  reflect.TypeFor[rowsFrame](),
	8:  reflect.TypeFor[fetchFrame](),
	9:  reflect.TypeFor[bytesFrame](),
	10: reflect.TypeFor[deleteFrame](),
	11: reflect.TypeFor[standInFrame](),
	12: reflect.TypeFor[revokeFrame](),
	13: reflect.TypeFor[closeFrame](),
	14: reflect.TypeFor[okFrame](),
	15: reflect.TypeFor[deniedFrame](),
	16: reflect.TypeFor[refusedFrame](),
	17: reflect.TypeFor[depositFrame](),
	18: reflect.TypeFor[goFrame](),
	19: reflect.TypeFor[receiptFrame](),
	20: reflect.TypeFor[quotaFrame](),
	21: reflect.TypeFor[goneFrame](),
	22: reflect.TypeFor[inviteFrame](),
	23: reflect.TypeFor[offerFrame](),
}

// encodeFrame encodes a pointer to one of the frames.
func encodeFrame(f any) ([]byte, error) {
	kind := slices.Index(frameTypes[:], reflect.TypeOf(f).Elem())
	b, err := wire.Marshal(f)
	if err != nil {
		return nil, err
	}
	return append([]byte{byte(kind)}, b...), nil
}

// decodeFrame returns a pointer to the frame that b holds; ErrProtocol if it
// holds none.
func decodeFrame(b []byte) (any, error) {
	if len(b) == 0 || b[0] == 0 || int(b[0]) >= len(frameTypes) {
		return nil, fmt.Errorf("%w: unknown frame", ErrProtocol)
	}
	f := reflect.New(frameTypes[b[0]]).Interface()
	if err := wire.Unmarshal(b[1:], f); err != nil {
		return nil, fmt.Errorf("%w: frame %d: %w", ErrProtocol, b[0], err)
	}
	return f, nil
}
