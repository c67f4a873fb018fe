package merkle

// Known returns the greatest seq of a log that lies strictly in the past of the
// entry id, over all branches of the log, and whether any does. An entry is so a
// signed receipt for what its writer had delivered.
func (p *Past) Known(id ID, log LogKey) (seq uint64, ok bool) {
	n, l := p.find(id), p.readLog(log)
	if n == nil || l == nil {
		return 0, false
	}
	c := p.whole(n)
	for _, r := range p.lines(l) {
		if s, in := c.at(r.number); in {
			seq, ok = max(seq, s), true
		}
	}
	return seq, ok
}
