package dagsync

import (
	"fmt"
	"slices"
	"time"

	"causeway/merkle"
)

// sendState tells the peer what I have, or that I do not serve it yet.
func (e *engine) sendState(s *session) error {
	if s.standing == Unknown {
		if !s.holding {
			e.push(typeState, rows{Sid: s.sid, Flags: flagHeld})
		}
		s.holding = true
		return nil
	}
	if s.standing == Member && s.me.Digest != (digest{}) && s.me.Digest == s.them.Digest {
		s.advertise(s.opened, s.opened.rows())
		e.push(typeState, rows{Sid: s.sid, Flags: flagEqual})
		return e.heads(s)
	}
	rs := s.visible.rows()
	s.advertise(s.visible, rs)
	push, err := e.eager(s, nil)
	if err != nil {
		return err
	}
	e.pushRows(s, rs, push, true)
	return nil
}

// pushRows sends rows in as many frames as they need, and entries after them.
func (e *engine) pushRows(s *session, rs []row, push []byte, state bool) {
	for {
		n := min(maxRows, len(rs))
		f := rows{Sid: s.sid, Rows: rs[:n]}
		rs = rs[n:]
		switch {
		case len(rs) > 0 && state:
			f.Flags = flagMore
		case len(rs) == 0 && push != nil:
			f.Flags = flagEager
		}
		if state {
			e.push(typeState, f)
		} else {
			e.push(typeHeads, heads(f))
		}
		if len(rs) == 0 {
			break
		}
	}
	if push != nil {
		e.spend(s, push)
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
	e.pushRows(s, rs, push, false)
	return nil
}

func (e *engine) onState(f *rows) error {
	s := e.sessions[f.Sid]
	if s == nil {
		return nil // ended here before
	}
	s.held = f.Flags&flagHeld != 0
	if f.Flags&flagEqual != 0 {
		if s.me.Digest != s.them.Digest || s.me.Digest == (digest{}) {
			return fmt.Errorf("%w: EQUAL, but the digests differ", errProtocol)
		}
		s.partial = s.opened.rows()
	} else if s.partial = append(s.partial, f.Rows...); len(s.partial) > maxStateRows {
		return fmt.Errorf("%w: STATE of %d rows", errProtocol, len(s.partial))
	}
	if f.Flags&flagMore != 0 {
		return nil
	}
	s.claims, s.claimed = map[logTag][]claim{}, 0
	clear(s.behind)
	clear(s.pushed)
	clear(s.asked)
	if err := s.claim(s.partial); err != nil {
		return err
	}
	s.partial = nil
	return e.onClaims(s, f.Flags)
}

func (e *engine) onHeads(h *heads) error {
	f := (*rows)(h)
	s := e.sessions[f.Sid]
	if s == nil {
		return nil // ended here before
	}
	if s.claims == nil {
		return fmt.Errorf("%w: HEADS before STATE", errProtocol)
	}
	if err := s.claim(f.Rows); err != nil {
		return err
	}
	return e.onClaims(s, f.Flags)
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

// onClaims goes on when the claims of the peer are complete.
func (e *engine) onClaims(s *session, flags uint64) error {
	if flags&flagEager != 0 {
		e.eagerDue, e.eagerSid = true, s.sid
	}
	s.synced = false
	if err := e.update(s); err != nil {
		return err
	}
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
	if len(marks) > 0 {
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
