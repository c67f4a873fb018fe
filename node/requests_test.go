package node

import (
	"errors"
	"testing"

	"causeway/chat"
	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/store"
)

// A welcome that says nothing valid is passed over. If the store fails halfway the
// transaction must not happen: it would keep half a conversation.
func TestWelcomeThatTheStoreFailsToKeepIsNotTaken(t *testing.T) {
	alice, from := newPerson(t, "Alice"), identity.UID{7}
	var offers chat.Offers
	err := alice.db.Update(func(tx *store.Tx) (err error) {
		offers, err = alice.set.MakeOffers(tx, from, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := identity.DecodeLeaf(offers.Leaves[0])
	if err != nil {
		t.Fatal(err)
	}
	wc := chat.Welcome{Group: merkle.ID{1}, Name: "team", Log: merkle.LogKey(leaf.Log), Keys: make([]chat.Secrets, 1)}
	err = alice.db.View(func(tx *store.Tx) error { return alice.welcomed(tx, nil, welcomeOf(t, from, wc)) })
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a store that takes no writes: %v", err)
	}
	if alice.set.Get(wc.Group) != nil {
		t.Error("the group is there all the same")
	}
	for _, spoil := range []func(*chat.Welcome){
		func(wc *chat.Welcome) { wc.Keys = nil },
		func(wc *chat.Welcome) { wc.Log[0]++ },
		func(wc *chat.Welcome) { wc.Group = alice.set.All()[0].ID },
	} {
		bad := wc
		spoil(&bad)
		err := alice.db.Update(func(tx *store.Tx) error {
			if err := alice.welcomed(tx, nil, welcomeOf(t, from, bad)); err != nil {
				t.Errorf("a welcome that is not valid stops its conversation: %v", err)
			}
			return errUndone
		})
		if !errors.Is(err, errUndone) {
			t.Error(err)
		}
	}
}

// errUndone ends a transaction that is to leave nothing.
var errUndone = errors.New("undone")

func welcomeOf(t *testing.T, from identity.UID, wc chat.Welcome) chat.Service {
	t.Helper()
	b, err := wire.Marshal(&wc)
	if err != nil {
		t.Fatal(err)
	}
	return chat.Service{Kind: chat.KindWelcome, From: from, Payload: b}
}
