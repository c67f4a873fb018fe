package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFrame is in the chain of an error about a frame that is too long or whose
// length is not a minimal uvarint. The stream cannot be read further.
var ErrFrame = errors.New("bad frame")

// ReadFrame reads one frame: a uvarint length, then as many bytes. A length
// over limit or MaxFrame is an error before anything is allocated. It returns
// io.EOF only at a frame's boundary, io.ErrUnexpectedEOF within one.
func ReadFrame(r *bufio.Reader, limit int) ([]byte, error) {
	n, err := readLength(r, uint64(max(0, min(limit, MaxFrame))))
	if err != nil {
		return nil, err
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(r, p); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return p, nil
}

// readLength reads a minimal uvarint of at most limit.
func readLength(r io.ByteReader, limit uint64) (uint64, error) {
	var n uint64
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err == io.EOF && shift > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		n |= uint64(b&0x7f) << shift
		if n > limit || shift > 28 {
			return 0, fmt.Errorf("%w: over %d bytes", ErrFrame, limit)
		}
		if b < 0x80 {
			if b == 0 && shift > 0 {
				return 0, fmt.Errorf("%w: length is not minimal", ErrFrame)
			}
			return n, nil
		}
	}
}

// WriteFrame writes p as one frame with a single call of Write. p longer than
// MaxFrame is an error and nothing is written.
func WriteFrame(w io.Writer, p []byte) error {
	if len(p) > MaxFrame {
		return fmt.Errorf("%w: %d bytes to write", ErrFrame, len(p))
	}
	b := make([]byte, 0, binary.MaxVarintLen32+len(p))
	b = binary.AppendUvarint(b, uint64(len(p)))
	_, err := w.Write(append(b, p...))
	return err
}
