package dht

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

// lan finds peers by mDNS and connects to them, so that they make a small DHT
// of their own in which tags work as everywhere else.
type lan struct {
	finder  *Finder
	over    *overlay
	service string
	nearby  func(peer.AddrInfo)
	shown   chan peer.AddrInfo // from mDNS to greet; what does not fit comes again
}

func newLAN(f *Finder, o *overlay, c Config) *lan {
	service := lanService
	if c.lanService != "" {
		service = c.lanService
	}
	return &lan{finder: f, over: o, service: service, nearby: c.Nearby, shown: make(chan peer.AddrInfo, maxNearby)}
}

// run keeps the mDNS service up until ctx ends, and starts it anew when our
// addresses change, because it announces those of its start.
func (l *lan) run(ctx context.Context) {
	retry := backoff{first: lanFirst, last: lanLast}
	for ctx.Err() == nil {
		moved := l.finder.moved.wait()
		service := mdns.NewMdnsService(l.finder.host, l.service, l)
		err := service.Start()
		l.finder.health.set(string(LAN), err)
		var again <-chan time.Time
		if err != nil {
			again = time.After(retry.step())
		} else {
			retry.reset()
		}
		select {
		case <-ctx.Done():
		case <-moved:
		case <-again:
		}
		_ = service.Close() // always nil
	}
}

// HandlePeerFound takes what mDNS shows. It never blocks.
func (l *lan) HandlePeerFound(p peer.AddrInfo) {
	p.Addrs = p.Addrs[:min(len(p.Addrs), maxAddrs)]
	select {
	case l.shown <- p:
	default:
	}
}

// greet connects to the peers shown, a few at a time.
func (l *lan) greet(ctx context.Context) {
	room := make(chan struct{}, greetAtOnce)
	for {
		select {
		case <-ctx.Done():
			for range greetAtOnce {
				room <- struct{}{} // the last greetings end with ctx
			}
			return
		case p := <-l.shown:
			if l.finder.host.Network().Connectedness(p.ID) == network.Connected {
				continue
			}
			if l.nearby != nil {
				l.nearby(p)
			}
			l.over.addBootstrap(p)
			room <- struct{}{}
			go func() {
				defer func() { <-room }()
				_ = connect(ctx, l.finder.host, p) // gone again, or not for us: mDNS will show it anew
			}()
		}
	}
}
