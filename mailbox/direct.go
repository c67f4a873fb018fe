package mailbox

import (
	"bufio"
	"bytes"
	"errors"
	"time"

	"causeway/internal/wire"
)

// Direct returns a link to this custodian that is served in the caller's own
// goroutine, at a time that the caller tells: for simulators. lost is asked
// before each frame, on either way; true loses it and ends the stream.
func (c *Custodian) Direct(now time.Time, lost func() bool) *Link {
	d := &direct{now: now, lost: lost, s: &session{c: c, self: []byte("direct"), peer: []byte("direct")}}
	return &Link{stream: d, local: d.s.peer, remote: d.s.self, r: bufio.NewReader(d)}
}

// direct is a stream with the custodian's end of the session inside.
type direct struct {
	now  time.Time
	lost func() bool
	s    *session
	out  bytes.Buffer
	over bool
}

var errCut = errors.New("mailbox: the stream was cut")

// Write takes one frame, as wire.WriteFrame writes it, and answers it.
func (d *direct) Write(p []byte) (int, error) {
	if d.over {
		return 0, errCut
	}
	frame, err := wire.ReadFrame(bufio.NewReader(bytes.NewReader(p)), wire.MaxFrame)
	if err != nil {
		return 0, err
	}
	d.serve(frame)
	return len(p), nil
}

// serve has the custodian answer one frame, as Custodian.serve does.
func (d *direct) serve(frame []byte) {
	if d.over = d.lost() || len(frame) > d.s.limit(); d.over {
		return
	}
	answers, err := d.s.step(frame, d.now)
	if isRefusal(err) {
		answers, d.over = []any{&refusedFrame{}}, true
	} else if err != nil {
		d.over = true
		return
	}
	for _, f := range answers {
		b, err := encodeFrame(f)
		if err != nil || d.lost() {
			d.over = true
			return
		}
		if err := wire.WriteFrame(&d.out, b); err != nil {
			d.over = true
			return
		}
	}
}

// Read returns what the custodian has answered.
func (d *direct) Read(p []byte) (int, error) {
	if d.out.Len() == 0 {
		return 0, errCut
	}
	return d.out.Read(p)
}

// Close ends the session.
func (d *direct) Close() error {
	d.over = true
	return nil
}

// SetDeadline does nothing: the answer is there at once, or never.
func (d *direct) SetDeadline(time.Time) error { return nil }
