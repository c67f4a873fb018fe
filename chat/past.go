package chat

import (
	"causeway/group"
	"causeway/merkle"
	"causeway/store"
)

// past answers the fold's questions about ancestry: in the writer's transaction
// while it lives, in a fresh view afterwards.
type past struct {
	dag *merkle.DAG
	db  *store.DB
	tx  *store.Tx // nil once the transaction has ended
	err error
}

func (p *past) in(f func(tx *store.Tx) error) {
	var err error
	if p.tx != nil {
		err = f(p.tx)
	} else {
		err = p.db.View(f)
	}
	if err != nil {
		p.err = err
	}
}

// Before reports whether a lies strictly in the past of b.
func (p *past) Before(a, b merkle.ID) (before bool) {
	p.in(func(tx *store.Tx) (err error) {
		before, err = p.dag.Before(tx, a, b)
		return err
	})
	return before
}

// First returns the first entry of the chain that id sits on.
func (p *past) First(id merkle.ID) (first group.Ref) {
	p.in(func(tx *store.Tx) error {
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
