package node

import (
	"bytes"
	"testing"

	"causeway/internal/wire"
	"causeway/merkle"
)

// A segment that opens packs to the same bytes, and the records of the store are
// held to one encoding as well.
func FuzzSegment(f *testing.F) {
	var car bytes.Buffer
	if err := merkle.WriteCAR(&car, each(nil)); err != nil {
		f.Fatal(err)
	}
	for _, v := range []any{&segment{CAR: car.Bytes()}, &profile{}, &keeperRow{}, &parkedRow{}, &introRow{}, &refusedRow{}, &inviteRow{}, &eventRecord{}} {
		b, err := wire.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, blocks, err := openSegment(b); err == nil {
			for _, block := range blocks {
				if len(block.Header) > merkle.MaxHeader || len(block.Body) > merkle.MaxBody {
					t.Errorf("a block of %d and %d bytes came through", len(block.Header), len(block.Body))
				}
			}
		}
		for _, v := range []any{&segment{}, &profile{}, &keeperRow{}, &parkedRow{}, &introRow{}, &refusedRow{}, &inviteRow{}, &eventRecord{}} {
			if wire.Unmarshal(b, v) != nil {
				continue
			}
			if again, err := wire.Marshal(v); err != nil || !bytes.Equal(b, again) {
				t.Errorf("%T: %x encodes as %x, %v", v, b, again, err)
			}
		}
	})
}
