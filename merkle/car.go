package merkle

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"causeway/internal/wire"
)

// ErrCAR is in the chain of an error about a file that is no CAR of entries.
var ErrCAR = errors.New("bad archive")

// carHeader is the head of every archive: {roots: [the empty identity CID],
// version: 1}. The entries name their own roots; CARv1 wants one here.
var carHeader = []byte("\xa2\x65roots\x81\xd8\x2a\x45\x00\x01\x55\x00\x00\x67version\x01")

// A CID in an archive is binary: version, codec, SHA-256, 32 bytes.
const carCIDLen = 4 + 32

// WriteCAR writes entries as a CARv1: for each its header block, then its body
// block if it has one. The first error of entries or w ends it.
func WriteCAR(w io.Writer, entries iter.Seq2[Entry, error]) error {
	b := bufio.NewWriter(w)
	writeSection(b, carHeader, nil)
	for e, err := range entries {
		if err != nil {
			return fmt.Errorf("write archive: %w", err)
		}
		header := e.Encode()
		writeSection(b, carCID(wire.DagCBOR, sum(header)), header)
		if e.Body != nil {
			writeSection(b, carCID(wire.Raw, e.Header.Body), e.Body)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

func carCID(c wire.Codec, digest [32]byte) []byte {
	return append([]byte{1, byte(c), 0x12, 0x20}, digest[:]...)
}

// writeSection leaves errors to the Flush at the end.
func writeSection(b *bufio.Writer, head, data []byte) {
	b.Write(binary.AppendUvarint(nil, uint64(len(head)+len(data))))
	b.Write(head)
	b.Write(data)
}

// ReadCAR calls fn with each entry of an archive that WriteCAR wrote. It checks
// that blocks hash to their CIDs and no more: the entries are as unverified as
// any, and go through Add. The first error of fn ends it. A file cut off between
// two blocks reads as a shorter one.
func ReadCAR(r io.Reader, fn func(Block) error) error {
	in := bufio.NewReader(r)
	head, err := wire.ReadFrame(in, len(carHeader))
	if err != nil {
		return fmt.Errorf("%w: head: %w", ErrCAR, err)
	}
	if !bytes.Equal(head, carHeader) {
		return fmt.Errorf("%w: another head", ErrCAR)
	}
	var open *Block
	for {
		codec, data, err := readSection(in)
		if err != nil && err != io.EOF {
			return err
		}
		if err == nil && codec == wire.Raw {
			if open == nil || open.Body != nil {
				return fmt.Errorf("%w: a body without its header", ErrCAR)
			}
			open.Body = data
			continue
		}
		if open != nil {
			if err := fn(*open); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		open = &Block{Header: data}
	}
}

// readSection returns the next block, or io.EOF after the last.
func readSection(in *bufio.Reader) (wire.Codec, []byte, error) {
	s, err := wire.ReadFrame(in, carCIDLen+MaxBody)
	if err == io.EOF {
		return 0, nil, err
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrCAR, err)
	}
	if len(s) < carCIDLen {
		return 0, nil, fmt.Errorf("%w: a block of %d bytes", ErrCAR, len(s))
	}
	codec, data := wire.Codec(s[1]), s[carCIDLen:]
	if codec != wire.DagCBOR && codec != wire.Raw || !bytes.Equal(s[:carCIDLen], carCID(codec, sum(data))) {
		return 0, nil, fmt.Errorf("%w: a block that does not hash to its CID", ErrCAR)
	}
	return codec, data, nil
}
