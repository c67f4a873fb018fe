package dagsync

import (
	"fmt"
	"time"
)

func (e *engine) onOpen(f *open) error {
	failed := false
	for _, o := range f.Offers {
		if o.Sid&1 == e.nextSid&1 {
			if err := e.onAnswer(o); err != nil {
				return err
			}
			continue
		}
		if o.Sid <= e.lastSid {
			return fmt.Errorf("%w: session %d is not new", errProtocol, o.Sid)
		}
		e.lastSid = o.Sid
		ok, err := e.onOffer(o)
		if err != nil {
			return err
		}
		failed = failed || !ok
	}
	if failed {
		e.ledger.failedOpen(e.peer, e.proven, e.now)
	}
	return nil
}

// onOffer answers an offer of the peer, and says whether it was good. All that
// is wrong with one looks alike from outside.
func (e *engine) onOffer(o offer) (ok bool, err error) {
	if !e.ledger.mayOpen(e.peer, e.proven, e.now) {
		e.refuse(o.Sid, 0, nackBusy, offerPause)
		return true, nil
	}
	k, known := e.expected[o.Tag]
	if !known {
		e.refuse(o.Sid, 0, nackUnknown, 0)
		return false, nil
	}
	if sid := e.opening[k.Conv]; sid != 0 && e.role == dialer {
		e.attempts[sid].held = &o // mine comes first
		return true, nil
	}
	return e.accept(o, k)
}

// accept opens the session that an offer asks for.
func (e *engine) accept(o offer, k Key) (ok bool, err error) {
	them, good := openBox(boxKey(k.Syn, e.role.other(), o.Sid, e.ends), o)
	var me boxed
	reply, mine := e.prove(k, o.Sid, &me)
	if !good || !mine || me.Log == them.Log || e.byConv[k.Conv] != nil || len(e.sessions) >= maxSessions {
		e.refuse(o.Sid, 0, nackUnknown, 0)
		return false, nil
	}
	s := newSession(o.Sid, k.Conv, me, them, rowSalt(k.Syn, o.Sid, e.ends))
	if err := e.update(s); err != nil {
		return false, err
	}
	s.opened = s.mine
	if s.standing == Member {
		s.me.Digest = s.salt.digest(s.opened.rows())
	}
	reply.Box = sealBox(boxKey(k.Syn, e.role, o.Sid, e.ends), reply.Tag, s.me)
	e.push(&open{Offers: []offer{reply}})
	e.up(s)
	if err := e.sendState(s); err != nil {
		return false, err
	}
	e.leave(s)
	return true, nil
}

// onAnswer completes an offer of mine.
func (e *engine) onAnswer(o offer) error {
	a := e.attempts[o.Sid]
	if a == nil || a.dead {
		delete(e.attempts, o.Sid)
		return nil
	}
	delete(e.attempts, o.Sid)
	delete(e.opening, a.conv)
	them, good := openBox(boxKey(a.key.Syn, e.role.other(), o.Sid, e.ends), o)
	if !good || o.Tag != openTag(a.key.Syn, e.role.other(), e.ends) || them.Log == a.me.Log {
		return fmt.Errorf("%w: an answer that proves nothing", errProtocol)
	}
	s := newSession(o.Sid, a.conv, a.me, them, a.salt)
	s.opened, s.mine = a.view, a.view
	if err := e.update(s); err != nil {
		return err
	}
	e.up(s)
	if e.outdated(s) { // since it was offered
		e.reopen(s)
		return e.offerWaiting()
	}
	return nil // STATE follows that of the peer
}

// up makes a session known.
func (e *engine) up(s *session) {
	if sid := e.opening[s.conv]; sid != 0 {
		e.attempts[sid].dead = true
		delete(e.opening, s.conv)
	}
	e.sessions[s.sid], e.byConv[s.conv] = s, s
	e.proven, e.later.soon = true, true
	e.event(Up, s)
	e.share(s)
}

// refuse sends a NACK.
func (e *engine) refuse(sid, req uint64, code nackCode, retry time.Duration) {
	e.push(&nack{Sid: sid, Req: req, Code: code, Retry: uint64(retry / time.Second)})
}

// onRefused is told that an offer of mine was not taken.
func (e *engine) onRefused(a *attempt, f *nack) error {
	delete(e.attempts, f.Sid)
	if a.dead {
		return nil
	}
	delete(e.opening, a.conv)
	if a.held != nil {
		_, err := e.onOffer(*a.held)
		return err
	}
	if f.Code == nackBusy {
		e.later.at[a.conv] = e.now.Add(max(time.Second, time.Duration(min(f.Retry, 3600))*time.Second))
		return nil
	}
	e.later.old = append(e.later.old, a)
	return nil
}
