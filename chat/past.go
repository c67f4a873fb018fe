package chat

import (
	"causeway/group"
	"causeway/merkle"
	"causeway/store"
)

// past answers the fold's questions about ancestry: in the writer's transaction
// while it lives, in a fresh view afterwards. A failed store answers nothing
// rightly; err keeps its first failure.
type past struct {
	dag  *merkle.DAG
	db   *store.DB
	tx   *store.Tx    // nil: the transaction has ended
	memo *merkle.Past // within tx
	err  error
}

func (c *Conversation) past(tx *store.Tx) *past {
	p := &past{dag: c.dag, db: c.set.db, tx: tx}
	if tx != nil {
		p.memo = c.dag.Past(tx)
	}
	return p
}

// failed returns the first failure: what was answered since may be wrong.
func (p *past) failed() error {
	if p.err == nil && p.memo != nil {
		return p.memo.Err()
	}
	return p.err
}

func (p *past) in(f func(tx *store.Tx, memo *merkle.Past) error) {
	if p.tx != nil {
		if err := f(p.tx, p.memo); p.err == nil {
			p.err = err
		}
		return
	}
	// Published states are shared, so nothing is kept in p here. A store that
	// fails reports it to whoever asked for the page.
	_ = p.db.View(func(tx *store.Tx) error { return f(tx, p.dag.Past(tx)) })
}

// Before reports whether a lies strictly in the past of b.
func (p *past) Before(a, b merkle.ID) (before bool) {
	p.in(func(_ *store.Tx, memo *merkle.Past) error {
		before = memo.Before(a, b)
		return memo.Err()
	})
	return before
}

// First returns the first entry of the chain that id sits on.
func (p *past) First(id merkle.ID) (first group.Ref) {
	p.in(func(tx *store.Tx, _ *merkle.Past) error {
		h, err := p.dag.First(tx, id)
		if err == nil {
			first = refOf(h)
		}
		return err
	})
	return first
}

func refOf(h merkle.Header) group.Ref {
	return group.Ref{ID: h.ID(), Log: h.Log, Seq: h.Seq, Height: h.Height, Parents: h.Parents}
}
