package chat

import (
	"errors"
	"slices"

	"causeway/group"
	"causeway/identity"
	"causeway/internal/planted"
	"causeway/merkle"
)

// Received is what a change brought that others may want to know.
type Received struct {
	Texts     []Arrival // newly readable, for people
	Services  []Service // newly readable, for this node
	Events    []Message // membership and key events, one readable line each
	Acked     []Acked   // what others have acknowledged of this user's logs
	Changed   bool      // members or keys changed
	Ended     bool      // a member or a log of one ended in a way that calls for a new key (K4)
	Undone    bool      // members or keys changed where a removal is void: a key may lack somebody who stays
	Delivered []merkle.Entry
}

// An Arrival is a text that became readable.
type Arrival struct {
	ID     merkle.ID
	Author identity.UID // zero: not known to be anybody's
	Own    bool
}

// Service is a body that one node wrote for another.
type Service struct {
	Kind    Kind
	From    identity.UID
	Log     merkle.LogKey
	ID      merkle.ID
	Payload []byte
}

// Got returns what this writer has received so far.
func (w *Writer) Got() Received { return w.got }

// Receive is the one door for entries from outside: pulled, collected from a
// custodian or read from a file, they are verified, kept and read here.
func (w *Writer) Receive(blocks []merkle.Block) (merkle.Result, error) {
	res, err := w.c.dag.Add(w.tx, blocks)
	if err != nil {
		return res, err
	}
	w.got.Delivered = append(w.got.Delivered, res.Delivered...)
	for _, e := range append(res.Delivered, res.Filled...) {
		if err := w.read(e); err != nil {
			return res, err
		}
	}
	if err := w.rescanUnread(); err != nil {
		return res, err
	}
	if err := errors.Join(w.flush(), w.past.failed()); err != nil {
		return res, err
	}
	if err := w.ownLogSeen(res); err != nil {
		return res, err
	}
	if err := w.reportForks(res.Forks); err != nil {
		return res, err
	}
	if err := w.vouch(); err != nil {
		return res, err
	}
	return res, w.appear()
}

// appear begins the log of a newcomer once it can read its own admission: with
// an entry of its own it vouches for what admitted it, also to members who take
// nothing more from the log that did (docs/spec/01-log.md, section 7).
func (w *Writer) appear() error {
	if w.s.Shape != Group || !w.s.Found || w.s.rotate || w.s.stopped || !w.s.Fold.MayWrite(w.s.Log) || w.best() == nil {
		return nil
	}
	if _, begun, err := w.c.dag.Tip(w.tx, w.s.Log); err != nil || begun {
		return err
	}
	if _, err := w.firstEntry(); !CannotWrite(err) {
		return err
	}
	return nil
}

// read opens one delivered entry and keeps what it says.
func (w *Writer) read(e merkle.Entry) error {
	if len(e.Body) == 0 {
		return w.keepUnread(e)
	}
	p, key, err := w.open(e)
	if errors.Is(err, errUnread) {
		return w.keepUnread(e)
	}
	if err != nil {
		return err
	}
	if err := w.noLongerUnread(e); err != nil {
		return err
	}
	_, err = w.keep(e, p, key)
	return err
}

// keep takes an opened entry, own or received, into the state and the view.
func (w *Writer) keep(e merkle.Entry, p plain, key [32]byte) (meta, error) {
	if p.Kind.Control() {
		if err := w.keepControl(e, p); err != nil {
			return meta{}, err
		}
	}
	m, err := w.saveMeta(e, meta{Kind: p.Kind, Wall: p.Wall, Key: key[:]})
	if err != nil {
		return meta{}, err
	}
	if e.Log == w.s.Log {
		if err := w.tx.Set(w.c.key(subHead), e.ID[:]); err != nil {
			return meta{}, err
		}
	}
	w.note(e, p, m)
	return m, nil
}

func (w *Writer) keepControl(e merkle.Entry, p plain) error {
	if _, known := w.s.controls[e.ID]; known {
		return nil
	}
	if err := w.tx.Set(w.c.key(subControl, e.ID), p.encode()); err != nil {
		return err
	}
	if err := w.addControl(e, p); err != nil {
		return err
	}
	void := len(w.voidRemovals())
	w.refold()
	if err := w.takeKeys(e, p); err != nil {
		return err
	}
	if err := w.comeBack(); err != nil {
		return err
	}
	if err := w.ownLog(); err != nil {
		return err
	}
	w.got.Changed = true
	w.got.Ended = w.got.Ended || w.ends(e.ID)
	w.got.Undone = w.got.Undone || len(w.voidRemovals()) > void || p.Kind == KindRekey && w.shadowed(e.ID, w.voidRemovals())
	if err := w.past.failed(); err != nil { // then members and keys may be wrong
		return err
	}
	return w.saveRecord()
}

// ends reports whether an entry that stands ends a member or a log by other
// means than a removal, whose author changes the key itself.
func (w *Writer) ends(id merkle.ID) bool {
	switch op := w.s.controls[id].op; op.Kind {
	case group.Leave, group.Fault:
		return w.s.Fold.Live(id)
	case group.Leaf:
		return len(op.Cut) > 0 && w.s.Fold.Live(id)
	}
	return false
}

// note tells the caller what became readable.
func (w *Writer) note(e merkle.Entry, p plain, m meta) {
	switch {
	case p.Kind.Service():
		from, verdict := w.s.counts(e)
		if verdict.Live() { // not of a log that was cut, or of somebody removed
			w.got.Services = append(w.got.Services, Service{Kind: p.Kind, From: from, Log: e.Log, ID: e.ID, Payload: p.Payload})
		}
	case p.Kind == KindText:
		a := Arrival{ID: e.ID, Own: w.s.Own(e.Log)}
		if w.s.Fold != nil {
			a.Author, _ = w.s.Fold.UserOf(e.Log)
		}
		w.got.Texts = append(w.got.Texts, a)
	case eventful(p.Kind):
		w.got.Events = append(w.got.Events, w.c.message(w.s, e, m))
	}
}

// ownLogSeen notices entries of this device's own log that the store did not
// have: it is behind its own published head, and a new log is due.
func (w *Writer) ownLogSeen(res merkle.Result) error {
	if !slices.ContainsFunc(res.Delivered, func(e merkle.Entry) bool { return e.Log == w.s.Log }) || w.s.rotate || w.founding || planted.Is(planted.NoRotate) {
		return nil
	}
	w.own().rotate = true
	return w.saveRecord()
}

// rotate starts a new log where the old one must not be continued: a leaf on
// the old log admits the new one, which rekeys before it speaks.
func (w *Writer) rotate() error {
	if w.s.stopped || !w.s.Fold.MayWrite(w.s.Log) {
		return ErrStopped
	}
	if !w.s.rotate {
		return nil
	}
	leaf, err := w.c.set.NewLog(w.tx)
	if err != nil {
		return err
	}
	e := w.best()
	if e == nil {
		return ErrNoKey
	}
	_, err = w.append(KindLeaf, &leafBody{Leaf: leaf.Encode()}, e.keys.Ctl())
	if err != nil {
		return err
	}
	s := w.own()
	s.rotate, s.Log = false, merkle.LogKey(leaf.Log)
	if err := w.saveRecord(); err != nil {
		return err
	}
	_, err = w.firstEntry()
	return err
}

// firstEntry opens a log with an entry that says nothing: this log is in use.
func (w *Writer) firstEntry() (Message, error) {
	e, err := w.ready()
	if err != nil {
		return Message{}, err
	}
	secret, err := w.messageSecret(e)
	if err != nil {
		return Message{}, err
	}
	return w.append(KindAck, &Nothing{}, secret)
}

// reportForks publishes the proof of a fork that nobody has reported yet.
func (w *Writer) reportForks(forks []merkle.Fork) error {
	for _, f := range forks {
		if w.faultKnown(f.A.Log) || !w.s.Fold.MaySend(w.c.set.me.UID) {
			continue
		}
		if f.A.Log == w.s.Log {
			w.own().stopped = true
			if err := w.saveRecord(); err != nil {
				return err
			}
			continue
		}
		_, err := w.control(KindFault, &faultBody{A: f.A.Encode(), B: f.B.Encode()})
		if err != nil && !CannotWrite(err) { // then others report it
			return err
		}
	}
	return nil
}

func (w *Writer) faultKnown(log merkle.LogKey) bool {
	for _, ct := range w.s.controls {
		if ct.kind == KindFault && ct.op.FaultLog == log {
			return true
		}
	}
	return false
}
