package merkle

import (
	"fmt"

	"causeway/store"
)

// A Past answers questions of ancestry within one transaction and remembers
// what it looked up, which is good as long as the transaction. Its first failure
// sticks and is in Err; after it the answers mean nothing.
type Past struct {
	view
	*memo
}

// A memo is what was looked up; all of it is good for ever.
type memo struct {
	ids    map[ID]*node
	nodes  map[uint64]*node
	clocks map[uint64]clock
	size   int // ticks in nodes and clocks, and one for each of them
}

func newMemo() *memo {
	m := &memo{}
	m.forget()
	return m
}

// Past returns a Past over tx.
func (d *DAG) Past(tx *store.Tx) *Past {
	p := &Past{view: d.view(tx)}
	if p.hot != nil {
		p.memo = p.hot.memo
	} else {
		p.memo = newMemo()
	}
	return p
}

// Err returns the first failure.
func (p *Past) Err() error { return p.err }

func (m *memo) forget() {
	m.ids, m.nodes, m.clocks, m.size = map[ID]*node{}, map[uint64]*node{}, map[uint64]clock{}, 0
}

// grow makes room for n more; what is forgotten is read again when asked for.
func (m *memo) grow(n int) {
	if m.size+n > maxMemo {
		m.forget()
	}
	m.size += n
}

// find returns the node of a delivered entry, or nil.
func (p *Past) find(id ID) *node {
	if n := p.ids[id]; n != nil {
		return n
	}
	s, offset := p.state(id)
	if s != Delivered {
		return nil
	}
	n := p.at(offset)
	if p.err == nil {
		p.ids[id] = n
	}
	return n
}

func (p *Past) at(offset uint64) *node {
	if n := p.nodes[offset]; n != nil {
		return n
	}
	b := p.get(p.d.keyN(tNode, offset))
	if b == nil {
		p.fail(fmt.Errorf("%w: no node at offset %d", store.ErrDamaged, offset))
		return &node{offset: offset, base: offset}
	}
	n := p.decodeNode(offset, b)
	if p.err == nil {
		p.grow(1 + len(n.clock))
		p.nodes[offset] = n
	}
	return n
}

// whole returns the clock of the entry's past, the entry itself not in it.
func (p *Past) whole(n *node) clock {
	var way []*node
	c, ok := p.clocks[n.offset]
	for ; !ok; c, ok = p.clocks[n.offset] {
		if n.whole() {
			c = n.clock
			break
		}
		way = append(way, n)
		n = p.at(n.base)
	}
	for i := len(way) - 1; i >= 0; i-- {
		c = union(c.with(n.tick()), way[i].clock)
		n = way[i]
	}
	if len(way) > 0 && p.err == nil {
		p.grow(1 + len(c))
		p.clocks[n.offset] = c
	}
	return c
}

// Before says whether the entry a is strictly in the past of b. An entry that
// is not delivered is in the past of none, and has none.
func (p *Past) Before(a, b ID) bool {
	na, nb := p.find(a), p.find(b)
	return na != nil && nb != nil && p.before(na, nb)
}

// before walks from n towards its whole clock, up to the first difference that
// names a's branch; from there on nothing can change the answer.
func (p *Past) before(a, n *node) bool {
	for n.offset > a.offset {
		if seq, ok := n.clock.at(a.branch); ok || n.whole() {
			return ok && seq >= a.seq
		}
		n = p.at(n.base)
		if n.branch == a.branch {
			return n.seq >= a.seq
		}
	}
	return false
}

// First returns the first entry, of seq 0, of the line that id sits on, and that
// entry's parents. For an entry that is not delivered both are empty.
func (p *Past) First(id ID) (first ID, parents []ID) {
	n := p.find(id)
	if n == nil {
		return ID{}, nil
	}
	e := p.entry(p.readBranch(n.logNo, n.branch).first)
	return e.ID, e.Parents
}

// Before says whether a is strictly in the past of b, exactly, also when logs
// have forked. An entry that is not delivered is in the past of none, and has
// none.
func (d *DAG) Before(tx *store.Tx, a, b ID) (bool, error) {
	p := d.Past(tx)
	return p.Before(a, b), p.err
}

// First returns the first entry, of seq 0, of the line that id sits on; it is
// ErrUnknown if id is not delivered.
func (d *DAG) First(tx *store.Tx, id ID) (Header, error) {
	p := d.Past(tx)
	n := p.find(id)
	if n == nil {
		return Header{}, known(p.err, id)
	}
	e := p.entry(p.readBranch(n.logNo, n.branch).first)
	return e.Header, p.err
}

// known is the error of a method that did not find id, unless it failed before.
func known(err error, id ID) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s", ErrUnknown, id)
}
