package chat

import (
	"bytes"
	"fmt"
	"slices"

	"causeway/group"
	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/store"
)

// control is one readable control entry.
type control struct {
	op     group.Op
	kind   Kind
	wall   uint64
	target identity.UID // grant, revoke, demote
	reason string
}

// admits reports whether the entry brings a log into the conversation.
func (ct *control) admits(log merkle.LogKey) bool {
	switch ct.op.Kind {
	case group.Found:
		return slices.ContainsFunc(ct.op.Founders, func(a group.Admission) bool { return a.Log == log })
	case group.Grant:
		return ct.op.Admit.Log == log
	case group.Leaf:
		return ct.op.New == log
	}
	return false
}

// addControl takes a control entry into the state. One whose payload does not
// parse or whose certificates do not hold stays in the DAG and means nothing.
func (w *Writer) addControl(e merkle.Entry, p plain) error {
	s := w.own()
	ct := control{kind: p.Kind, wall: p.Wall, op: group.Op{
		ID: e.ID, Log: e.Log, Seq: e.Seq, Height: e.Height, Prev: e.Prev, Parents: e.Parents, Kind: group.Other,
	}}
	read := map[Kind]func(*control, []byte) error{
		KindFound: w.readFound, KindGrant: w.readGrant, KindRevoke: readTarget, KindDemote: readTarget,
		KindLeave: readLeave, KindLeaf: w.readLeaf, KindFault: w.readFault, KindCustodians: w.readMailbox,
	}[p.Kind]
	if read != nil && read(&ct, p.Payload) != nil {
		ct.op.Kind = group.Other
	}
	s.controls[e.ID] = ct
	return nil
}

func (w *Writer) readFound(ct *control, b []byte) error {
	var f foundBody
	if err := wire.Unmarshal(b, &f); err != nil {
		return err
	}
	if ct.op.ID != w.c.ID || f.Version != 1 || len(f.Founders) == 0 || len(f.Founders) > MaxMembers ||
		f.Shape != w.s.Shape || f.History > Forward || checkName(f.Name, f.Shape == Group) != nil {
		return fmt.Errorf("not this conversation's found")
	}
	for _, b := range f.Founders {
		l, err := identity.DecodeLeaf(b)
		if err != nil {
			return err
		}
		ct.op.Founders = append(ct.op.Founders, admission(l))
		w.seeLeaf(l)
	}
	ct.op.Kind = group.Found
	w.s.Found, w.s.Shape, w.s.History, w.s.Name = true, f.Shape, f.History, f.Name
	return nil
}

func admission(l *identity.Leaf) group.Admission {
	return group.Admission{User: l.UID(), Log: merkle.LogKey(l.Log)}
}

// seeLeaf keeps the credential by which keys are sealed to a user: the newest
// generation that one of its devices has signed.
func (w *Writer) seeLeaf(l *identity.Leaf) {
	s := w.own()
	log := merkle.LogKey(l.Log)
	if _, known := s.byLog[log]; !known && l.UID() == w.c.set.me.UID {
		s.mine = append(slices.Clip(s.mine), log)
	}
	s.byLog[log] = l
	if old := s.leaves[l.UID()]; old == nil || old.KEMGen <= l.KEMGen {
		s.leaves[l.UID()] = l
	}
}

func (w *Writer) readGrant(ct *control, b []byte) error {
	var g grantBody
	if err := wire.Unmarshal(b, &g); err != nil {
		return err
	}
	l, err := identity.DecodeLeaf(g.Leaf)
	if err != nil {
		return err
	}
	w.seeLeaf(l)
	ct.target = l.UID()
	ct.op.Kind, ct.op.Admit, ct.op.History = group.Grant, admission(l), group.History(g.History)
	if g.Admin {
		ct.op.Role = group.Admin
	}
	return nil
}

func readTarget(ct *control, b []byte) error {
	var t targetBody
	if err := wire.Unmarshal(b, &t); err != nil {
		return err
	}
	ct.target, ct.reason, ct.op.Target = t.Target, t.Reason, t.Target
	ct.op.Kind = group.Revoke
	if ct.kind == KindDemote {
		ct.op.Kind = group.Demote
	}
	return nil
}

func readLeave(ct *control, b []byte) error {
	var nothing Nothing
	if err := wire.Unmarshal(b, &nothing); err != nil {
		return err
	}
	ct.op.Kind = group.Leave
	return nil
}

func (w *Writer) readLeaf(ct *control, b []byte) error {
	var l leafBody
	if err := wire.Unmarshal(b, &l); err != nil {
		return err
	}
	if len(l.Cut) > maxCut {
		return fmt.Errorf("cuts %d logs, at most %d", len(l.Cut), maxCut)
	}
	if len(l.Leaf) > 0 {
		leaf, err := identity.DecodeLeaf(l.Leaf)
		if err != nil {
			return err
		}
		ct.op.New, ct.op.Of, ct.target = merkle.LogKey(leaf.Log), leaf.UID(), leaf.UID()
		if len(l.Root) > 0 {
			if err := leaf.VerifyRecovery(l.Root); err != nil {
				return err
			}
			ct.op.Root = true
		}
		w.seeLeaf(leaf)
	}
	ct.op.Kind, ct.op.Cut = group.Leaf, l.Cut
	return nil
}

// readFault checks that the two headers prove a fork by themselves, and stops
// the forked log (rule D4; docs/spec/01-log.md, section 7).
func (w *Writer) readFault(ct *control, b []byte) error {
	var f faultBody
	if err := wire.Unmarshal(b, &f); err != nil {
		return err
	}
	x, err := merkle.DecodeHeader(f.A)
	if err != nil {
		return err
	}
	y, err := merkle.DecodeHeader(f.B)
	if err != nil {
		return err
	}
	if err := (merkle.Fork{A: x, B: y}).Verify(); err != nil {
		return err
	}
	ct.op.Kind, ct.op.FaultLog = group.Fault, x.Log
	if w.loading {
		return nil
	}
	w.frozen = append(w.frozen, x.Log)
	return w.c.dag.Freeze(w.tx, x.Log, w.kin(x.Log))
}

// vouch writes an entry over what was taken of a log before its fault was known,
// if nothing has that in its past yet: others who knew of the fault earlier take
// it only then (docs/spec/01-log.md, section 7).
func (w *Writer) vouch() error {
	logs := w.frozen
	w.frozen = nil
	if len(logs) == 0 {
		return nil
	}
	heads, err := w.c.dag.Heads(w.tx)
	if err != nil {
		return err
	}
	for _, log := range logs {
		tips, err := w.c.dag.Tips(w.tx, log)
		if err != nil {
			return err
		}
		bare := slices.ContainsFunc(tips, func(t merkle.Tip) bool { return slices.Contains(heads, t.Head) })
		if !bare || log == w.s.Log {
			continue
		}
		if err := w.Ack(); !CannotWrite(err) {
			return err
		}
	}
	return nil
}

// kin lists the logs of the user that a log belongs to.
func (w *Writer) kin(log merkle.LogKey) []merkle.LogKey {
	if w.s.Fold == nil {
		return []merkle.LogKey{log}
	}
	uid, ok := w.s.Fold.UserOf(log)
	m, live := w.s.Fold.Member(uid)
	if !ok || !live {
		return []merkle.LogKey{log}
	}
	return m.Logs
}

// refold settles who belongs, after control entries came.
func (w *Writer) refold() {
	s := w.own()
	ops := make([]group.Op, 0, len(s.controls))
	for _, ct := range s.controls {
		ops = append(ops, ct.op)
	}
	slices.SortFunc(ops, func(a, b group.Op) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	s.Fold = group.Fold(ops, w.past)
}

// ownLog sees that this device writes on a log that was admitted: of two
// welcomes to one group the later may name one that never is.
func (w *Writer) ownLog() error {
	if !w.s.Found || w.s.Shape != Group || w.s.stopped || w.s.rotate || w.s.Fold.MayWrite(w.s.Log) {
		return nil
	}
	m, _ := w.s.Fold.Member(w.c.set.me.UID)
	for _, log := range m.Logs {
		held, err := w.tx.Has(store.Key(store.SpaceChat, byte(subSecret), log))
		if err != nil {
			return err
		}
		if held {
			w.own().Log = log
			return nil
		}
	}
	return nil
}

// checkHead holds the head of this device's log against what the store says it
// wrote last: a log that lost its head must not be continued.
func (w *Writer) checkHead() error {
	var last merkle.ID
	b, err := w.tx.Get(w.c.key(subHead))
	if err == store.ErrNotFound || w.s.Log == (merkle.LogKey{}) {
		return nil
	}
	if err != nil {
		return err
	}
	last = merkle.ID(b)
	h, err := w.c.dag.Get(w.tx, last) // of the log written last; w.s.Log may not have begun
	if err != nil {
		return fmt.Errorf("%w: the entry written last: %w", store.ErrDamaged, err)
	}
	tips, err := w.c.dag.Tips(w.tx, h.Log) // several if somebody else has continued the log too
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(tips, func(t merkle.Tip) bool { return t.Head == last }) {
		return fmt.Errorf("%w: the log's head is not the entry written last", store.ErrDamaged)
	}
	return nil
}
