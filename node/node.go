// Package node is one running peer: it joins the log, the people, the network
// and the custodians, and nothing else does. It knows no JSON, HTTP or terminal.
// What a conversation means lives in chat; docs/architecture.md draws who owns
// which goroutine.
package node

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"causeway/chat"
	"causeway/contact"
	"causeway/dht"
	"causeway/internal/label"
	"causeway/mailbox"
	"causeway/store"
	dagsync "causeway/sync"
)

// Config says how a node runs. Only Dir and Unlock (or DB) are needed.
type Config struct {
	Dir       string
	Unlock    store.Unlock
	DB        *store.DB // instead of Dir: an open store that the node closes
	Listen    []ma.Multiaddr
	Networks  []dht.Network
	Bootstrap []peer.AddrInfo
	DHTServer bool
	Hosts     dht.HostMaker // nil: real networks
	Logger    *slog.Logger  // nil: silent
}

// Node is a running peer.
type Node struct {
	cfg      Config
	log      *slog.Logger
	db       *store.DB
	me       chat.Me
	set      *chat.Set
	book     contact.Book
	keeper   *mailbox.Custodian
	host     host.Host
	finder   *dht.Finder
	tags     *dht.Advertiser
	sync     *dagsync.Service
	events   *events
	self     sync.Mutex // one visit to this node's own box at a time
	intros   single[contact.InviteID]
	parking  single[string] // visits to custodians to park there, by the key of the place
	fulls    fulls
	online   *online
	troubles troubles
	pace     *pace
	started  time.Time

	ctx    context.Context // ends when Close begins
	cancel context.CancelFunc
	work   sync.WaitGroup // every goroutine of the node
	wake   map[string]*bell
}

// Start opens the store and brings the node up. The node works with no network
// at all; Close ends it.
func Start(ctx context.Context, c Config) (*Node, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Hosts == nil {
		c.Hosts = newHost
	}
	db := c.DB
	if db == nil {
		var err error
		if db, err = store.Open(c.Dir, c.Unlock, store.Options{}); err != nil {
			return nil, err
		}
	}
	n := &Node{cfg: c, log: c.Logger, db: db, started: time.Now(), online: newOnline(), pace: newPace(), wake: newBells()}
	n.ctx, n.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := n.open(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) open() (err error) {
	if _, n.me, n.set, err = loadProfile(n.db); err != nil {
		return err
	}
	n.book = contact.NewBook(n.me.UID)
	if n.events, err = openEvents(n.db); err != nil {
		return err
	}
	key, err := n.transportKey()
	if err != nil {
		return err
	}
	n.host, err = n.cfg.Hosts(dht.HostOptions{Key: key, Listen: n.cfg.Listen, Networks: n.cfg.Networks, Server: n.cfg.DHTServer})
	if err != nil {
		return err
	}
	if n.keeper, err = mailbox.NewCustodian(n.db); err != nil {
		return err
	}
	n.host.SetStreamHandler(label.MailboxProtocol, n.atTheDoor())
	n.sync = dagsync.New(n.host, n.logs(), dagsync.Options{OnEvent: n.observe}) // before nearby may be called
	n.finder, err = dht.New(n.ctx, n.host, dht.Config{
		Networks: n.cfg.Networks, Bootstrap: n.cfg.Bootstrap, Server: n.cfg.DHTServer, Nearby: n.nearby,
		Report: n.heed,
	})
	if err != nil {
		return err
	}
	n.tags = dht.NewAdvertiser(n.finder, "tags")
	n.run()
	return nil
}

// atTheDoor serves the mailbox protocol, and looks after each visit whether
// somebody left a request for this user, and for whom this node stands in.
func (n *Node) atTheDoor() network.StreamHandler {
	serve := n.keeper.Handler(n.ctx)
	return func(s network.Stream) {
		serve(s)
		n.wake["door"].ring()
		n.wake["publish"].ring()
	}
}

// run starts the node's own goroutines, each of which waits for its bell, its
// time or the end.
func (n *Node) run() {
	n.loop("meet", meetEvery, n.meet)
	n.loop("publish", publishEvery, n.publish)
	n.loop("outbox", outboxEvery, n.outboxRound)
	n.loop("collect", collectEvery, n.collect)
	n.loop("door", collectEvery, n.standInHere)
	n.loop("introduce", introduceEvery, n.introduce)
	n.loop("acks", ackEvery, n.acks)
	n.loop("sweep", sweepEvery, n.sweep)
}

// loop runs work now, whenever its bell rings, and at least every period.
func (n *Node) loop(name string, every time.Duration, work func(ctx context.Context)) {
	b := n.wake[name]
	n.work.Go(func() {
		t := time.NewTimer(0)
		defer t.Stop()
		for {
			select {
			case <-n.ctx.Done():
				return
			case <-b.c:
			case <-t.C:
			}
			work(n.ctx)
			t.Reset(every)
		}
	})
}

// bell wakes a loop; any number of rings while it works make one more round.
type bell struct{ c chan struct{} }

func (b *bell) ring() {
	select {
	case b.c <- struct{}{}:
	default:
	}
}

func newBells() map[string]*bell {
	m := map[string]*bell{}
	for _, name := range []string{"meet", "publish", "outbox", "collect", "door", "introduce", "acks", "sweep"} {
		m[name] = &bell{c: make(chan struct{}, 1)}
	}
	return m
}

// Close parks what is queued (bounded), stops everything and closes the store.
func (n *Node) Close() error {
	if n.ctx.Err() == nil && n.sync != nil {
		n.parkLast()
	}
	n.cancel()
	var errs []error
	if n.events != nil {
		n.events.close()
	}
	if n.sync != nil {
		errs = append(errs, n.sync.Close())
	}
	n.work.Wait()
	if n.tags != nil {
		errs = append(errs, n.tags.Close())
	}
	if n.finder != nil {
		errs = append(errs, n.finder.Close())
	}
	if n.host != nil {
		errs = append(errs, n.host.Close())
	}
	return errors.Join(append(errs, n.db.Close())...)
}
