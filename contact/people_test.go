package contact

import (
	"testing"
	"time"

	"causeway/identity"
	"causeway/seal"
	"causeway/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A person is a user with one device and a book, the same in every run.
type person struct {
	uid   identity.UID
	card  identity.Card
	phone *identity.Device
	chain []identity.DeviceCert
	kem   *seal.KEM
	name  string
	logs  byte
	db    *store.DB
	book  Book
}

func newPerson(t testing.TB, name string) *person {
	t.Helper()
	p := keysOf(name)
	p.db = store.OpenMemory()
	t.Cleanup(func() {
		if err := p.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// keysOf is a person without a store.
func keysOf(name string) *person {
	root := identity.RootFromSeed([32]byte([]byte(name + string(make([]byte, 32)))[:32]))
	p := &person{uid: root.Card().UID(), card: root.Card(), name: name}
	p.phone = identity.DeviceFromSeed([32]byte([]byte(name + " phone" + string(make([]byte, 32)))[:32]))
	p.chain = []identity.DeviceCert{root.Certify(p.phone.Public())}
	p.kem = seal.UserKEM(root.Seed(), 0)
	p.book = NewBook(p.uid)
	return p
}

// leaf makes a leaf for a log of its own.
func (p *person) leaf(t testing.TB) (*identity.Leaf, *identity.LogSigner) {
	t.Helper()
	p.logs++
	log := p.phone.DeriveLog("test log", []byte{p.logs})
	l, err := identity.NewLeaf(p.card, p.chain, p.phone, log, 0, p.kem.Public(), p.name)
	if err != nil {
		t.Fatal(err)
	}
	return l, log
}

func (p *person) update(t testing.TB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := p.db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func (p *person) contacts(t testing.TB) map[string]Contact {
	t.Helper()
	all := map[string]Contact{}
	err := p.db.View(func(tx *store.Tx) error {
		list, err := p.book.All(tx)
		for _, c := range list {
			all[c.Name] = c
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// dump is all that the book holds, to show that nothing changed.
func (p *person) dump(t testing.TB) string {
	t.Helper()
	var s string
	err := p.db.View(func(tx *store.Tx) error {
		for k, v := range tx.Scan(store.Key(store.SpaceContact)) {
			s += string(k) + "=" + string(v) + "\n"
		}
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// invite issues a link that ends in a week.
func (p *person) invite(t testing.TB, uses int) Invite {
	t.Helper()
	inv, err := NewInvite(p.uid, noon.Add(7*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	p.update(t, func(tx *store.Tx) error { _, err := p.book.Issue(tx, inv, uses, ByInvite); return err })
	return inv
}

// offer is what the inviter leaves for who has the link.
func (p *person) offer(t testing.TB, inv Invite) []byte {
	t.Helper()
	leaf, log := p.leaf(t)
	box, err := SealOffer(inv, Offer{Leaf: leaf, Custodians: []byte("custodians of " + p.name), Deposit: []byte("deposit"), Hints: []string{"/ip4/192.0.2.1/tcp/1"}}, log.Sign)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// ask is all that a joiner does with a link: opens the offer, notes the proposal
// in its book and makes the parcel.
func (p *person) ask(t testing.TB, link string, offer []byte) []byte {
	t.Helper()
	inv, err := ParseInvite(link)
	if err != nil {
		t.Fatal(err)
	}
	o, err := OpenOffer(inv, offer)
	if err != nil {
		t.Fatal(err)
	}
	r, log := p.request(t)
	parcel, err := SealRequest(o.Leaf, &inv, r, log.Sign)
	if err != nil {
		t.Fatal(err)
	}
	p.update(t, func(tx *store.Tx) error {
		_, err := p.book.Propose(tx, Proposal{Invite: inv, Offer: o, How: ByInvite, Conversation: r.Conversation()}, noon)
		return err
	})
	return parcel
}

func (p *person) request(t testing.TB) (*Request, *identity.LogSigner) {
	t.Helper()
	leaf, log := p.leaf(t)
	return &Request{Leaf: leaf, FoundHeader: append([]byte{'h', p.logs}, p.uid[:]...), FoundBody: make([]byte, 4000),
		Custodians: []byte("custodians of " + p.name), Deposit: []byte("deposit")}, log
}

// receive opens a parcel and redeems it.
func (p *person) receive(t testing.TB, parcel []byte, now time.Time) (c Contact, fresh bool, err error) {
	t.Helper()
	r, err := OpenRequest(p.uid, parcel, p.kem)
	if err != nil {
		return Contact{}, false, err
	}
	err = p.db.Update(func(tx *store.Tx) error {
		c, fresh, err = p.book.Redeem(tx, r, now)
		return err
	})
	return c, fresh, err
}
