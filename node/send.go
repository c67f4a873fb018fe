package node

import (
	"context"
	"time"

	"causeway/chat"
	"causeway/contact"
	"causeway/merkle"
	"causeway/store"
)

// Send writes a message and returns when it is on disk. Nothing waits for the
// network: sync, or the outbox, takes it from there.
func (n *Node) Send(_ context.Context, o Outgoing) (Message, error) {
	var out Message
	err := n.change(func(tx *store.Tx, now time.Time) (*chat.Writer, error) {
		c, err := n.target(tx, o.Target)
		if err != nil {
			return nil, err
		}
		if err := n.maySend(tx, c); err != nil {
			return nil, err
		}
		if o.Reply != (merkle.ID{}) {
			if _, err := c.Message(tx, c.State(), o.Reply); err != nil {
				return nil, notFound("the message to answer is not in this conversation, or has not arrived yet")
			}
		}
		w := c.Write(tx, now)
		m, err := w.Say(chat.Text{Text: o.Text, Reply: o.Reply})
		if err != nil {
			return nil, err
		}
		out, err = n.show(tx, c, m)
		return w, err
	})
	return out, err
}

// maySend refuses to write to somebody blocked, before anything is written.
func (n *Node) maySend(tx *store.Tx, c *chat.Conversation) error {
	s := c.State()
	if s.Shape != chat.Direct {
		return nil
	}
	k, err := n.book.Get(tx, s.Peer)
	if err != nil {
		return refused("this person is no longer a contact")
	}
	if k.State == contact.Blocked {
		return refused("%s is blocked; to write to them again: peer contact unblock @%s", k.Name, k.Name)
	}
	return nil
}

// change runs one transaction on one conversation, keeps what it brought as
// events, and tells the network of it after the commit.
func (n *Node) change(f func(tx *store.Tx, now time.Time) (*chat.Writer, error)) error {
	return n.changeBy(n.db.Update, f)
}

func (n *Node) changeBy(update func(func(*store.Tx) error) error, f func(tx *store.Tx, now time.Time) (*chat.Writer, error)) error {
	if n.ctx.Err() != nil {
		return ErrClosed
	}
	err := update(func(tx *store.Tx) error {
		w, err := f(tx, time.Now())
		if err != nil || w == nil {
			return err
		}
		return n.settle(tx, w)
	})
	return explain(err)
}

// settle keeps what a writer received and wrote as events, answers what other
// nodes said to this one, and rings the bells at commit.
func (n *Node) settle(tx *store.Tx, w *chat.Writer) error {
	c := w.Conversation()
	for _, s := range w.Got().Services {
		if err := n.serve(tx, w, s); err != nil {
			return err
		}
	}
	if err := n.confirm(tx, w); err != nil {
		return err
	}
	if err := w.KeepOrder(); err != nil {
		return err
	}
	if err := n.owe(tx, w); err != nil {
		return err
	}
	if err := n.recordAll(tx, w); err != nil {
		return err
	}
	changed := w.Got().Changed
	tx.OnCommit(func() {
		n.sync.Announce([32]byte(c.ID))
		n.wake["outbox"].ring()
		if changed {
			n.sync.Refresh()
			n.wake["publish"].ring()
		}
	})
	return nil
}

func (n *Node) recordAll(tx *store.Tx, w *chat.Writer) error {
	c, s, got := w.Conversation(), w.State(), w.Got()
	name := n.chatName(tx, s)
	if len(got.Texts) > 0 {
		r := eventRecord{Kind: "message", Chat: name, Conv: c.ID}
		for _, a := range got.Texts[max(0, len(got.Texts)-keptEvents):] { // more are not kept anyway
			r.Messages = append(r.Messages, a.ID)
		}
		if err := n.events.add(tx, r); err != nil {
			return err
		}
	}
	for _, m := range got.Events {
		r := eventRecord{Kind: "group", Chat: name, Conv: c.ID, Messages: []merkle.ID{m.ID}, Text: n.line(tx, s, m)}
		if err := n.events.add(tx, r); err != nil {
			return err
		}
	}
	for _, a := range got.Acked {
		if err := n.recordAcked(tx, c, name, a); err != nil {
			return err
		}
	}
	return nil
}

// Receive takes blocks of a conversation from wherever they came.
func (n *Node) receive(c *chat.Conversation, blocks []merkle.Block) (merkle.Result, error) {
	return n.receiveBy(n.db.Update, c, blocks, func() {})
}

func (n *Node) receiveBy(update func(func(*store.Tx) error) error, c *chat.Conversation, blocks []merkle.Block, durable func()) (merkle.Result, error) {
	var res merkle.Result
	err := n.changeBy(update, func(tx *store.Tx, now time.Time) (w *chat.Writer, err error) {
		tx.OnCommit(durable)
		w = c.Write(tx, now)
		res, err = w.Receive(blocks)
		return w, err
	})
	return res, err
}

// recordAcked tells of each own message that a member has acknowledged now, the
// newest ones if there are more than are kept.
func (n *Node) recordAcked(tx *store.Tx, c *chat.Conversation, name string, a chat.Acked) error {
	r := eventRecord{Kind: "state", Chat: name, Conv: c.ID}
	from := max(a.From, a.To-min(a.To, keptEvents-1))
	for e, err := range c.DAG().Range(tx, a.Own, from, a.To) {
		if err != nil {
			return err
		}
		if c.Kind(tx, e.ID) == chat.KindText { // others say nothing to people
			r.Messages = append(r.Messages, e.ID)
		}
	}
	if len(r.Messages) == 0 {
		return nil
	}
	return n.events.add(tx, r)
}
