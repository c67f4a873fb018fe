package node

import (
	"bytes"
	"fmt"
	"iter"
	"sync"

	"causeway/internal/wire"
	"causeway/mailbox"
	"causeway/merkle"
)

// A segment is entries of one conversation on their way through a custodian or
// a USB stick: [conversation, CARv1 of header and body blocks]
// (docs/spec/07-mailbox.md, section 8).
type segment struct {
	_    struct{} `cbor:",toarray"`
	Conv merkle.ID
	CAR  []byte
}

// packSegments cuts entries into segments of about so many bytes, in their
// order; one entry is never cut.
func packSegments(conv merkle.ID, entries []merkle.Entry, bound int) ([][]byte, error) {
	var out [][]byte
	for len(entries) > 0 {
		n := fitting(entries, bound)
		var car bytes.Buffer
		if err := merkle.WriteCAR(&car, each(entries[:n])); err != nil {
			return nil, err
		}
		b, err := wire.Marshal(&segment{Conv: conv, CAR: car.Bytes()})
		if err != nil {
			return nil, err
		}
		out, entries = append(out, b), entries[n:]
	}
	return out, nil
}

// fitting counts the first entries that make a segment.
func fitting(entries []merkle.Entry, bound int) (n int) {
	size := 0
	for n < len(entries) && (n == 0 || size+merkle.MaxHeader+len(entries[n].Body) < bound) {
		size += len(entries[n].Body) + merkle.MaxHeader
		n++
	}
	return n
}

func each(entries []merkle.Entry) iter.Seq2[merkle.Entry, error] {
	return func(yield func(merkle.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func openSegment(b []byte) (merkle.ID, []merkle.Block, error) {
	var s segment
	if err := wire.Unmarshal(b, &s); err != nil {
		return merkle.ID{}, nil, fmt.Errorf("segment: %w", err)
	}
	var blocks []merkle.Block
	err := merkle.ReadCAR(bytes.NewReader(s.CAR), func(b merkle.Block) error {
		blocks = append(blocks, b)
		return nil
	})
	return s.Conv, blocks, err
}

// bundles are the parcels of one round: what several custodians lack is sealed
// once, so that the owner knows the copies for what they are.
type bundles struct {
	mu   sync.Mutex
	made map[bundleKey][]mailbox.Parcel // guarded by mu
}

type bundleKey struct {
	box         mailbox.BoxID
	first, last merkle.ID
	count       int
}

func (b *bundles) of(p place, entries []merkle.Entry) ([]mailbox.Parcel, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := bundleKey{p.box, entries[0].ID, entries[len(entries)-1].ID, len(entries)}
	if made, ok := b.made[k]; ok {
		return made, nil
	}
	segments, err := packSegments(p.conv.ID, entries, segmentBytes)
	if err != nil {
		return nil, err
	}
	for _, s := range segments {
		parcels, err := p.slot.Seal(s, 0)
		if err != nil {
			return nil, err
		}
		b.made[k] = append(b.made[k], parcels...)
	}
	return b.made[k], nil
}
