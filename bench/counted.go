package main

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"causeway/dht"
)

// counted is a real host that counts the bytes of each protocol of ours both
// ways: what streams carry, without the frames of muxer, cipher and TCP and
// without the choice of the protocol.
type counted struct {
	host.Host
	made time.Time // when it was ready to dial

	mu    sync.Mutex
	bytes map[protocol.ID]*traffic // guarded by mu
}

type traffic struct{ in, out atomic.Int64 }

// make is the node's HostMaker.
func (c *counted) make(o dht.HostOptions) (host.Host, error) {
	h, err := dht.NewHost(o)
	if err != nil || o.DialOnly {
		return h, err
	}
	c.Host, c.bytes, c.made = h, map[protocol.ID]*traffic{}, time.Now()
	return c, nil
}

func (c *counted) wrap(s network.Stream, p protocol.ID) network.Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.bytes[p]
	if t == nil {
		t = &traffic{}
		c.bytes[p] = t
	}
	return countedStream{s, t}
}

// total returns the bytes in and out of the protocols of this program.
func (c *counted) total() (in, out int64) {
	c.mu.Lock()
	all := maps.Clone(c.bytes)
	c.mu.Unlock()
	for p, t := range all {
		if strings.HasPrefix(string(p), "/causeway/") {
			in, out = in+t.in.Load(), out+t.out.Load()
		}
	}
	return in, out
}

// NewStream opens a stream that is counted.
func (c *counted) NewStream(ctx context.Context, p peer.ID, pids ...protocol.ID) (network.Stream, error) {
	s, err := c.Host.NewStream(ctx, p, pids...)
	if err != nil {
		return nil, err
	}
	return c.wrap(s, s.Protocol()), nil
}

// SetStreamHandler has the streams counted that a handler gets.
func (c *counted) SetStreamHandler(pid protocol.ID, handle network.StreamHandler) {
	c.Host.SetStreamHandler(pid, func(s network.Stream) { handle(c.wrap(s, pid)) })
}

// countedStream counts what one stream carries.
type countedStream struct {
	network.Stream
	t *traffic
}

func (s countedStream) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	s.t.in.Add(int64(n))
	return n, err
}

func (s countedStream) Write(b []byte) (int, error) {
	n, err := s.Stream.Write(b)
	s.t.out.Add(int64(n))
	return n, err
}
