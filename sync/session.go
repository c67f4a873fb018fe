package dagsync

import (
	"time"

	"causeway/merkle"
)

// A session is one conversation on one stream, between two proven logs.
type session struct {
	sid      uint64
	conv     Conv
	me, them boxed
	log      merkle.LogKey // the peer's
	salt     salt
	standing Standing // the peer's

	// What I have, and what of it the peer knows.
	opened    *view // when I sent my OPEN; what the digest in it speaks of
	mine      *view
	visible   *view // what the peer may see of it
	sent      *view // what it was told; nil before my STATE
	adverts   map[advert]Mark
	pushed    map[logTag]uint64 // seqs up to which I have sent entries unasked
	headsAt   time.Time         // when HEADS are due
	holding   bool              // it was told that I do not serve it yet
	closeAt   time.Time         // when a removed reader is left
	allowance uint64            // bytes of ENTRIES that I may send
	owed      uint64            // bytes sent and not yet credited
	served    []served          // the frames that owed is of, in the order sent
	taken     []Range           // of my log: credited, and the node was not told yet
	takenAt   time.Time         // when it is told
	pushes    bucket            // ENTRIES that I may send unasked
	eagerOpen int               // ENTRIES sent unasked and not credited
	reply     *reply

	// What the peer has.
	partial []row              // of a STATE or HEADS with more to come
	claims  map[logTag][]claim // nil before its STATE
	claimed int                // how many rows
	held    bool               // it does not serve me yet
	behind  map[logTag]bool    // logs with a claim that I have not delivered
	landing int                // batches that are not durable yet
	granted uint64             // bytes of ENTRIES that the peer may send
	eager   bucket
	pull    *pull
	pullAt  time.Time // when the next one may start
	pulled  time.Time // when the last one by ranges began
	starved bool      // it waits for another session's pull to end
	lastReq uint64
	asked   map[merkle.ID]bool
	failed  map[advert]failure
	synced  bool
}

// A claim is a row of the peer, and whether I have delivered what it names.
type claim struct {
	row
	have bool
}

// A failure says how often a row of the peer was asked for in vain.
type failure struct {
	times int
	retry time.Time
}

func newSession(sid uint64, c Conv, me, them boxed, s salt) *session {
	return &session{
		sid: sid, conv: c, me: me, them: them, log: them.Log, salt: s,
		mine: newView(0), adverts: map[advert]Mark{}, pushed: map[logTag]uint64{}, behind: map[logTag]bool{},
		allowance: them.Credit, granted: me.Credit,
		asked: map[merkle.ID]bool{}, failed: map[advert]failure{},
	}
}

func (e *engine) event(k EventKind, s *session) {
	e.events = append(e.events, Event{Kind: k, Peer: e.peer, Conv: s.conv, Log: s.log})
}

// drop ends a session on this side.
func (e *engine) drop(s *session) {
	e.tellTaken(s)
	e.stopPull(s)
	e.leases.release(s.conv, e)
	e.inflight -= s.owed
	delete(e.sessions, s.sid)
	delete(e.byConv, s.conv)
	if len(e.ended) >= maxEnded {
		clear(e.ended)
	}
	e.ended[s.sid] = s.granted
	if len(e.sessions) == 0 {
		e.idle = e.now
	}
	e.event(Down, s)
}

// announce follows new entries or another membership of a conversation.
func (e *engine) announce(now time.Time, c Conv) error {
	e.now = now
	s := e.byConv[c]
	if s == nil {
		return nil
	}
	if err := e.update(s); err != nil {
		return err
	}
	return e.proceed(s)
}

// update looks again at what I have and at who the peer is.
func (e *engine) update(s *session) (err error) {
	was := s.standing
	s.standing = e.logs.Standing(s.conv, s.log)
	if s.mine, err = e.look(s.conv, noLog, s.salt, s.mine); err != nil {
		return err
	}
	s.visible = s.mine
	if s.standing != Member {
		if s.visible, err = e.look(s.conv, s.log, s.salt, s.mine); err != nil {
			return err
		}
	}
	if s.standing != Removed {
		s.closeAt = time.Time{}
	} else if was != Removed {
		s.closeAt = e.now.Add(removedTime)
		e.stopPull(s)
	}
	return e.resolve(s)
}

// proceed sends and asks for what the present state calls for.
func (e *engine) proceed(s *session) error {
	if s.sent == nil && s.claims != nil {
		if err := e.sendState(s); err != nil {
			return err
		}
	}
	if s.sent != nil {
		if err := e.heads(s); err != nil {
			return err
		}
	}
	if e.leave(s) {
		return nil
	}
	return e.want(s)
}

// leave ends the session of a removed reader that has what it may have: from
// here on it gets nothing.
func (e *engine) leave(s *session) bool {
	if s.standing != Removed || s.sent == nil || s.reply != nil || !s.covers(s.visible) {
		return false
	}
	e.sendRemoved(s)
	return true
}

func (e *engine) sendRemoved(s *session) {
	s.reply = nil
	e.refuse(s.sid, 0, nackRemoved, 0)
	e.drop(s)
}

// covers says whether the peer has claimed every row of a view, or a later
// entry of the same chain.
func (s *session) covers(v *view) bool {
	for tag, l := range v.logs {
		for _, r := range l.rows {
			if !s.hasClaimed(tag, r) {
				return false
			}
		}
	}
	return true
}

func (s *session) hasClaimed(tag logTag, r row) bool {
	for _, c := range s.claims[tag] {
		if c.Head == r.Head || c.Seq > r.Seq {
			return true
		}
	}
	return false
}

func (e *engine) tickSession(s *session) error {
	if s.pull != nil {
		if err := e.overdue(s.pull.began); err != nil {
			return err
		}
	}
	if s.reply != nil && !s.reply.blocked.IsZero() && !e.now.Before(s.reply.blocked.Add(progressTime)) {
		return errStalled
	}
	due := func(t time.Time) bool { return !t.IsZero() && !e.now.Before(t) }
	if due(s.closeAt) {
		e.sendRemoved(s)
		return nil
	}
	if due(s.takenAt) {
		e.tellTaken(s)
	}
	if due(s.headsAt) {
		if err := e.flushHeads(s); err != nil {
			return err
		}
	}
	if due(s.pullAt) || s.starved && e.pulls < maxPulls {
		return e.want(s)
	}
	return nil
}

func (e *engine) onNack(f *nack) error {
	if a := e.attempts[f.Sid]; a != nil {
		return e.onRefused(a, f)
	}
	s := e.sessions[f.Sid]
	if s == nil {
		return nil // ended here before
	}
	if f.Req == 0 {
		if f.Code == nackRemoved {
			e.event(Refused, s)
		}
		e.drop(s)
		return nil
	}
	if s.pull == nil || s.pull.req != f.Req {
		return nil // not waited for any more
	}
	e.onPullRefused(s, f)
	return nil
}
