package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A stream: segments in the order they were written, each its length(2), then
// the contents sealed under the segment's number. After each sync comes a mark:
// length 0, then 16 bytes that nobody without the file's key can guess. What
// lies before a mark was on disk when the mark was written: if it does not open
// it was damaged. What does not open and has no mark after it is the end that a
// crash tore.
const (
	segmentData = 32 << 10
	lengthSize  = 2
	markSize    = lengthSize + 16
)

type streamWriter struct {
	fileWriter
	next  uint64
	dirty bool // written to since the last mark
}

func (w *streamWriter) Write(p []byte) (int, error) {
	var out []byte
	for rest := p; len(rest) > 0; {
		part := rest[:min(len(rest), segmentData)]
		rest = rest[len(part):]
		out = binary.BigEndian.AppendUint16(out, uint16(len(part)))
		out = w.keys.aead.Seal(out, nonce(w.next, false), part, nil)
		w.next++
	}
	if len(out) > 0 {
		w.write(out)
		w.dirty = true
	}
	return len(p), nil
}

func (w *streamWriter) Sync() error {
	w.sync()
	if w.dirty {
		w.write(append(make([]byte, lengthSize, markSize), w.keys.mark[:]...))
		w.dirty = false
	}
	return nil
}

func (w *streamWriter) SyncData() error { return w.Sync() }

// Close makes the last mark durable, too: the size of a closed file is final.
func (w *streamWriter) Close() error {
	w.Sync()
	w.sync()
	return w.close()
}

type streamReader struct {
	fileReader
	at    int64 // of the next segment in the file
	sure  int64 // the end of the last segment that opened, at most at
	next  uint64
	part  []byte // contents not yet handed out
	ended bool
}

// Read is for one goroutine.
func (r *streamReader) Read(p []byte) (int, error) {
	for len(r.part) == 0 && !r.ended {
		if err := r.segment(); err != nil {
			return 0, err
		}
	}
	if len(r.part) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.part)
	r.part = r.part[n:]
	return n, nil
}

// segment takes one segment or mark, or finds the end.
func (r *streamReader) segment() error {
	size := r.info.Size()
	if r.at == size {
		r.ended = true
		return nil
	}
	head := make([]byte, min(markSize, size-r.at))
	if _, err := r.gate.readAt(r.inner, head, r.at); err != nil && err != io.EOF {
		return fmt.Errorf("read %s: %w", r.name, err)
	}
	if len(head) == markSize && [16]byte(head[lengthSize:]) == r.keys.mark {
		r.at += markSize
		return nil
	}
	if len(head) < markSize {
		return r.torn() // shorter than any segment that has contents
	}
	n := int(binary.BigEndian.Uint16(head))
	end := r.at + lengthSize + int64(n) + tagSize
	if n == 0 || n > segmentData || end > size {
		return r.torn()
	}
	sealed := make([]byte, n+tagSize)
	if _, err := r.gate.readAt(r.inner, sealed, r.at+lengthSize); err != nil && err != io.EOF {
		return fmt.Errorf("read %s: %w", r.name, err)
	}
	part, err := r.keys.aead.Open(sealed[:0], nonce(r.next, false), sealed, nil)
	if err != nil {
		return r.torn()
	}
	r.at, r.sure, r.next, r.part = end, end, r.next+1, part
	return nil
}

// torn decides about what does not open: an end that was never synced, or
// damage. It reads once more, because of a disk that brought other bytes the
// first time nothing of what was acknowledged may be cut off.
func (r *streamReader) torn() error {
	rest := make([]byte, r.info.Size()-r.sure)
	if _, err := r.gate.readAt(r.inner, rest, r.sure); err != nil && err != io.EOF {
		return fmt.Errorf("read %s: %w", r.name, err)
	}
	if bytes.Contains(rest[r.at-r.sure:], r.keys.mark[:]) || r.opens(rest) {
		return r.damaged(r.next)
	}
	r.ended = true
	return nil
}

// opens reports whether rest begins, after marks, with the next segment.
func (r *streamReader) opens(rest []byte) bool {
	mark := append(make([]byte, lengthSize, markSize), r.keys.mark[:]...)
	for bytes.HasPrefix(rest, mark) {
		rest = rest[markSize:]
	}
	if len(rest) < lengthSize {
		return false
	}
	n := int(binary.BigEndian.Uint16(rest)) + tagSize
	if rest = rest[lengthSize:]; n > len(rest) {
		return false
	}
	_, err := r.keys.aead.Open(nil, nonce(r.next, false), rest[:n], nil)
	return err == nil
}

func (r *streamReader) ReadAt([]byte, int64) (int, error) { return 0, errUnused }
func (r *streamReader) Prefetch(int64, int64) error       { return nil }
