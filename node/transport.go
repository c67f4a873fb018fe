package node

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"strings"
	"syscall"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/gologshim"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"causeway/dht"
	"causeway/store"
)

// transportKey returns nil, for a fresh key at every start, unless this node
// serves a DHT: others keep the address of such a node, so its key stays.
func (n *Node) transportKey() (crypto.PrivKey, error) {
	if !n.cfg.DHTServer {
		return nil, nil
	}
	var seed [ed25519.SeedSize]byte
	err := n.db.Update(func(tx *store.Tx) error {
		found, err := getRow(tx, nodeKey(subTransport), &seed)
		if err != nil || found {
			return err
		}
		rand.Read(seed[:])
		return putRow(tx, nodeKey(subTransport), &seed)
	})
	if err != nil {
		return nil, err
	}
	std := ed25519.NewKeyFromSeed(seed[:])
	key, _, err := crypto.KeyPairFromStdKey(&std)
	return key, err
}

// newHost makes the host of a real network.
func newHost(o dht.HostOptions) (host.Host, error) {
	if !o.DialOnly {
		if err := tryListen(o.Listen); err != nil {
			return nil, err
		}
	}
	h, err := dht.NewHost(o)
	if err != nil {
		return nil, fmt.Errorf("the node cannot listen: %w", err)
	}
	return h, nil
}

// tryListen says in one sentence why this machine cannot listen on an address.
// libp2p would leave such an address out without a word, and share a port that
// another process of this user holds.
func tryListen(addrs []ma.Multiaddr) error {
	for _, m := range addrs {
		network, at, err := manet.DialArgs(m)
		if err != nil {
			return badAddr(m.String(), listenExample)
		}
		if err := occupy(network, at); err != nil {
			return cannotListen(m, err)
		}
	}
	return nil
}

// occupy listens for a moment.
func occupy(network, at string) error {
	var door io.Closer
	var err error
	switch network {
	case "udp", "udp4", "udp6":
		door, err = net.ListenPacket(network, at)
	default:
		door, err = net.Listen(network, at)
	}
	if err != nil {
		return err
	}
	return door.Close()
}

func cannotListen(m ma.Multiaddr, err error) error {
	const other = "choose another one with --listen, or port 0 for any that is free"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another program already listens on %s: %s", m, other)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return invalid("this machine does not have the address of %s: name one that it has, or 0.0.0.0 for all of them", m)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("this user may not listen on %s (ports below 1024 are kept for the system): %s", m, other)
	}
	var sys syscall.Errno
	if errors.As(err, &sys) {
		return fmt.Errorf("the system does not let this node listen on %s (%s): %s", m, sys, other)
	}
	return fmt.Errorf("this node cannot listen on %s: %s", m, other)
}

// trouble says in one sentence what does not work in a part of the network, with
// nothing of what libraries say about it.
func trouble(part string, err error) string {
	what, network, _ := strings.Cut(part, " ")
	line, _, _ := strings.Cut(err.Error(), "\n")
	switch what {
	case "bootstrap":
		return fmt.Sprintf("On %s: %s; is the address right, and is this machine on the network? It is tried again by itself", network, line)
	case string(dht.LAN):
		return "On the local network: nodes cannot announce themselves here (mDNS), so they do not see each other. It is tried again by itself"
	}
	return fmt.Sprintf("On %s: not everything under which this node is found could be published. It is tried again by itself", network)
}

// HearLibrary has l told, as debugging, what libp2p logs: in its words and with
// its lines, which are no sentences for people. It holds for the whole process.
func HearLibrary(l *slog.Logger) { gologshim.SetDefaultHandler(library{l.Handler()}) }

// library makes everything debugging.
type library struct{ slog.Handler }

func (h library) Enabled(ctx context.Context, _ slog.Level) bool {
	return h.Handler.Enabled(ctx, slog.LevelDebug)
}

func (h library) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return h.Handler.Handle(ctx, r)
}

func (h library) WithAttrs(a []slog.Attr) slog.Handler { return library{h.Handler.WithAttrs(a)} }

func (h library) WithGroup(name string) slog.Handler { return library{h.Handler.WithGroup(name)} }
