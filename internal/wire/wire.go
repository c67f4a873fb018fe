// Package wire holds the one canonical encoding of Causeway, a strict subset of
// dag-cbor, and length-bounded frames. It does not know what the values mean.
// See docs/spec/00-overview.md, sections 1 and 2.
package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// ErrEncoding is in the chain of every error about bytes that are not the
// canonical encoding of the value asked for.
var ErrEncoding = errors.New("not canonical")

var (
	encMode = must(cbor.EncOptions{
		Sort:          cbor.SortNone,
		ShortestFloat: cbor.ShortestFloatNone,
		IndefLength:   cbor.IndefLengthForbidden,
		NilContainers: cbor.NilContainerAsEmpty,
		TagsMd:        cbor.TagsAllowed,
		String:        cbor.StringToTextString,
	}.EncMode())
	decMode = must(cbor.DecOptions{
		IndefLength:      cbor.IndefLengthForbidden,
		MaxNestedLevels:  MaxDepth + 2, // the content of a link counts as a level
		MaxArrayElements: maxElements,
		UTF8:             cbor.UTF8RejectInvalid,
		IntDec:           cbor.IntDecConvertNone,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Marshal returns the canonical encoding of v: integers, booleans, byte and
// text strings, null (a nil pointer), links and arrays. A struct is an array
// and carries a field `_ struct{} `cbor:",toarray"“; a nil slice is an empty
// one. A map, a float or a value over the limits is an error.
func Marshal(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if err := Check(b); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Unmarshal decodes into v the one value that b holds. Anything that Marshal
// would not have written for it is an error with ErrEncoding in its chain: long
// integers, trailing bytes, missing or extra fields, wrong lengths. It allocates
// in proportion to b.
func Unmarshal(b []byte, v any) error {
	if err := Check(b); err != nil {
		return err
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	again, err := encMode.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	if !bytes.Equal(b, again) {
		return fmt.Errorf("%w: %T encodes otherwise", ErrEncoding, v)
	}
	return nil
}
