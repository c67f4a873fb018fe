package store

import (
	"fmt"
	"io"
	"sync"
)

// A file of pages: the contents cut every pageData bytes, each piece sealed
// under its number; the last piece, which may be short or empty, is marked in
// its nonce. Any page can be read alone, and a file cut short shows.
const (
	pageData = 4096
	pageSize = pageData + tagSize
	// pagesAtOnce bounds the buffer of one read.
	pagesAtOnce = 16
)

// pageSpan gives the number of pages and the length of the contents of a file
// of size bytes.
func pageSpan(size int64) (pages, contents int64, err error) {
	body := size - headerSize
	pages = (body + pageSize - 1) / pageSize
	if body < tagSize || body-(pages-1)*pageSize < tagSize {
		return 0, 0, fmt.Errorf("%w: file cut short", ErrDamaged)
	}
	return pages, body - pages*tagSize, nil
}

type pageWriter struct {
	fileWriter
	buf  []byte // contents not yet written, at most pageData bytes
	next uint64
	done bool // the last page is written and synced
}

func (w *pageWriter) Write(p []byte) (int, error) {
	if w.done {
		return 0, fmt.Errorf("%w: write after sync", errUnused)
	}
	var out []byte
	for rest := p; len(rest) > 0; {
		if len(w.buf) == pageData { // more follows, so it is not the last
			out = w.seal(out, false)
		}
		n := min(len(rest), pageData-len(w.buf))
		w.buf = append(w.buf, rest[:n]...)
		rest = rest[n:]
	}
	if len(out) > 0 {
		w.write(out)
	}
	return len(p), nil
}

func (w *pageWriter) seal(out []byte, last bool) []byte {
	out = w.keys.aead.Seal(out, nonce(w.next, last), w.buf, nil)
	w.buf = w.buf[:0]
	w.next++
	return out
}

// Sync ends the file: Pebble syncs what it writes in pages once, at the end.
func (w *pageWriter) Sync() error {
	if !w.done {
		w.write(w.seal(nil, true))
		w.sync()
		w.done = true
	}
	return nil
}

func (w *pageWriter) SyncData() error { return w.Sync() }

func (w *pageWriter) Close() error {
	w.Sync()
	return w.close()
}

type pageReader struct {
	fileReader
	pages, size int64 // of the contents
	body        int64 // bytes of all sealed pages
	pos         int64 // of Read
}

func newPageReader(r fileReader) (*pageReader, error) {
	body := r.info.Size() - headerSize
	pages, size, err := pageSpan(r.info.Size())
	r.info = sizedInfo{r.info, size}
	return &pageReader{fileReader: r, pages: pages, size: size, body: body}, err
}

var pageBuffers = sync.Pool{New: func() any { return new([pagesAtOnce * pageSize]byte) }}

// ReadAt may be called from many goroutines.
func (r *pageReader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("%w: negative offset", errUnused)
	}
	buf := pageBuffers.Get().(*[pagesAtOnce * pageSize]byte)
	defer pageBuffers.Put(buf)
	for n < len(p) && off+int64(n) < r.size && err == nil {
		var m int
		m, err = r.readSome(p[n:], off+int64(n), buf[:])
		n += m
	}
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// readSome reads as many pages as buf holds and p wants. off is within the contents.
func (r *pageReader) readSome(p []byte, off int64, buf []byte) (n int, err error) {
	first := off / pageData
	count := min((off+int64(len(p))-1)/pageData-first+1, pagesAtOnce, r.pages-first)
	raw := buf[:min(count*pageSize, r.body-first*pageSize)]
	if m, err := r.gate.readAt(r.inner, raw, headerSize+first*pageSize); m < len(raw) {
		r.gate.stumble()
		return 0, fmt.Errorf("read %s: %w", r.name, err)
	}
	for i := first; len(raw) > 0; i++ {
		sealed := raw[:min(pageSize, len(raw))]
		raw = raw[len(sealed):]
		page, err := r.keys.aead.Open(sealed[:0], nonce(uint64(i), i == r.pages-1), sealed, nil)
		if err != nil {
			return 0, r.damaged(uint64(i))
		}
		if i == first {
			page = page[off-first*pageData:]
		}
		n += copy(p[n:], page)
	}
	return n, nil
}

func (r *pageReader) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p, r.pos)
	r.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// Prefetch asks for what lies under the range.
func (r *pageReader) Prefetch(off, length int64) error {
	r.gate.enter(false)
	defer r.gate.ops.RUnlock()
	first, end := off/pageData, (off+length+pageData-1)/pageData
	return r.inner.Prefetch(headerSize+first*pageSize, (end-first)*pageSize)
}
