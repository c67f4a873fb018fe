package merkle

import "causeway/internal/planted"

// deliver makes an item whose past is delivered the next entry of the DAG. An
// error is the final reason to refuse it; it follows from the entry and its past
// alone.
func (w *work) deliver(it *item) error {
	prev := w.find(it.h.Prev)
	log := w.readLog(it.h.Log)
	if it.h.Seq > 0 && (log == nil || prev.logNo != log.number || prev.seq+1 != it.h.Seq) {
		return ErrPlace
	}
	var deps []*node
	base := &node{}
	for id := range it.h.deps {
		n := w.find(id)
		if planted.Is(planted.NoCausalBuffer) && n == nil {
			continue
		}
		deps = append(deps, n)
		if n.height > base.height {
			base = n
		}
	}
	if it.h.Height != base.height+1 && !planted.Is(planted.NoCausalBuffer) {
		return ErrHeight
	}
	if log == nil {
		log = &hotLog{logRow: logRow{number: w.n.logs}}
		w.n.logs++
		w.hot.logs[it.h.Log], w.logs[it.h.Log] = log, log
	}
	n := &node{offset: w.n.length, logNo: log.number, seq: it.h.Seq, height: it.h.Height}
	w.n.length++
	w.extend(it, n, log, prev)
	w.remember(n, base, deps)
	w.store(it, n)
	for _, dep := range deps {
		w.unhead(dep.offset)
	}
	w.hot.heads[n.offset], w.heads[n.offset] = it.id, it.id
	if log.branches > 1 && log.proven == 0 {
		w.prove(it, log, n)
	}
	return nil
}

func (w *work) unhead(offset uint64) {
	if _, is := w.hot.heads[offset]; is && offset < w.from { // else it never was one in the store
		w.del(w.d.keyN(tHead, offset))
	}
	delete(w.hot.heads, offset)
	delete(w.heads, offset)
}

// extend puts n on the branch of prev if prev is its head, else on a new one.
func (w *work) extend(it *item, n *node, log *hotLog, prev *node) {
	r := &branchRow{log: it.h.Log, logNo: n.logNo, number: w.n.branches, start: n.seq, first: n.offset}
	if prev != nil {
		of := w.readBranch(prev.logNo, prev.branch)
		r.parent, r.first = 1+of.number, of.first
		if of.at == prev.offset {
			r = of
		}
	}
	if n.branch = r.number; n.branch == w.n.branches {
		lines := w.lines(log)
		w.n.branches++
		log.branches++
		log.lines = append(lines, r)
		w.hot.rows[r.number], w.logs[it.h.Log] = r, log
	}
	r.at, r.seq, r.height, r.head = n.offset, n.seq, n.height, it.id
	w.rows[r.number] = r
}

// remember gives n its clock, over that of base, the highest of its deps.
func (w *work) remember(n, base *node, deps []*node) {
	var below, c clock
	if len(deps) > 0 {
		below = w.whole(base).with(base.tick())
		c = below
	}
	for _, dep := range deps {
		if !c.covers(dep.tick()) {
			c = union(c, w.whole(dep).with(dep.tick()))
		}
	}
	n.clock = c.beyond(below)
	n.base = base.offset
	n.steps = base.steps + 1
	n.cost = base.cost + 1 + uint64(len(n.clock))
	if len(deps) == 0 || n.steps >= maxSteps || n.cost >= uint64(len(c)) {
		n.clock, n.base, n.steps, n.cost = c, n.offset, 0, 0
	}
	w.grow(2 + len(n.clock) + len(c))
	w.nodes[n.offset], w.clocks[n.offset] = n, c
	w.setNode(n)
}

// store writes the entry and its places.
func (w *work) store(it *item, n *node) {
	flag := byte(bodyHere)
	if !it.hasBody {
		flag = bodyAbsent
	}
	w.set(w.d.keyN(tEntry, n.offset), packEntry(flag, it.raw, it.body))
	w.set(w.d.keyN(tChain, n.branch, n.seq), appendUints(nil, n.offset))
	w.setState(it.id, Delivered, n.offset)
	w.ids[it.id] = n
	it.outcome = Delivered
	e := Entry{ID: it.id, Header: it.h}
	if it.hasBody {
		e.Body = it.body
	}
	w.res.Delivered = append(w.res.Delivered, e)
}

// prove looks for an entry of the same log and seq; if both their own signatures
// are good they prove the fork for all time. An entry covered by a later one
// only proves nothing by itself: the next two of equal seq may.
func (w *work) prove(it *item, log *hotLog, n *node) {
	if it.h.Verify() != nil {
		return
	}
	looked := 0
	for _, r := range w.lines(log) {
		if looked++; looked > maxTwins {
			return
		}
		b := w.get(w.d.keyN(tChain, r.number, n.seq))
		if b == nil || r.number == n.branch {
			continue
		}
		twin := w.entry(w.offset(b))
		if twin.Verify() != nil {
			continue
		}
		f := Fork{twin.Header, it.h}
		if it.id.Compare(twin.ID) < 0 {
			f = Fork{it.h, twin.Header}
		}
		log.proven = 1
		w.logs[it.h.Log] = log
		w.setProof(log.number, f)
		w.res.Forks = append(w.res.Forks, f)
		return
	}
}
