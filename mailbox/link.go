package mailbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"causeway/internal/wire"
)

// A Link is one end of a stream between a custodian and someone who wants
// something of it. Over makes one of a libp2p stream, Custodian.Local one to a
// custodian in this process. A Link serves one session and is not safe for use
// by several goroutines.
type Link struct {
	stream interface {
		io.ReadWriteCloser
		SetDeadline(time.Time) error
	}
	local, remote []byte // peer ids
	r             *bufio.Reader
	stop          func() bool
	ctx           context.Context
	until         time.Time // the end of it all; zero: none
}

// Over makes a Link of a stream of protocol label.MailboxProtocol.
func Over(s network.Stream) *Link {
	c := s.Conn()
	return &Link{stream: s, local: []byte(c.LocalPeer()), remote: []byte(c.RemotePeer()), r: bufio.NewReader(s)}
}

// Remote is the peer id of the other end.
func (l *Link) Remote() []byte { return l.remote }

// Close ends the link and its stream.
func (l *Link) Close() error {
	if l.stop != nil {
		l.stop()
	}
	return l.stream.Close()
}

// bind has the end of ctx interrupt the link.
func (l *Link) bind(ctx context.Context) {
	if l.stop != nil {
		l.stop()
	}
	l.ctx = ctx
	l.stop = context.AfterFunc(ctx, func() { l.stream.SetDeadline(time.Unix(1, 0)) })
}

// progress gives the peer time for one frame.
func (l *Link) progress() error {
	deadline := time.Now().Add(frameTimeout)
	if !l.until.IsZero() && l.until.Before(deadline) {
		deadline = l.until
	}
	if err := l.stream.SetDeadline(deadline); err != nil {
		return err
	}
	if err := l.ctx.Err(); err != nil { // it may have ended before the new deadline
		l.stream.SetDeadline(time.Unix(1, 0))
		return err
	}
	return nil
}

func (l *Link) write(f any) error {
	b, err := encodeFrame(f)
	if err == nil {
		err = l.progress()
	}
	if err == nil {
		err = wire.WriteFrame(l.stream, b)
	}
	return l.failed("send", err)
}

func (l *Link) read(limit int) ([]byte, error) {
	if err := l.progress(); err != nil {
		return nil, l.failed("receive", err)
	}
	b, err := wire.ReadFrame(l.r, limit)
	return b, l.failed("receive", err)
}

// failed says what was tried, and prefers the end of the context to what it did
// to the stream.
func (l *Link) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	if ctxErr := l.ctx.Err(); ctxErr != nil {
		err = ctxErr
	}
	return fmt.Errorf("mailbox: %s: %w", what, err)
}

// Handler serves label.MailboxProtocol until ctx ends. At most maxSessions
// streams are served at once; more are reset.
func (c *Custodian) Handler(ctx context.Context) network.StreamHandler {
	return func(s network.Stream) {
		l := Over(s)
		if !c.admitLink(ctx, l) {
			s.Reset()
		}
	}
}

// Local returns a link to this custodian without a network, so that a node that
// is on stands in for itself by the road that everyone else takes.
func (c *Custodian) Local(ctx context.Context) *Link {
	here, there := net.Pipe()
	self := []byte("local")
	go c.admitLink(ctx, &Link{stream: there, local: self, remote: self, r: bufio.NewReader(there)})
	return &Link{stream: here, local: self, remote: self, r: bufio.NewReader(here)}
}

// admitLink serves a link if there is room, and ends it.
func (c *Custodian) admitLink(ctx context.Context, l *Link) bool {
	select {
	case c.sessions <- struct{}{}:
		defer func() { <-c.sessions }()
	default:
		l.stream.Close()
		return false
	}
	defer l.Close()
	l.bind(ctx)
	return c.serve(l, time.Now) == nil
}

// serve drives one session over a link until the peer is done: nil then.
func (c *Custodian) serve(l *Link, now func() time.Time) error {
	s := &session{c: c, self: l.local, peer: l.remote}
	l.until = time.Now().Add(greetTimeout)
	for {
		b, err := l.read(s.limit())
		if errors.Is(err, io.EOF) {
			return nil
		}
		var answer []any
		if errors.Is(err, wire.ErrFrame) {
			err = errRefuse
		} else if err == nil {
			answer, err = s.step(b, now())
		}
		if isRefusal(err) {
			return l.write(&refusedFrame{})
		}
		if err != nil {
			return err
		}
		if s.shown {
			l.until = time.Time{}
		}
		for _, f := range answer {
			if err := l.write(f); err != nil {
				return err
			}
		}
	}
}

// isRefusal reports whether err is this package's no, not a failure.
func isRefusal(err error) bool { return errors.Is(err, errRefuse) || errors.Is(err, errDeny) }
