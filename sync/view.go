package dagsync

import (
	"slices"

	"causeway/merkle"
)

// noLog is the reader that Logs.Frontier takes for this node itself.
var noLog merkle.LogKey

// A view is the tips of a conversation under the salt of one session.
type view struct {
	logs map[logTag]*ownLog
	tags map[merkle.LogKey]logTag
}

func newView(size int) *view {
	return &view{logs: make(map[logTag]*ownLog, size), tags: make(map[merkle.LogKey]logTag, size)}
}

// An ownLog is a log of which this node has delivered entries.
type ownLog struct {
	key  merkle.LogKey
	rows []row       // one for each branch
	ids  []merkle.ID // their heads, ascending
}

// look takes the view that a reader has of a conversation; what an older view of
// the session has hashed is not hashed again.
func (e *engine) look(c Conv, reader merkle.LogKey, s salt, old *view) (*view, error) {
	tips, err := e.logs.Frontier(c, reader)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(tips, func(a, b merkle.Tip) int { return a.Head.Compare(b.Head) })
	v := newView(len(tips))
	for _, t := range tips {
		v.add(t, s, old)
	}
	return v, nil
}

func (v *view) add(t merkle.Tip, s salt, old *view) {
	tag, known := old.tags[t.Log]
	if !known {
		tag = s.log(t.Log)
	}
	l := v.logs[tag]
	if l == nil {
		l = &ownLog{key: t.Log}
		v.logs[tag], v.tags[t.Log] = l, tag
	}
	if len(l.rows) < maxBranches {
		l.rows = append(l.rows, row{Log: tag, Head: old.logs[tag].head(t.Head, s), Seq: t.Seq})
		l.ids = append(l.ids, t.Head)
	}
}

// head returns the tag of an entry, from the log's rows if it is there.
func (l *ownLog) head(id merkle.ID, s salt) headTag {
	if l != nil {
		for i := range l.ids {
			if l.ids[i] == id {
				return l.rows[i].Head
			}
		}
	}
	return s.head(id)
}

// rows returns all rows in order.
func (v *view) rows() []row { return v.since(newView(0)) }

// since returns the rows of the logs that are not as an older view has them, in
// order.
func (v *view) since(old *view) []row {
	var rs []row
	for tag, l := range v.logs {
		if was := old.logs[tag]; was == nil || !slices.Equal(was.ids, l.ids) {
			rs = append(rs, l.rows...)
		}
	}
	slices.SortFunc(rs, compareRows)
	return rs
}

// top is the greatest seq of the log's tips.
func (l *ownLog) top() uint64 {
	top := uint64(0)
	for _, r := range l.rows {
		top = max(top, r.Seq)
	}
	return top
}

// below returns the greatest seq of a tip below seq, if there is one.
func (l *ownLog) below(seq uint64) (uint64, bool) {
	best, found := uint64(0), false
	for _, r := range l.rows {
		if r.Seq < seq && (!found || r.Seq > best) {
			best, found = r.Seq, true
		}
	}
	return best, found
}
