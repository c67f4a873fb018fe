package dagsync

import (
	"fmt"
	"slices"
	"time"

	"causeway/internal/planted"
	"causeway/merkle"
)

// sendState tells the peer what I have, or that I do not serve it yet.
func (e *engine) sendState(s *session) error {
	if s.standing == Unknown {
		if !s.holding {
			e.push(&state{rows{Sid: s.sid, Flags: flagHeld}})
		}
		s.holding = true
		return nil
	}
	if s.standing == Member && s.me.Digest != (digest{}) && s.me.Digest == s.them.Digest {
		s.advertise(s.opened, s.opened.rows())
		e.push(&state{rows{Sid: s.sid, Flags: flagEqual}})
		return e.heads(s)
	}
	rs := s.visible.rows()
	s.advertise(s.visible, rs)
	push, err := e.eager(s, nil)
	if err != nil {
		return err
	}
	e.pushRows(s, rs, push, func(r rows) frame { return &state{r} })
	return nil
}

// pushRows sends rows in as many frames as they need, and entries after them.
func (e *engine) pushRows(s *session, rs []row, push *outgoing, as func(rows) frame) {
	for len(rs) > maxRows {
		e.push(as(rows{Sid: s.sid, Flags: flagMore, Rows: rs[:maxRows]}))
		rs = rs[maxRows:]
	}
	last := rows{Sid: s.sid, Rows: rs}
	if push != nil {
		last.Flags = flagEager
	}
	e.push(as(last))
	if push != nil {
		e.spend(s, *push)
	}
}

// advertise remembers what the peer is told, so that it can ask for it.
func (s *session) advertise(v *view, rs []row) {
	if len(s.adverts) > 2*len(v.logs)+maxRows {
		clear(s.adverts)
		rs = v.rows()
	}
	for _, r := range rs {
		l := v.logs[r.Log]
		for i := range l.rows {
			s.adverts[advert{r.Log, l.rows[i].Head}] = Mark{Log: l.key, Seq: l.rows[i].Seq, ID: l.ids[i]}
		}
	}
	s.sent = v
}

// heads tells the peer what is new: at once if a log of its or mine has grown,
// else when others have had the time to tell it too.
func (e *engine) heads(s *session) error {
	changed := false
	for tag, l := range s.visible.logs {
		if was := s.sent.logs[tag]; was != nil && slices.Equal(was.ids, l.ids) {
			continue
		}
		changed = true
		if l.key == s.log || l.key == s.me.Log || s.standing == Removed {
			return e.flushHeads(s)
		}
	}
	if changed && s.headsAt.IsZero() {
		s.headsAt = e.now.Add(relayDelay)
	}
	return nil
}

func (e *engine) flushHeads(s *session) error {
	s.headsAt = time.Time{}
	rs := s.visible.since(s.sent)
	if len(rs) == 0 {
		return nil
	}
	s.advertise(s.visible, rs)
	push, err := e.eager(s, &s.me.Log)
	if err != nil {
		return err
	}
	e.pushRows(s, rs, push, func(r rows) frame { return &heads{r} })
	return nil
}

func (e *engine) onState(f *state) error {
	s := e.sessions[f.Sid]
	if s == nil {
		return nil // ended here before
	}
	s.held = f.Flags&flagHeld != 0
	rs, complete, err := s.gather(&f.rows)
	if err != nil || !complete {
		return err
	}
	if f.Flags&flagEqual != 0 {
		if s.me.Digest != s.them.Digest || s.me.Digest == (digest{}) {
			return fmt.Errorf("%w: EQUAL, but the digests differ", errProtocol)
		}
		rs = s.opened.rows()
	}
	s.claims, s.claimed = map[logTag][]claim{}, 0
	clear(s.behind)
	clear(s.pushed)
	clear(s.asked)
	return e.onClaims(s, rs, f.Flags)
}

func (e *engine) onHeads(f *heads) error {
	s := e.sessions[f.Sid]
	if s == nil {
		return nil // ended here before
	}
	if s.claims == nil {
		return fmt.Errorf("%w: HEADS before STATE", errProtocol)
	}
	rs, complete, err := s.gather(&f.rows)
	if err != nil || !complete {
		return err
	}
	return e.onClaims(s, rs, f.Flags)
}

// gather puts together the rows of several frames.
func (s *session) gather(f *rows) (rs []row, complete bool, err error) {
	rs = append(s.partial, f.Rows...)
	if len(rs) > maxStateRows {
		return nil, false, fmt.Errorf("%w: %d rows", errProtocol, len(rs))
	}
	if f.Flags&flagMore != 0 {
		s.partial = rs
		return nil, false, nil
	}
	s.partial = nil
	return rs, true, nil
}

// claim takes rows of the peer; those of one log replace what it claimed of it.
func (s *session) claim(rs []row) error {
	fresh := map[logTag]bool{}
	for _, r := range rs {
		if !fresh[r.Log] {
			fresh[r.Log], s.behind[r.Log] = true, true
			s.claimed -= len(s.claims[r.Log])
			s.claims[r.Log] = nil
		}
		s.claims[r.Log] = append(s.claims[r.Log], claim{row: r})
		if s.claimed++; s.claimed > maxStateRows || len(s.claims[r.Log]) > maxBranches {
			return fmt.Errorf("%w: too many rows", errProtocol)
		}
	}
	return nil
}

// onClaims takes new rows and goes on from them.
func (e *engine) onClaims(s *session, rs []row, flags uint64) error {
	if err := s.claim(rs); err != nil {
		return err
	}
	if flags&flagEager != 0 {
		e.eagerDue, e.eagerSid = true, s.sid
	}
	if err := e.update(s); err != nil {
		return err
	}
	s.synced = s.synced && len(s.behind) == 0
	return e.proceed(s)
}

// resolve finds out which claims of the peer I have delivered: the peer has
// delivered them too, which is news for the node.
func (e *engine) resolve(s *session) error {
	var marks []Mark
	for _, tag := range sortedTags(s.behind) {
		l := s.mine.logs[tag]
		if l == nil {
			continue
		}
		open := false
		for i := range s.claims[tag] {
			c := &s.claims[tag][i]
			if !c.have {
				id, err := e.find(s, l, c.row)
				if err != nil {
					return err
				}
				if id != (merkle.ID{}) {
					c.have = true
					delete(s.failed, advert{tag, c.Head})
					marks = append(marks, Mark{Log: l.key, Seq: c.Seq, ID: id})
				}
			}
			open = open || !c.have
		}
		if !open {
			delete(s.behind, tag)
		}
	}
	if len(marks) > 0 && !planted.Is(planted.ReceiptUntold) {
		e.logs.Seen(s.conv, s.log, marks)
	}
	return nil
}

// find returns the delivered entry that a row names; zero if there is none.
func (e *engine) find(s *session, l *ownLog, r row) (merkle.ID, error) {
	for i := range l.rows {
		if l.rows[i].Head == r.Head && l.rows[i].Seq == r.Seq {
			return l.ids[i], nil
		}
	}
	if planted.Is(planted.SeqOnly) && r.Seq <= l.top() {
		return l.ids[0], nil
	}
	if r.Seq > l.top() {
		return merkle.ID{}, nil
	}
	ids, err := e.logs.At(s.conv, l.key, r.Seq)
	for _, id := range ids {
		if s.salt.head(id) == r.Head {
			return id, err
		}
	}
	return merkle.ID{}, err
}
