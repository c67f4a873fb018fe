package contact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"causeway/identity"
	"causeway/store"
)

// meet makes bob a contact of alice by an invite of alice's.
func meet(t *testing.T, alice, bob *person) Contact {
	t.Helper()
	inv := alice.invite(t, 1)
	c, _, err := alice.receive(t, bob.ask(t, inv.Link(), alice.offer(t, inv)), noon)
	if err != nil {
		t.Fatal(err)
	}
	bob.confirm(t, alice, c.Conversation)
	return c
}

func (p *person) confirm(t *testing.T, by *person, conv [32]byte) {
	t.Helper()
	p.update(t, func(tx *store.Tx) error { _, err := p.book.Confirm(tx, by.uid, conv, noon); return err })
}

func TestBothBecomeContacts(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	inv := alice.invite(t, 1)
	offer := alice.offer(t, inv)
	parcel := bob.ask(t, inv.Link(), offer)
	if c := bob.contacts(t)["Alice"]; c.State != PendingOut || c.Conversation == [32]byte{} || c.Addrs[0] != "/ip4/192.0.2.1/tcp/1" {
		t.Errorf("%+v", c)
	}
	got, _, err := alice.receive(t, parcel, noon)
	if err != nil {
		t.Fatal(err)
	}
	bob.confirm(t, alice, got.Conversation)
	bob.confirm(t, alice, got.Conversation)
	a, b := bob.contacts(t)["Alice"], alice.contacts(t)["Bob"]
	for name, c := range map[string]Contact{"Alice": a, "Bob": b} {
		if c.State != Accepted || c.How != ByInvite || c.Verified || c.Since != noon.Unix() || c.Invite != inv.ID() ||
			string(c.Custodians) != "custodians of "+name || len(c.Proposed) != 0 || len(c.Older) != 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if a.Conversation != b.Conversation {
		t.Error("they would write past each other")
	}
	err = bob.db.Update(func(tx *store.Tx) error {
		if _, err := bob.book.Confirm(tx, alice.uid, [32]byte{1}, noon); !errors.Is(err, ErrNotFound) {
			t.Errorf("a conversation nobody proposed: %v", err)
		}
		o, err := OpenOffer(inv, offer)
		if err != nil {
			return err
		}
		if c, err := bob.book.Propose(tx, Proposal{Invite: inv, Offer: o}, noon); !errors.Is(err, ErrExists) || c.UID != alice.uid {
			t.Errorf("one link twice: %v", err)
		}
		if _, err := alice.book.Propose(tx, Proposal{Invite: inv, Offer: o}, noon); !errors.Is(err, ErrSelf) {
			t.Errorf("own link: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Shown face to face, a code proves both ends.
func TestQRVerifies(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	inv, err := NewInvite(alice.uid, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	alice.update(t, func(tx *store.Tx) error { _, err := alice.book.Issue(tx, inv, 1, ByQR); return err })
	offer := alice.offer(t, inv)
	o, err := OpenOffer(inv, offer)
	if err != nil {
		t.Fatal(err)
	}
	bob.update(t, func(tx *store.Tx) error {
		c, err := bob.book.Propose(tx, Proposal{Invite: inv, Offer: o, How: ByQR, Name: "Ali"}, noon)
		if !c.Verified || c.Name != "Ali" {
			t.Errorf("%+v", c)
		}
		return err
	})
	carol := newPerson(t, "Carol")
	c, _, err := alice.receive(t, carol.ask(t, inv.Link(), offer), noon)
	if err != nil || !c.Verified || c.How != ByQR {
		t.Error(c, err)
	}
}

// Two people who use each other's links at once end in one conversation,
// whatever arrives first.
func TestCrossedInvitesMeet(t *testing.T) {
	for order := range 16 {
		alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
		ia, ib := alice.invite(t, 1), bob.invite(t, 1)
		toAlice := bob.ask(t, ia.Link(), alice.offer(t, ia))
		toBob := alice.ask(t, ib.Link(), bob.offer(t, ib))
		byBob, byAlice := bob.contacts(t)["Alice"].Proposed[0], alice.contacts(t)["Bob"].Proposed[0]
		steps := []func(){
			func() {
				if _, _, err := alice.receive(t, toAlice, noon); err != nil {
					t.Fatal(err)
				}
			},
			func() { alice.confirm(t, bob, byAlice) },
			func() {
				if _, _, err := bob.receive(t, toBob, noon); err != nil {
					t.Fatal(err)
				}
			},
			func() { bob.confirm(t, alice, byBob) },
		}
		if order&1 != 0 {
			steps[0], steps[1] = steps[1], steps[0]
		}
		if order&2 != 0 {
			steps[2], steps[3] = steps[3], steps[2]
		}
		for _, s := range steps {
			s()
		}
		a, b := bob.contacts(t)["Alice"], alice.contacts(t)["Bob"]
		if a.Conversation != b.Conversation || len(a.Conversations()) != 2 || len(b.Conversations()) != 2 {
			t.Errorf("order %d: %x and %x", order, a.Conversation, b.Conversation)
		}
	}
}

// Who uses a second link before the first was answered hears both answers.
func TestTwoLinksOfOnePerson(t *testing.T) {
	for order := range 2 {
		alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
		var parcels [][]byte
		for range 2 {
			inv := alice.invite(t, 1)
			parcels = append(parcels, bob.ask(t, inv.Link(), alice.offer(t, inv)))
		}
		convs := bob.contacts(t)["Alice"].Proposed
		for i := range 2 {
			if _, _, err := alice.receive(t, parcels[i^order], noon); err != nil {
				t.Fatal(err)
			}
			bob.confirm(t, alice, convs[i])
		}
		a, b := bob.contacts(t)["Alice"], alice.contacts(t)["Bob"]
		if a.Conversation != b.Conversation || len(a.Proposed) != 0 || len(a.Conversations()) != 2 {
			t.Errorf("order %d: %x and %x", order, a.Conversation, b.Conversation)
		}
	}
}

// A friend who lost everything comes by a new link: the new conversation is the
// one to write in, the old one is still heard.
func TestNewLinkAfterRestore(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	for n := range MaxOlder + 3 {
		c := meet(t, alice, bob)
		if got := alice.contacts(t); len(got) != 1 || got["Bob"].Conversation != c.Conversation || len(c.Older) != min(n, MaxOlder) {
			t.Fatalf("%d: %+v", n, got)
		}
		if bob.contacts(t)["Alice"].Conversation != c.Conversation {
			t.Fatalf("%d: they would write past each other", n)
		}
		if all := c.Conversations(); len(all) != len(c.Older)+1 || all[len(all)-1] != c.Conversation {
			t.Errorf("%d: hears %x", n, all)
		}
	}
}

func TestNamesStayApart(t *testing.T) {
	alice := newPerson(t, "Alice")
	long := strings.Repeat("é", 32)
	for i, name := range []string{"Bob", "bob", "BOB", "", long, long} {
		p := newPerson(t, fmt.Sprintf("someone %d", i))
		p.name = name
		meet(t, alice, p)
	}
	want := []string{"BOB 3", "Bob", "bob 2", long, strings.Repeat("é", 31) + " 2"}
	var got []string
	for name := range alice.contacts(t) {
		if slices.Contains(want, name) {
			got = append(got, name)
		} else if len(name) != 8 {
			t.Errorf("unexpected name %q", name)
		}
	}
	if slices.Sort(got); len(got) != len(want) {
		t.Errorf("%q", got)
	}
	uid := alice.contacts(t)["bob 2"].UID
	err := alice.db.Update(func(tx *store.Tx) error {
		for typed, want := range map[string]string{"@BOB": "Bob", "bob 2": "bob 2", uid.String(): "bob 2", "@" + strings.ToUpper(uid.String()): "bob 2"} {
			if c, err := alice.book.Find(tx, typed); err != nil || c.Name != want {
				t.Errorf("%s: %s, %v", typed, c.Name, err)
			}
		}
		if _, err := alice.book.Find(tx, "@nobody"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		for name, want := range map[string]error{"bOb": ErrNameTaken, "": identity.ErrName, "@x": identity.ErrName, uid.String(): identity.ErrName, "a\u202e": identity.ErrName, "BOB 2": nil, "Robert": nil} {
			if _, err := alice.book.Rename(tx, uid, name); !errors.Is(err, want) {
				t.Errorf("%q: %v", name, err)
			}
		}
		_, err := alice.book.Rename(tx, identity.UID{}, "x")
		return err
	})
	if !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// A book merged from two devices may hold one name twice; then it is not guessed.
func TestAmbiguousNames(t *testing.T) {
	alice := newPerson(t, "Alice")
	alice.update(t, func(tx *store.Tx) error {
		for n := range byte(2) {
			if err := alice.book.put(tx, Contact{UID: identity.UID{n}, Name: "Bob", State: Accepted}); err != nil {
				return err
			}
		}
		_, err := alice.book.Find(tx, "bob")
		var many *AmbiguousError
		if !errors.As(err, &many) || len(many.UIDs) != 2 || !strings.Contains(err.Error(), identity.UID{1}.String()) {
			t.Errorf("%v", err)
		}
		return nil
	})
}

func TestBlockUnblockRemove(t *testing.T) {
	alice, bob := newPerson(t, "Alice"), newPerson(t, "Bob")
	meet(t, alice, bob)
	alice.update(t, func(tx *store.Tx) error {
		for range 2 {
			if c, err := alice.book.Block(tx, bob.uid); err != nil || c.State != Blocked {
				t.Error(c, err)
			}
		}
		if _, err := alice.book.Confirm(tx, bob.uid, [32]byte{1}, noon); !errors.Is(err, ErrBlocked) {
			t.Error(err)
		}
		for range 2 {
			if c, err := alice.book.Unblock(tx, bob.uid); err != nil || c.State != Accepted {
				t.Error(c, err)
			}
		}
		if c, err := alice.book.Verify(tx, bob.uid, true); err != nil || !c.Verified {
			t.Error(c, err)
		}
		if err := alice.book.Remove(tx, bob.uid); err != nil {
			t.Error(err)
		}
		for name, err := range map[string]error{
			"remove": alice.book.Remove(tx, bob.uid), "get": second(alice.book.Get(tx, bob.uid)),
			"block": second(alice.book.Block(tx, bob.uid)), "unblock": second(alice.book.Unblock(tx, bob.uid))} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return nil
	})
}

func second[T any](_ T, err error) error { return err }

func TestInvitesAreListedInOrder(t *testing.T) {
	alice := newPerson(t, "Alice")
	var want []InviteID
	for range 5 {
		want = append(want, alice.invite(t, 3).ID())
	}
	alice.update(t, func(tx *store.Tx) error {
		all, err := alice.book.Invites(tx)
		for i, inv := range all {
			if inv.Invite.ID() != want[i] || inv.Left != 3 || inv.Open(noon) != nil {
				t.Errorf("%d: %+v", i, inv)
			}
		}
		if _, err := alice.book.Issue(tx, all[0].Invite, 1, ByInvite); !errors.Is(err, ErrExists) {
			t.Error(err)
		}
		if _, err := alice.book.Issue(tx, all[0].Invite, 0, ByInvite); !errors.Is(err, ErrTooLarge) {
			t.Error(err)
		}
		if _, err := NewBook(identity.UID{9}).Issue(tx, all[0].Invite, 1, ByInvite); !errors.Is(err, ErrTampered) {
			t.Error(err)
		}
		if _, err := alice.book.Revoke(tx, InviteID{}); !errors.Is(err, ErrUnknownInvite) {
			t.Error(err)
		}
		return err
	})
}

// A request that no invite covers waits for the user's word.
func TestWaitingRequests(t *testing.T) {
	alice, bob, carol := newPerson(t, "Alice"), newPerson(t, "Bob"), newPerson(t, "Carol")
	hold := func(p *person) (c Contact, err error) {
		to, _ := alice.leaf(t)
		r, log := p.request(t)
		parcel, err := SealRequest(to, nil, r, log.Sign)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenRequest(alice.uid, parcel, alice.kem)
		if err != nil {
			t.Fatal(err)
		}
		err = alice.db.Update(func(tx *store.Tx) error {
			c, err = alice.book.Hold(tx, got, ByIntroducer, carol.uid)
			return err
		})
		return c, err
	}
	for range 2 {
		if c, err := hold(bob); err != nil || c.State != PendingIn || c.Introducer != carol.uid {
			t.Fatal(c, err)
		}
	}
	alice.update(t, func(tx *store.Tx) error {
		waiting, err := alice.book.Waiting(tx)
		if len(waiting) != 1 || waiting[0].UID() != bob.uid {
			t.Errorf("%v", waiting)
		}
		c, r, err2 := alice.book.Accept(tx, bob.uid, noon)
		if c.State != Accepted || c.How != ByIntroducer || c.Conversation != r.Conversation() {
			t.Errorf("%+v", c)
		}
		if _, _, err := alice.book.Accept(tx, bob.uid, noon); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		return errors.Join(err, err2)
	})
	if _, err := hold(bob); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if _, err := hold(carol); err != nil {
		t.Error(err)
	}
	alice.update(t, func(tx *store.Tx) error {
		if err := alice.book.Decline(tx, carol.uid); err != nil {
			t.Error(err)
		}
		if err := alice.book.Decline(tx, carol.uid); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		return nil
	})
	if _, err := hold(carol); err != nil {
		t.Error(err)
	}
	alice.update(t, func(tx *store.Tx) error {
		_, err := alice.book.Block(tx, carol.uid)
		return err
	})
	if _, err := hold(carol); !errors.Is(err, ErrBlocked) {
		t.Error(err)
	}
	alice.update(t, func(tx *store.Tx) error {
		c, err := alice.book.Unblock(tx, carol.uid)
		if c.State != 0 {
			t.Errorf("%+v", c)
		}
		return err
	})
}

func TestWaitingRequestsAreBounded(t *testing.T) {
	alice := newPerson(t, "Alice")
	alice.update(t, func(tx *store.Tx) error {
		for n := range byte(MaxWaiting) {
			if err := tx.Set(waitingKey(identity.UID{n}), []byte("x")); err != nil {
				return err
			}
		}
		r, _ := newPerson(t, "Bob").request(t)
		r.to = alice.uid
		if _, err := alice.book.Hold(tx, r, ByAddress, identity.UID{}); !errors.Is(err, ErrFull) {
			t.Error(err)
		}
		return nil
	})
}

func FuzzRecords(f *testing.F) {
	c := Contact{UID: identity.UID{1}, Name: "Bob", State: Accepted, Older: [][32]byte{{1}}, Addrs: []string{"/x"}}
	i := Issued{Invite: Invite{UID: identity.UID{1}, Expires: noon, Hints: []string{"/x"}}, How: ByQR, Uses: 2, Left: 1, SpentBy: []identity.UID{{2}}, spent: [][32]byte{{3}}}
	for _, encode := range []func() ([]byte, error){c.encode, i.encode} {
		b, err := encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decodeContact(b); err == nil {
			if again, err := c.encode(); err != nil || string(again) != string(b) {
				t.Fatalf("%x encodes as %x", b, again)
			}
		}
		if i, err := decodeInvite(b); err == nil {
			if again, err := i.encode(); err != nil || string(again) != string(b) {
				t.Fatalf("%x encodes as %x", b, again)
			}
		}
	})
}
