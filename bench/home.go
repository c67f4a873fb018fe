package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"causeway/contact"
	"causeway/dht"
	"causeway/identity"
	"causeway/node"
	"causeway/store"
)

// pairTime bounds how long two users may take to become contacts.
const pairTime = time.Minute

// home is the folder of one user: its store and the key file that unlocks it.
type home string

func (h home) store() string        { return filepath.Join(string(h), "store") }
func (h home) unlock() store.Unlock { return store.KeyFile(filepath.Join(string(h), "key")) }

// beside is another folder next to a home, and its other end, as the rig names
// them: A writes, B reads.
func (h home) beside(name string) home { return home(filepath.Join(filepath.Dir(string(h)), name)) }

// What is left for the phases that follow append: both homes as they were before
// the first catch-up, and what the two ends must know of each other.
func (h home) freshWriter() home { return h.beside("A.fresh") }
func (h home) freshReader() home { return h.beside("B.fresh") }
func (h home) told() string      { return string(h.beside("pair.json")) }

// copyTo replaces another home.
func (h home) copyTo(to home) error {
	if err := os.RemoveAll(string(to)); err != nil {
		return err
	}
	return os.CopyFS(string(to), os.DirFS(string(h)))
}

// isEmpty reports whether no store is here.
func (h home) isEmpty() bool {
	_, err := os.Stat(h.store())
	return errors.Is(err, os.ErrNotExist)
}

// pair is what the reading end must know to be sent to the writing end, which
// listens at another port in each phase.
type pair struct {
	Reader, Writer [32]byte // users
	Peer           string   // the writer's transport identity
}

func (h home) pair() (p pair, err error) {
	b, err := os.ReadFile(h.told())
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(b, &p)
}

// meet makes two new users, the writer at h and the reader beside it, and has
// them become contacts by an invite, over loopback.
func (h home) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pairTime)
	defer cancel()
	r := h.freshReader()
	if err := os.RemoveAll(string(r)); err != nil {
		return err
	}
	var p pair
	for _, u := range []struct {
		home home
		name string
		uid  *[32]byte
	}{{h, "ann", &p.Writer}, {r, "bob", &p.Reader}} {
		if err := os.MkdirAll(string(u.home), 0o700); err != nil {
			return err
		}
		_, uid, err := node.Init(u.home.store(), u.name, u.home.unlock())
		if err != nil {
			return err
		}
		*u.uid = uid
	}
	if err := h.befriend(ctx, r, &p); err != nil {
		return err
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(h.told(), b, 0o600)
}

func (h home) befriend(ctx context.Context, r home, p *pair) (err error) {
	const place = dht.Network("private:bench")
	ann, err := node.Start(ctx, node.Config{Dir: h.store(), Unlock: h.unlock(), Listen: listen(0), Networks: []dht.Network{place}, DHTServer: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ann.Close()) }()
	self, err := ann.Self(ctx)
	if err != nil {
		return err
	}
	p.Peer = self.PeerID
	at, err := node.ParseBootstrap(self.Addrs[0])
	if err != nil {
		return err
	}
	bob, err := node.Start(ctx, node.Config{Dir: r.store(), Unlock: r.unlock(), Listen: listen(0), Networks: []dht.Network{place}, Bootstrap: []peer.AddrInfo{at}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bob.Close()) }()
	invite, err := ann.CreateInvite(ctx, node.InviteOptions{})
	if err != nil {
		return err
	}
	if _, err := bob.Accept(ctx, invite.Link, ""); err != nil {
		return err
	}
	return errors.Join(known(ctx, bob, "ann"), known(ctx, ann, "bob"))
}

// known waits until a contact is accepted and all that was said is here.
func known(ctx context.Context, n *node.Node, name string) error {
	return until(ctx, 10*time.Millisecond, func() (bool, error) {
		all, err := n.Contacts(ctx)
		if err != nil || !slices.ContainsFunc(all, func(c node.Contact) bool { return c.Name == name && c.State == node.ContactAccepted }) {
			return false, err
		}
		return n.Synced(ctx, "@"+name)
	})
}

// until asks every so often until the answer is yes.
func until(ctx context.Context, every time.Duration, is func() (bool, error)) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if yes, err := is(); yes || err != nil {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain: %w", ctx.Err())
		}
	}
}

// reads opens the reader's store, which is the one left by meet if there is none
// at h, and notes there where the writer listens now.
func (h home) reads(port int) (*store.DB, error) {
	if h.isEmpty() {
		if err := h.freshReader().copyTo(h); err != nil {
			return nil, err
		}
	}
	p, err := h.pair()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(h.store(), h.unlock(), store.Options{})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *store.Tx) error {
		_, err := contact.NewBook(identity.UID(p.Reader)).Edit(tx, identity.UID(p.Writer), func(c *contact.Contact) error {
			c.Addrs = []string{address(port).String() + "/p2p/" + p.Peer}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// address is on loopback, over TCP, or over QUIC if TRANSPORT says so.
func address(port int) ma.Multiaddr {
	if os.Getenv("TRANSPORT") == "quic" {
		return ma.StringCast(fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", port))
	}
	return ma.StringCast(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", port))
}

func listen(port int) []ma.Multiaddr { return []ma.Multiaddr{address(port)} }
