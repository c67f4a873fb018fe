package dagsync

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/internal/planted"
	"causeway/merkle"
)

// A reply is what is left of the peer's WANT.
type reply struct {
	req     uint64
	want    Want
	blocked time.Time // since when it has waited for credit
}

func (e *engine) onWant(f *want) error {
	s := e.sessions[f.Sid]
	if s == nil {
		return nil // ended here before
	}
	if s.reply != nil {
		e.refuse(s.sid, f.Req, nackBusy, time.Second)
		return nil
	}
	w := Want{IDs: f.IDs}
	for _, r := range f.Ranges {
		if m, ok := s.adverts[r.advert]; ok && r.From <= m.Seq {
			w.Ranges = append(w.Ranges, Range{Log: m.Log, Tip: m.ID, From: r.From, To: min(r.To, m.Seq)})
		}
	}
	s.reply = &reply{req: f.Req, want: w}
	e.serving = append(e.serving, s)
	return nil
}

// answer makes one ENTRIES, for the session that has waited longest and has
// credit.
func (e *engine) answer() error {
	for range len(e.serving) {
		s := e.serving[0]
		e.serving = e.serving[1:]
		if s.reply == nil || e.sessions[s.sid] != s {
			continue
		}
		if err := e.batch(s); err != nil {
			return err
		}
		if s.reply != nil {
			e.serving = append(e.serving, s)
		}
		if len(e.out) > 0 {
			return nil
		}
	}
	return nil
}

// room is how long an ENTRIES may be now.
func (e *engine) room(s *session) uint64 {
	free := uint64(0)
	if e.inflight < e.takes.MaxInflight {
		free = e.takes.MaxInflight - e.inflight
	}
	return min(s.allowance, free, e.takes.MaxFrame)
}

// batch sends the next entries of an answer, if there is room for any.
func (e *engine) batch(s *session) error {
	room := e.room(s)
	if room < entryFrame {
		if s.reply.blocked.IsZero() {
			s.reply.blocked = e.now
		}
		return nil // goes on with a CREDIT
	}
	w := s.reply.want
	w.Bytes = int(min(batchBytes, room-frameSlack))
	es, rest, err := e.logs.Read(s.conv, s.log, w)
	if errors.Is(err, ErrNotYet) {
		e.refuse(s.sid, s.reply.req, nackNotYet, 0)
		s.reply = nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("read for a peer: %w", err)
	}
	f := entries{Sid: s.sid, Req: s.reply.req}
	s.reply.want, s.reply.blocked = rest, time.Time{}
	if rest.Empty() || len(es) == 0 {
		f.Flags = flagLast
		s.reply = nil
	}
	e.spend(s, s.outgoing(f, es))
	if s.standing == Removed {
		s.closeAt = e.now.Add(removedTime)
	}
	return nil
}

func (f *entries) fill(es []merkle.Entry) []byte {
	f.Runs, f.Items = pack(es)
	return encode(f)
}

// spend sends an ENTRIES against the credit of its session.
func (e *engine) spend(s *session, o outgoing) {
	n := uint64(len(o.frame))
	s.allowance -= min(s.allowance, n)
	s.owed += n
	e.inflight += n
	e.out = append(e.out, o.frame)
	if planted.Is(planted.TakenWhenSent) {
		s.taken, s.takenAt = append(s.taken, o.own...), e.now
	}
	s.served = append(s.served, served{left: n, own: o.own, eager: o.eager})
	if o.eager {
		s.pushes.take(e.now, pushRate, pushBurst)
		s.eagerOpen++
	}
}

func (e *engine) onCredit(f *credit) error {
	s := e.sessions[f.Sid]
	if s == nil {
		return nil // ended here before
	}
	if f.Bytes > s.owed {
		return fmt.Errorf("%w: CREDIT for %d bytes of %d", errProtocol, f.Bytes, s.owed)
	}
	s.owed -= f.Bytes
	s.allowance += f.Bytes
	e.inflight -= f.Bytes
	e.credited(s, f.Bytes)
	for _, waiting := range e.serving {
		if waiting.reply != nil && f.Bytes > 0 {
			waiting.reply.blocked = time.Time{}
		}
	}
	return nil
}

// eager returns an ENTRIES with all that the peer lacks, or lacks of one log,
// if that is little and the peer takes it unasked; else nil.
func (e *engine) eager(s *session, only *merkle.LogKey) (*outgoing, error) {
	limit := min(e.room(s), s.them.Eager, eagerBytes)
	if s.standing != Member || s.claims == nil || limit < frameSlack || !s.mayPush(e) {
		return nil, nil
	}
	var ranges []Range
	total := uint64(0)
	for tag, l := range s.visible.logs {
		if only != nil && l.key != *only {
			continue
		}
		if r, ok := s.lacks(tag, l); ok {
			ranges = append(ranges, r)
			total += r.To - r.From + 1
		}
		if total > bulkEntries {
			return nil, nil
		}
	}
	if len(ranges) == 0 {
		return nil, nil
	}
	slices.SortFunc(ranges, func(a, b Range) int { return slices.Compare(a.Log[:], b.Log[:]) })
	es, rest, err := e.logs.Read(s.conv, s.log, Want{Ranges: ranges, Bytes: int(limit)})
	if errors.Is(err, ErrNotYet) || err == nil && (!rest.Empty() || len(es) == 0) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read for a peer: %w", err)
	}
	o := s.outgoing(entries{Sid: s.sid, Flags: flagLast}, es)
	if uint64(len(o.frame)) > limit {
		return nil, nil
	}
	for _, r := range ranges {
		s.pushed[s.salt.log(r.Log)] = r.To
	}
	return &o, nil
}

// lacks returns what the peer has not claimed of a log, nor been sent. A log
// that forked, or of which the peer has what I have not, it asks for itself.
func (s *session) lacks(tag logTag, l *ownLog) (Range, bool) {
	if len(l.rows) > 1 {
		return Range{}, false
	}
	from := uint64(0)
	if n, ok := s.pushed[tag]; ok {
		from = n + 1
	}
	for _, c := range s.claims[tag] {
		if !c.have {
			return Range{}, false
		}
		from = max(from, c.Seq+1)
	}
	to := l.rows[0].Seq
	return Range{Log: l.key, Tip: l.ids[0], From: from, To: to}, from <= to
}
