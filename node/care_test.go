package node

import (
	"context"
	"errors"
	"testing"

	"causeway/merkle"
)

func TestAnswersNameAMessageOfTheConversation(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob, carol := newPerson(t, "Bob", alice.addr()), newPerson(t, "Carol", alice.addr())
	befriend(alice, bob)
	befriend(alice, carol)
	m := alice.say("@Bob", "hello")
	for name, o := range map[string]Outgoing{
		"nothing":                  {Target: "@Bob", Text: "what?", Reply: merkle.ID{1}},
		"one of another's in here": {Target: "@Carol", Text: "what?", Reply: m.ID},
	} {
		if _, err := alice.Send(context.Background(), o); !errors.Is(err, ErrNotFound) {
			t.Errorf("an answer to %s: %v", name, err)
		}
	}
	if _, err := alice.Send(context.Background(), Outgoing{Target: "@Bob", Text: "again", Reply: m.ID}); err != nil {
		t.Error(err)
	}
}

func TestGroupsHaveNames(t *testing.T) {
	if _, err := newPerson(t, "Alice").CreateGroup(context.Background(), "", "shared"); !errors.Is(err, ErrInvalid) {
		t.Errorf("a group without a name: %v", err)
	}
}

// Conversations with nobody left to hear from do not keep a node from being in
// step with the rest.
func TestInStepWithWhoeverIsLeft(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob, carol := newPerson(t, "Bob", alice.addr()), newPerson(t, "Carol", alice.addr())
	befriend(alice, bob)
	befriend(alice, carol)
	if _, err := alice.CreateGroup(context.Background(), "just me", "shared"); err != nil {
		t.Fatal(err)
	}
	if err := alice.BlockContact(context.Background(), "@Carol", true); err != nil {
		t.Fatal(err)
	}
	alice.until("in step", func() bool {
		ok, err := alice.Synced(context.Background(), "")
		return ok && err == nil
	})
}
