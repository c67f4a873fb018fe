package chat

import (
	"errors"
	"fmt"
	"time"

	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// ErrNotMember: this user may not write here (any more).
var ErrNotMember = errors.New("you are not a member of this conversation")

// ErrTooLong: more text than one message holds.
var ErrTooLong = errors.New("too long")

// ErrStopped: this device's log was forked (a stolen or copied key, a restored
// backup); it may not be continued, and another device or the recovery words
// have to admit a new one.
var ErrStopped = errors.New("this device's log was continued elsewhere and is stopped")

// CannotWrite reports whether err says that this device may not write in a
// conversation, which is no reason not to receive there.
func CannotWrite(err error) bool {
	return errors.Is(err, ErrStopped) || errors.Is(err, ErrNotMember) || errors.Is(err, ErrNoKey)
}

// Writer changes one conversation inside one transaction. What it did becomes
// visible when the transaction commits, and never happened if it does not.
type Writer struct {
	c        *Conversation
	tx       *store.Tx
	now      time.Time
	s        *State // its maps are shared with c until mine
	mine     bool
	loading  bool            // reading the state from the store: nothing is written
	founding bool            // the first entry of this very log comes by the same door
	rescan   bool            // keys came that may open what is unread
	reclock  uint64          // 1 + offset from which clocks may have to move; 0: none
	recent   []*epoch        // newest first, for trial opening
	frozen   []merkle.LogKey // logs of which a fault has just been read
	past     *past
	hot      *hot // nil until warm
	got      Received
}

// Write starts a change at time now (used for the wall time of entries and for
// marks, never for permission).
func (c *Conversation) Write(tx *store.Tx, now time.Time) *Writer {
	s := *c.applied.Load()
	w := &Writer{c: c, tx: tx, now: now, s: &s, past: c.past(tx)}
	if s.Fold != nil {
		s.Fold = s.Fold.With(w.past)
	}
	return w
}

// Conversation returns what this writer changes.
func (w *Writer) Conversation() *Conversation { return w.c }

// State returns the state as this writer has changed it so far.
func (w *Writer) State() *State { return w.s }

// own returns a state that this writer may change, and sees to its publication.
func (w *Writer) own() *State {
	if w.mine {
		return w.s
	}
	w.mine = true
	w.s = w.s.clone()
	w.publish()
	return w.s
}

// publish sees that the next writer starts from this state once the transaction
// is applied, and that everybody sees it once it is durable.
func (w *Writer) publish() {
	var s State
	w.tx.OnApply(func() {
		s = *w.s
		s.Fold = s.Fold.With(w.c.past(nil))
		w.c.applied.Store(&s)
		w.c.set.publish(w.c)
	})
	w.tx.OnCommit(func() { w.c.state.Store(&s) })
}

func (w *Writer) saveRecord() error {
	r := w.s.record()
	return put(w.tx, w.c.key(subRecord), &r)
}

// Text is a message to be said.
type Text struct {
	Text  string
	Reply merkle.ID // zero: none
}

// Say writes a message for all members and returns it as it will be shown.
func (w *Writer) Say(t Text) (Message, error) {
	if len(t.Text) > MaxText {
		return Message{}, fmt.Errorf("%w: a message holds at most %d KiB of text", ErrTooLong, MaxText>>10)
	}
	body := textBody{Text: t.Text}
	if t.Reply != (merkle.ID{}) {
		body.Reply = t.Reply[:]
	}
	return w.message(KindText, &body)
}

// Tell writes a service body to the other nodes of the conversation.
func (w *Writer) Tell(k Kind, body any) error {
	_, err := w.message(k, body)
	return err
}

// Ack writes an entry that says nothing but what its parents say: all this was
// delivered here.
func (w *Writer) Ack() error { return w.Tell(KindAck, &Nothing{}) }

func (w *Writer) message(k Kind, body any) (Message, error) {
	if !w.s.Fold.MaySend(w.c.set.me.UID) {
		return Message{}, ErrNotMember
	}
	if err := w.rotate(); err != nil {
		return Message{}, err
	}
	e, err := w.ready()
	if err != nil {
		return Message{}, err
	}
	if err := w.repair(e); err != nil {
		return Message{}, err
	}
	secret, err := w.messageSecret(e)
	if err != nil {
		return Message{}, err
	}
	if err := w.spend(e); err != nil {
		return Message{}, err
	}
	return w.append(k, body, secret)
}

// control writes a control entry under the best key held, usable or not: a
// removal must be readable to whom it removes.
func (w *Writer) control(k Kind, body any) (Message, error) {
	if err := w.rotate(); err != nil {
		return Message{}, err
	}
	e := w.best()
	if e == nil {
		var err error
		if e, err = w.rekey(); err != nil {
			return Message{}, err
		}
	}
	return w.append(k, body, e.keys.Ctl())
}

func (w *Writer) append(k Kind, body any, secret [32]byte) (Message, error) {
	d, err := w.draft()
	if err != nil {
		return Message{}, err
	}
	return w.finish(d, k, body, secret, seal.NewSalt(), nil)
}

func (w *Writer) appendSlots(k Kind, body any, secret [32]byte, kems, contents [][]byte) (Message, error) {
	d, err := w.draft()
	if err != nil {
		return Message{}, err
	}
	salt := seal.NewSalt()
	slots, err := seal.SealSlots(kems, w.slotInfo(d, salt), contents)
	if err != nil {
		return Message{}, err
	}
	return w.finish(d, k, body, secret, salt, slots)
}

// draft places the next entry of this device's log. The first has the entry
// that admits the log among its direct parents (docs/spec/01-log.md, section 4).
func (w *Writer) draft() (merkle.Draft, error) {
	var parents []merkle.ID
	_, begun, err := w.c.dag.Tip(w.tx, w.s.Log)
	if err != nil {
		return merkle.Draft{}, err
	}
	if !begun {
		for id, ct := range w.s.controls {
			if ct.admits(w.s.Log) {
				parents = append(parents, id)
			}
		}
	}
	return w.c.dag.Draft(w.tx, w.s.Log, parents...)
}

func (w *Writer) slotInfo(d merkle.Draft, salt [16]byte) seal.SlotInfo {
	i := seal.SlotInfo{Log: [32]byte(d.Log), Seq: d.Seq, Salt: salt}
	if d.Seq > 0 || len(d.Parents) > 0 { // found has no group yet
		i.Group = [32]byte(w.c.ID)
	}
	return i
}

func (w *Writer) finish(d merkle.Draft, k Kind, body any, secret [32]byte, salt [16]byte, slots []byte) (Message, error) {
	p, err := newPlain(k, uint64(w.now.UnixMilli()), body)
	if err != nil {
		return Message{}, err
	}
	ctx := seal.Context{Log: [32]byte(d.Log), Seq: d.Seq, Prev: [32]byte(d.Prev)}
	sealed, entryKey, err := seal.Seal(secret, salt, ctx, slots, p.encode())
	if err != nil {
		return Message{}, err
	}
	key, err := w.signerOf(d.Log)
	if err != nil {
		return Message{}, err
	}
	e, err := w.c.dag.Append(w.tx, key, d, sealed)
	if err != nil {
		return Message{}, err
	}
	m, err := w.keep(e, p, entryKey)
	if err = errors.Join(err, w.past.failed()); err != nil {
		return Message{}, err
	}
	out := w.c.said(w.s, e, m)
	if k == KindText {
		out.Text, out.Reply = p.text()
	}
	return out, nil
}
