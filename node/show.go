package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"causeway/chat"
	"causeway/group"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
)

// show gives a message its state and marks, each from a fact in the store.
func (n *Node) show(tx *store.Tx, c *chat.Conversation, m chat.Message) (Message, error) {
	s := c.State()
	out := Message{
		ID: m.ID, Chat: n.chatName(tx, c.State()), Author: n.personOf(tx, s, m.Author), Own: m.Own,
		Time: m.Time.UTC(), Kind: "text", Text: m.Text, Reply: m.Reply, State: StateReceived,
	}
	if m.Kind != chat.KindText {
		out.Kind, out.Text = "event", n.line(tx, s, m)
	}
	for mark, is := range map[string]bool{"late": m.Late, "clock": m.Ahead, "void": !m.Verdict.Live()} {
		if is {
			out.Marks = append(out.Marks, mark)
		}
	}
	if !m.Own {
		return out, nil
	}
	f, err := n.facts(tx, c, m)
	if err != nil {
		return out, err
	}
	out.State = f.state()
	out.Parked.Have, out.Parked.Want = len(f.parked), f.want
	out.Got.Have, out.Got.Want = len(f.delivered), len(f.others)
	out.Sent.Have, out.Sent.Want = len(f.sent), len(f.others)
	return out, nil
}

// facts are the signed facts about one own message.
type facts struct {
	others    []identity.UID             // who is to have it, or was and has
	sent      map[identity.UID]bool      // handed over to, or delivered
	delivered map[identity.UID]time.Time // when this node learned of it
	parked    []parkedBox
	want      int // custodians it ought to be parked with
}

func (n *Node) facts(tx *store.Tx, c *chat.Conversation, m chat.Message) (facts, error) {
	f := facts{others: c.State().Others(n.me.UID), delivered: map[identity.UID]time.Time{}, sent: map[identity.UID]bool{}}
	got, err := c.Delivered(tx, m)
	if err != nil {
		return f, err
	}
	taken, err := n.takenBy(tx, c, m)
	if err != nil {
		return f, err
	}
	meant := c.MeantFor(tx, m.ID)
	f.others = slices.DeleteFunc(f.others, func(uid identity.UID) bool { // who came later and was not given it
		member, _ := c.State().Fold.Member(uid)
		_, has := got[uid]
		return !has && !taken[uid] && len(member.Logs) > 0 && !slices.ContainsFunc(member.Logs, meant)
	})
	f.others = append(f.others, n.formerly(c.State(), got, taken)...)
	for _, uid := range f.others {
		t, ok := got[uid]
		if ok {
			f.delivered[uid] = t
		}
		if ok || taken[uid] {
			f.sent[uid] = true
		}
	}
	f.parked, f.want, err = n.parkedAt(tx, c, m.Log, m.Seq)
	return f, err
}

// formerly lists who has a message and was removed since: what was done stays done.
func (n *Node) formerly(s *chat.State, got map[identity.UID]time.Time, taken map[identity.UID]bool) (out []identity.UID) {
	note := func(uid identity.UID) {
		if _, gone := s.Fold.Removed(uid); gone && uid != n.me.UID && !slices.Contains(out, uid) {
			out = append(out, uid)
		}
	}
	for uid := range got {
		note(uid)
	}
	for uid := range taken {
		note(uid)
	}
	slices.SortFunc(out, func(a, b identity.UID) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// state tells where the message is: never more than the facts say.
func (f facts) state() MessageState {
	switch {
	case len(f.delivered) > 0:
		return StateDelivered
	case len(f.sent) > 0:
		return StateSent
	case len(f.parked) > 0:
		return StateParked
	}
	return StateQueued
}

func (n *Node) showOne(tx *store.Tx, c *chat.Conversation, id merkle.ID) (Message, error) {
	m, err := c.Message(tx, c.State(), id)
	if err != nil {
		return Message{}, err
	}
	return n.show(tx, c, m)
}

// line says in words what a control entry did.
func (n *Node) line(tx *store.Tx, s *chat.State, m chat.Message) string {
	who, whom := n.nameOf(tx, s, m.Author), n.nameOf(tx, s, m.Target)
	switch m.Kind {
	case chat.KindFound:
		return fmt.Sprintf("%s started this conversation", who)
	case chat.KindGrant:
		if m.Role == group.Admin {
			return fmt.Sprintf("%s made %s an admin", who, whom)
		}
		return fmt.Sprintf("%s added %s", who, whom)
	case chat.KindRevoke:
		if m.Text != "" {
			return fmt.Sprintf("%s removed %s (%s); what was written before stays readable to them", who, whom, m.Text)
		}
		return fmt.Sprintf("%s removed %s; what was written before stays readable to them", who, whom)
	case chat.KindDemote:
		return fmt.Sprintf("%s made %s a member without admin rights", who, whom)
	case chat.KindLeave:
		return fmt.Sprintf("%s left", who)
	case chat.KindRekey:
		return fmt.Sprintf("%s changed the key", who)
	case chat.KindFault:
		return fmt.Sprintf("%s reports that one device wrote two histories; it is stopped", who)
	}
	return ""
}

// Log returns a page of a conversation in display order.
func (n *Node) Log(_ context.Context, target string, p Page) (Timeline, error) {
	var out Timeline
	err := n.db.View(func(tx *store.Tx) error {
		c, err := n.target(tx, target)
		if err != nil {
			return err
		}
		if p.Limit <= 0 {
			p.Limit = 50
		}
		page, err := c.Timeline(tx, chat.Page{Limit: p.Limit, Before: p.Before, Since: p.Since})
		if err != nil {
			return err
		}
		for _, m := range page {
			shown, err := n.show(tx, c, m)
			if err != nil {
				return err
			}
			out.Messages = append(out.Messages, shown)
		}
		out.Gaps, err = n.gaps(tx, c)
		return err
	})
	return out, explain(err)
}

// gaps tells what the log mentions and this node does not hold or cannot open.
func (n *Node) gaps(tx *store.Tx, c *chat.Conversation) ([]Gap, error) {
	missing, err := c.DAG().Wanted(tx)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	g := Gap{Missing: len(missing)}
	s := c.State()
	for _, uid := range n.online.users(c.ID) {
		g.Asking = append(g.Asking, n.personOf(tx, s, uid))
	}
	return []Gap{g}, nil
}

// Message tells where one message is and who signed for that.
func (n *Node) Message(_ context.Context, id merkle.ID) (MessageStatus, error) {
	out := MessageStatus{ID: id}
	err := n.db.View(func(tx *store.Tx) error {
		for _, c := range n.set.All() {
			m, err := c.Message(tx, c.State(), id)
			if err != nil {
				continue
			}
			return n.status(tx, c, m, &out)
		}
		return notFound("no message has this id here")
	})
	return out, explain(err)
}

func (n *Node) status(tx *store.Tx, c *chat.Conversation, m chat.Message, out *MessageStatus) error {
	out.State = StateReceived
	if !m.Own {
		return nil
	}
	f, err := n.facts(tx, c, m)
	if err != nil {
		return err
	}
	out.State, out.Asked, out.Others = f.state(), f.want, len(f.others)
	s := c.State()
	for _, p := range f.parked {
		out.Parked = append(out.Parked, ParkedAt{Custodian: Person{Name: p.name}, Until: p.until})
	}
	for _, uid := range f.others {
		if t, ok := f.delivered[uid]; ok {
			out.Delivered = append(out.Delivered, DeliveredTo{Person: n.personOf(tx, s, uid), Time: t.UTC()})
		} else if f.sent[uid] {
			out.Sent = append(out.Sent, n.personOf(tx, s, uid))
		}
	}
	return nil
}
