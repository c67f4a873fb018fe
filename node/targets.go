package node

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"causeway/chat"
	"causeway/contact"
	"causeway/identity"
	"causeway/store"
)

var errSelf = errors.New("this node itself")

func notFound(format string, args ...any) error {
	return &Explained{ErrNotFound, fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) error {
	return &Explained{ErrRefused, fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &Explained{ErrInvalid, fmt.Sprintf(format, args...)}
}

// explain turns the errors of other rooms that people can do something about
// into sentences.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, chat.ErrNotMember), errors.Is(err, chat.ErrNotAllowed), errors.Is(err, chat.ErrStopped),
		errors.Is(err, chat.ErrNoKey), errors.Is(err, chat.ErrNoOffer), errors.Is(err, chat.ErrNoChange):
		return refused("%v", err)
	case errors.Is(err, chat.ErrTooLong), errors.Is(err, identity.ErrName):
		return invalid("%v", err)
	case errors.Is(err, contact.ErrMalformed), errors.Is(err, contact.ErrExpired), errors.Is(err, contact.ErrUsed),
		errors.Is(err, contact.ErrRevoked), errors.Is(err, contact.ErrTampered), errors.Is(err, contact.ErrSelf),
		errors.Is(err, contact.ErrBlocked), errors.Is(err, contact.ErrNameTaken), errors.Is(err, contact.ErrFull):
		return refused("%v", err)
	case errors.Is(err, contact.ErrNotFound), errors.Is(err, contact.ErrUnknownInvite):
		return notFound("%v", err)
	case errors.Is(err, store.ErrFull):
		return &Explained{store.ErrFull, "no space is left on the device: nothing that was kept is lost; make room, and the node goes on by itself a few seconds later"}
	case errors.Is(err, store.ErrIO):
		return &Explained{err, fmt.Sprintf("the disk failed (%v): nothing that was kept is lost, and nothing more is written; see to the disk, then stop the node and start it again with: peer serve", err)}
	}
	return err
}

// person resolves "@name" or "@uid" (the @ may be left out).
func (n *Node) person(tx *store.Tx, who string) (contact.Contact, error) {
	who = strings.TrimPrefix(strings.TrimSpace(who), "@")
	c, err := n.book.Find(tx, who)
	switch {
	case errors.Is(err, contact.ErrNotFound):
		return c, notFound("no contact is called %q; see: peer contacts", who)
	case err != nil:
		return c, invalid("%v", err)
	}
	return c, nil
}

// groupNamed resolves "#name" or "#group-id" (the # may be left out).
func (n *Node) groupNamed(name string) (*chat.Conversation, error) {
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	var found []*chat.Conversation
	for _, c := range n.set.All() {
		s := c.State()
		if s.Shape == chat.Group && (strings.EqualFold(s.Name, name) || hex.EncodeToString(c.ID[:]) == name || c.ID.String() == name) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, notFound("no group is called %q; see: peer group list", name)
	}
	return nil, notFound("%d groups are called %q; name one by its id: peer group list --json", len(found), name)
}

// target resolves what a person types to the conversation that is meant.
func (n *Node) target(tx *store.Tx, t string) (*chat.Conversation, error) {
	t = strings.TrimSpace(t)
	switch {
	case strings.HasPrefix(t, "#"):
		return n.groupNamed(t)
	case strings.HasPrefix(t, "@"):
		k, err := n.person(tx, t)
		if err != nil {
			return nil, err
		}
		return n.directWith(k)
	}
	return nil, invalid("%q names no conversation: write @name for a person or #name for a group", t)
}

func (n *Node) directWith(k contact.Contact) (*chat.Conversation, error) {
	c := n.set.Get(k.Conversation)
	if c == nil {
		return nil, refused("%s has not answered yet; you can write as soon as the two of you are contacts", k.Name)
	}
	return c, nil
}

// nameOf is what this node calls a user: the petname, else what the user calls
// itself in the conversation, else the start of its id.
func (n *Node) nameOf(tx *store.Tx, s *chat.State, uid identity.UID) string {
	if uid == n.me.UID {
		return n.me.Name
	}
	if k, err := n.book.Get(tx, uid); err == nil && k.Name != "" {
		return k.Name
	}
	if s != nil {
		if name := s.NameOf(uid); name != "" {
			return name
		}
	}
	return uid.String()[:10]
}

func (n *Node) personOf(tx *store.Tx, s *chat.State, uid identity.UID) Person {
	return Person{UID: uid, Name: n.nameOf(tx, s, uid)}
}

// chatName is how a conversation is called: "@name" or "#name".
func (n *Node) chatName(tx *store.Tx, s *chat.State) string {
	switch s.Shape {
	case chat.Direct:
		return "@" + n.nameOf(tx, s, s.Peer)
	case chat.Group:
		return "#" + s.Name
	}
	return ""
}
