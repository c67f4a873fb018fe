package dagsync

import (
	"slices"
	"time"

	"causeway/merkle"
)

// An outgoing is an ENTRIES to be sent, and what it holds of this end's own log.
type outgoing struct {
	frame []byte
	own   []Range
	eager bool
}

// A served is an ENTRIES that was sent and is not wholly credited yet.
type served struct {
	left  uint64 // bytes without credit
	own   []Range
	eager bool
}

// outgoing packs entries into the frame f for a session.
func (s *session) outgoing(f entries, es []merkle.Entry) outgoing {
	o := outgoing{frame: f.fill(es), eager: f.Req == 0}
	for _, e := range es {
		if e.Log == s.me.Log {
			o.own = extend(o.own, Range{Log: e.Log, Tip: e.ID, From: e.Seq, To: e.Seq})
		}
	}
	return o
}

// extend adds a range to others, as part of the last one if it follows that.
func extend(rs []Range, r Range) []Range {
	if n := len(rs); n > 0 && r.Log == rs[n-1].Log && r.From <= rs[n-1].To+1 && r.From >= rs[n-1].From {
		if r.To > rs[n-1].To {
			rs[n-1].Tip, rs[n-1].To = r.Tip, r.To
		}
		return rs
	}
	return append(rs, r)
}

// credited spends n bytes of CREDIT on what was sent, in the order in which it
// was sent: frames that are wholly covered are committed at the peer
// (docs/spec/06-sync.md, section 7).
func (e *engine) credited(s *session, n uint64) {
	for n > 0 && len(s.served) > 0 {
		first := &s.served[0]
		part := min(n, first.left)
		first.left -= part
		n -= part
		if first.left > 0 {
			break
		}
		for _, r := range first.own {
			s.taken = extend(s.taken, r)
		}
		if first.eager {
			s.eagerOpen--
		}
		s.served = s.served[1:]
	}
	if len(s.taken) > maxTaken {
		e.tellTaken(s)
	} else if len(s.taken) > 0 && s.takenAt.IsZero() {
		s.takenAt = e.now.Add(relayDelay)
	}
}

// tellTaken reports what the peer has taken of this end's log, but for what it
// has acknowledged meanwhile: of a live message only the receipt is written down.
func (e *engine) tellTaken(s *session) {
	taken := s.taken
	s.taken, s.takenAt = nil, time.Time{}
	for _, c := range s.claims[s.salt.log(s.me.Log)] {
		if c.have {
			taken = slices.DeleteFunc(taken, func(r Range) bool { return r.To <= c.Seq })
		}
	}
	if len(taken) > 0 {
		e.logs.Taken(s.conv, s.log, taken)
	}
}

// mayPush says whether an ENTRIES may go unasked: an honest receiver, which
// drops those beyond eagerRate and eagerBurst, never drops one.
func (s *session) mayPush(e *engine) bool {
	s.pushes.refill(e.now, pushRate, pushBurst)
	return s.eagerOpen < maxPushed && s.pushes.tokens >= 1
}
