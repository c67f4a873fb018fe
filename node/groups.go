package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/group"
	"causeway/identity"
	"causeway/store"
)

// Groups lists the group conversations.
func (n *Node) Groups(context.Context) ([]Group, error) {
	var out []Group
	err := n.db.View(func(tx *store.Tx) error {
		for _, c := range n.set.All() {
			if c.State().Shape == chat.Group {
				out = append(out, n.groupView(tx, c))
			}
		}
		return nil
	})
	return out, err
}

func (n *Node) groupView(tx *store.Tx, c *chat.Conversation) Group {
	s := c.State()
	g := Group{ID: [32]byte(c.ID), Name: s.Name, History: s.History.String(), Members: len(s.Fold.Members())}
	if _, in := s.Fold.Member(n.me.UID); !in && s.Found {
		g.Left = true
	}
	if keys := c.Secrets(tx); len(keys) > 0 {
		g.Epoch = keys[0].Epoch.String()
	}
	return g
}

// CreateGroup founds a group with this user as its first admin.
func (n *Node) CreateGroup(_ context.Context, name, history string) (Group, error) {
	policy, ok := map[string]chat.History{"": chat.Shared, "shared": chat.Shared, "forward": chat.Forward}[history]
	if !ok {
		return Group{}, invalid("%q is no history policy: shared (newcomers may read what was said before) or forward (they may not)", history)
	}
	if name == "" {
		return Group{}, invalid("a group needs a name")
	}
	if _, err := n.groupNamed(name); err == nil {
		return Group{}, refused("you are in a group called %q already", name)
	}
	var c *chat.Conversation
	err := n.db.Update(func(tx *store.Tx) error {
		leaf, err := n.set.NewLog(tx)
		if err != nil {
			return err
		}
		c, _, err = n.set.Found(tx, time.Now(), chat.Founding{Shape: chat.Group, History: policy, Name: name, Mine: leaf})
		return err
	})
	if err != nil {
		return Group{}, explain(err)
	}
	n.sync.Refresh()
	n.wake["publish"].ring()
	n.wake["outbox"].ring()
	var out Group
	err = n.db.View(func(tx *store.Tx) error {
		out = n.groupView(tx, c)
		return nil
	})
	return out, err
}

// inGroup runs f on a group and a member or contact of it.
func (n *Node) inGroup(groupName, who string, f func(w *chat.Writer, tx *store.Tx, uid identity.UID) error) error {
	return n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		c, err := n.groupNamed(groupName)
		if err != nil {
			return nil, err
		}
		uid, err := n.memberNamed(tx, c, who)
		if err != nil {
			return nil, err
		}
		w := c.Write(tx, now)
		return w, f(w, tx, uid)
	})
}

// memberNamed finds a contact, or a member whom one knows only from the group.
func (n *Node) memberNamed(tx *store.Tx, c *chat.Conversation, who string) (identity.UID, error) {
	k, err := n.person(tx, who)
	if err == nil {
		return k.UID, nil
	}
	s := c.State()
	for _, m := range s.Fold.Members() {
		if name := n.nameOf(tx, s, m.User); "@"+name == who || name == who || "@"+m.User.String() == who {
			return m.User, nil
		}
	}
	return identity.UID{}, err
}

// AddMember admits a contact and sends it a welcome in the 1:1 conversation.
// history: "all", "none", "since:" and a time of RFC 3339, or empty: all that the
// policy allows.
func (n *Node) AddMember(_ context.Context, groupName, who, history string) error {
	h, since, err := historyOf(history)
	if err != nil {
		return err
	}
	return n.inGroup(groupName, who, func(w *chat.Writer, tx *store.Tx, uid identity.UID) error {
		k, err := n.book.Get(tx, uid)
		if err != nil || k.State != contact.Accepted {
			return refused("only contacts can be added to a group; %s is not one of yours", who)
		}
		direct, err := n.directWith(k)
		if err != nil {
			return err
		}
		welcome, err := admit(w, uid, h, since)
		if err != nil {
			return err
		}
		dw := direct.Write(tx, time.Now())
		if err := dw.Tell(chat.KindWelcome, &welcome); err != nil {
			return err
		}
		return n.settle(tx, dw)
	})
}

// historyOf reads how much of the past a newcomer is given.
func historyOf(text string) (group.History, time.Time, error) {
	since, dated := strings.CutPrefix(text, "since:")
	switch {
	case dated:
		t, err := time.Parse(time.RFC3339, since)
		if err != nil {
			return 0, t, invalid("%q is no time: write it as 2026-12-21T14:00:00Z", since)
		}
		return group.HistoryNone, t, nil
	case text == "" || text == "all":
		return group.HistoryAll, time.Time{}, nil
	case text == "none":
		return group.HistoryNone, time.Time{}, nil
	}
	return 0, time.Time{}, invalid("%q is no history that a newcomer can be given: all, none or since:TIME", text)
}

func admit(w *chat.Writer, uid identity.UID, h group.History, since time.Time) (chat.Welcome, error) {
	forward := w.State().History == chat.Forward
	switch {
	case since.IsZero() && forward:
		return w.Add(uid, group.HistoryNone)
	case since.IsZero():
		return w.Add(uid, h)
	case forward:
		return chat.Welcome{}, refused("this group is of policy forward: newcomers read what is said from now on; leave out --history")
	}
	welcome, err := w.AddSince(uid, since)
	if errors.Is(err, chat.ErrNoChange) {
		return welcome, refused("the key has not changed since %s, and a key opens all that was said under it: choose an earlier time, all or none", since.UTC().Format(time.RFC3339))
	}
	return welcome, err
}

// RemoveMember ends a member's membership and changes the key.
func (n *Node) RemoveMember(_ context.Context, groupName, who string) error {
	return n.inGroup(groupName, who, func(w *chat.Writer, _ *store.Tx, uid identity.UID) error {
		return w.Remove(uid, "")
	})
}

// Promote makes a member an admin.
func (n *Node) Promote(_ context.Context, groupName, who string) error {
	return n.inGroup(groupName, who, func(w *chat.Writer, _ *store.Tx, uid identity.UID) error {
		return w.Promote(uid)
	})
}

// Demote makes an admin a member again.
func (n *Node) Demote(_ context.Context, groupName, who string) error {
	return n.inGroup(groupName, who, func(w *chat.Writer, _ *store.Tx, uid identity.UID) error {
		return w.Demote(uid)
	})
}

// LeaveGroup ends this user's own membership.
func (n *Node) LeaveGroup(_ context.Context, groupName string) error {
	return n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		c, err := n.groupNamed(groupName)
		if err != nil {
			return nil, err
		}
		w := c.Write(tx, now)
		return w, w.Leave()
	})
}

// Members lists who belongs to a group, the most senior first.
func (n *Node) Members(_ context.Context, groupName string) ([]Member, error) {
	var out []Member
	err := n.db.View(func(tx *store.Tx) error {
		c, err := n.groupNamed(groupName)
		if err != nil {
			return err
		}
		s := c.State()
		for _, m := range s.Fold.Members() {
			since, err := c.Message(tx, s, m.Since)
			if err != nil {
				return err
			}
			out = append(out, Member{
				Person: n.personOf(tx, s, m.User), Role: m.Role.String(), Rank: m.Rank, Since: since.Time.UTC(),
				Settled: c.Settled(tx, m.Since),
			})
		}
		return nil
	})
	return out, explain(err)
}
