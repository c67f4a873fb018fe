package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/chat"
	"causeway/identity"
	"causeway/mailbox"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
	dagsync "causeway/sync"
)

// A device is one person's node: a disk and the engines over it.
type device struct {
	w     *world
	index int
	name  string
	rival bool
	id    peer.ID
	me    chat.Me
	rng   *rand.ChaCha8 // its randomness
	disk  *disk
	skew  time.Duration // of its clock
	box   *mailbox.BoxKey
	keeps map[*device]*keeping // who keeps its mail

	// While it runs.
	up      bool
	db      *store.DB
	set     *chat.Set
	keeper  *mailbox.Custodian
	company *dagsync.Company
	dirty   []merkle.ID // conversations that have changed since the streams were told
	rekeyed bool        // and keys

	// What the world knows of it.
	deaf    bool               // takes nothing
	hoards  bool               // leaves out what it should serve
	lies    bool               // claims what it has not
	loose   bool               // a custodian that forgets
	ever    map[merkle.ID]bool // entries that were durable here at any time
	back    map[merkle.ID]bool // entries of its own that came from others
	blind   map[merkle.ID]bool // entries that could not be read when they came
	images  []image
	revived bool // an old disk was put back at some time
}

// An image is a disk as it once was.
type image struct {
	at   time.Time
	disk *disk
}

const home = "home"

func newDevice(w *world, index int, name string) *device {
	n := &device{
		w: w, index: index, name: name, id: peer.ID("peer of " + name), rng: chance(w.plan.Seed, "node "+name),
		keeps: map[*device]*keeping{}, ever: map[merkle.ID]bool{}, blind: map[merkle.ID]bool{}, back: map[merkle.ID]bool{},
	}
	n.turn()
	root, device := identity.NewRoot(), identity.NewDevice()
	var seed [32]byte
	n.rng.Read(seed[:])
	kem := seal.KEMFromSeed(seed)
	n.me = chat.Me{
		UID: root.Card().UID(), Device: device, Chain: []identity.DeviceCert{root.Certify(device.Public())},
		Card: root.Card(), Name: name, KEMs: []*seal.KEM{kem}, Own: []*seal.KEM{kem},
	}
	n.box = mailbox.NewBoxKey()
	n.disk = newDisk(rand.New(chance(w.plan.Seed, "disk "+name)))
	db, err := store.Create(home, store.KeyFile("key"), store.Options{FS: n.disk})
	n.began(db, err)
	return n
}

// turn makes the node's chance that of the process.
func (n *device) turn() { n.w.source.turn(n.rng) }

// clock is the time as this node has it.
func (n *device) clock() time.Time { return n.w.now.Add(n.skew) }

// began takes a store that was opened and starts the engines.
func (n *device) began(db *store.DB, err error) {
	if err == nil {
		n.db = db
		n.set, err = chat.Open(db, n.me)
	}
	if err == nil {
		n.keeper, err = mailbox.NewCustodian(db)
	}
	if err != nil {
		n.w.violate("restart", "%s does not start again: %v", n.name, err)
		return
	}
	n.company, n.up, n.dirty = dagsync.NewCompany(), true, nil
	n.recall()
}

// recall notes what is on the disk: of a transaction that was synced just before
// the machine stopped nobody has heard.
func (n *device) recall() {
	for _, c := range n.set.All() {
		n.look(func(tx *store.Tx) error {
			all, err := c.DAG().ByOffset(tx, 0, 1<<20)
			for _, e := range all {
				n.ever[e.ID] = true
			}
			return err
		})
	}
}

// stop ends the node in good order.
func (n *device) stop() {
	if !n.up {
		return
	}
	n.turn()
	n.hangUp()
	n.up = false
	if err := n.db.Close(); err != nil && n.db.Err() == nil {
		n.w.violate("restart", "%s does not close: %v", n.name, err)
	}
}

// boot opens what is on the disk.
func (n *device) boot() {
	if n.up || trouble(n.disk.next.Load()) >= full { // then who heals the disk starts it
		return
	}
	n.turn()
	db, err := store.Open(home, store.KeyFile("key"), store.Options{FS: n.disk})
	n.began(db, err)
	if n.up {
		n.w.log("fault", n.name, "starts")
		n.w.dialAll(n)
	}
}

// settle looks after an event: has the machine stopped in it, do the streams
// know the news?
func (n *device) settle() {
	if !n.up {
		return
	}
	if n.disk.left != nil {
		n.crash()
		return
	}
	for len(n.dirty) > 0 || n.rekeyed {
		convs, keys := n.dirty, n.rekeyed
		n.dirty, n.rekeyed = nil, false
		for _, e := range n.ends() {
			e.news(convs, keys)
		}
		if n.disk.left != nil {
			n.crash()
			return
		}
	}
}

// crash is a machine that stops without a word: what was not synced is gone.
func (n *device) crash() {
	left := n.disk.left
	n.w.stats.Crashes++
	n.w.log("fault", n.name, "crashes")
	n.stop()
	n.disk.use(left)
	n.images = append(n.images, image{n.w.now, &disk{mem: n.disk.image()}})
}

// errCrashed: the machine stopped, nobody heard the answer.
var errCrashed = errors.New("the machine stopped")

// change runs one transaction on a conversation as the node of the program
// does, and checks what it claims.
func (n *device) change(c *chat.Conversation, f func(tx *store.Tx, w *chat.Writer) error) error {
	if n.disk.left != nil {
		return errCrashed
	}
	n.turn()
	var got chat.Received
	err := n.db.Update(func(tx *store.Tx) error {
		w := c.Write(tx, n.clock())
		if err := f(tx, w); err != nil {
			return err
		}
		if err := n.take(tx, w); err != nil {
			return err
		}
		got = w.Got()
		return n.showAll(tx, got)
	})
	if n.disk.left != nil {
		return errCrashed
	}
	if err == nil {
		n.heard(c, got)
	}
	return err
}

// take answers what other nodes said to this one, and keeps the order of keys.
func (n *device) take(tx *store.Tx, w *chat.Writer) error {
	for _, s := range w.Got().Services {
		if st := w.State(); st.Shape != chat.Direct || s.From != st.Peer {
			continue
		}
		switch s.Kind {
		case chat.KindOffers:
			if err := n.set.KeepOffers(tx, s.From, s.Payload); err != nil {
				return err
			}
		case chat.KindWelcome:
			if err := n.welcome(tx, s); err != nil {
				return err
			}
		}
	}
	return w.KeepOrder()
}

func (n *device) welcome(tx *store.Tx, s chat.Service) error {
	wc, err := chat.DecodeWelcome(s.Payload)
	if err != nil {
		return nil
	}
	c, err := n.set.Join(tx, n.clock(), s.From, wc)
	if err != nil {
		n.w.log("group", n.name, "a welcome to %s is not taken: %v", n.w.label(wc.Group), err)
		return nil
	}
	if c == nil {
		n.w.log("group", n.name, "keeps a welcome to %s", n.w.label(wc.Group))
		return nil
	}
	n.w.log("group", n.name, "joins %s", n.w.label(wc.Group))
	n.rekeyed = true
	return nil
}

func (w *world) person(uid identity.UID) *device {
	for _, n := range w.nodes {
		if n.me.UID == uid {
			return n
		}
	}
	return nil
}

// conv returns the node's own view of a conversation; nil if it has none.
func (n *device) conv(label string) *chat.Conversation {
	id, ok := n.w.convs[label]
	if !ok || !n.up {
		return nil
	}
	return n.set.Get(id)
}

// receive gives blocks to the one door.
func (n *device) receive(c *chat.Conversation, blocks []merkle.Block) (res merkle.Result, err error) {
	err = n.change(c, func(_ *store.Tx, w *chat.Writer) (err error) {
		res, err = w.Receive(blocks)
		return err
	})
	if err != nil && !errors.Is(err, errCrashed) && n.db.Err() == nil {
		n.w.violate("errors", "%s cannot receive in %s: %v", n.name, n.w.label(c.ID), err)
	}
	n.noteBack(c, res.Delivered)
	return res, err
}

func (n *device) String() string { return fmt.Sprintf("%s (%d)", n.name, n.index) }
