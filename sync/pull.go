package dagsync

import (
	"slices"
	"time"

	"causeway/merkle"
)

// A pull is a WANT under way; a session has one at most.
type pull struct {
	req     uint64
	began   time.Time
	rows    []walk           // what it is for
	depth   uint64           // of the walk back: entries of each row, or predecessors of each id
	got     int              // entries that came
	fresh   int              // blocks that were new here, since the first pull for these rows
	ends    map[place][]Mark // what the lowest entry of a row follows, by its own place
	missing map[merkle.ID]bool
}

// A place is a seq of a log.
type place struct {
	log logTag
	seq uint64
}

// A walk leads to a row: its entries were asked for down to low.
type walk struct {
	advert
	low uint64
}

// deeper makes the walk back to where a fork began logarithmic in its length.
func (p *pull) deeper() uint64 { return min(maxDepth, max(firstDepth, p.depth*depthStep)) }

// want asks for what the peer has and I have not, if it is time to.
func (e *engine) want(s *session) error {
	s.pullAt = time.Time{}
	if s.pull != nil || s.claims == nil || s.standing == Removed || e.eagerDue && e.eagerSid == s.sid {
		return nil
	}
	if len(s.behind) == 0 {
		if !s.synced && !s.held {
			s.synced = true
			e.event(Synced, s)
		}
		return nil
	}
	if t := s.pulled.Add(pullPause); e.now.Before(t) {
		s.pullAt = t
		return nil
	}
	if s.standing == Unknown && !e.ledger.mayTake(e.now) {
		s.wake(e.now.Add(retryLeast))
		return nil
	}
	if s.starved = e.pulls >= maxPulls; s.starved || s.held {
		return nil
	}
	ranges := e.lease(s, e.lacking(s))
	if len(ranges) == 0 {
		return nil
	}
	p := &pull{}
	for _, r := range ranges {
		p.rows = append(p.rows, walk{r.advert, r.From})
	}
	s.pulled = e.now
	clear(s.asked)
	e.ask(s, p, want{Ranges: ranges})
	return nil
}

// ask sends a WANT.
func (e *engine) ask(s *session, p *pull, w want) {
	s.lastReq++
	w.Sid, w.Req = s.sid, s.lastReq
	p.req, p.began = w.Req, e.now
	p.ends, p.missing = map[place][]Mark{}, map[merkle.ID]bool{}
	for _, r := range w.Ranges {
		if r.From > 0 {
			p.ends[place{r.log, r.From}] = nil
		}
	}
	s.pull = p
	e.pulls++
	e.push(&w)
}

// lacking returns the ranges that lead from what I have to what the peer claims.
func (e *engine) lacking(s *session) []wanted {
	var ranges []wanted
	for _, tag := range sortedTags(s.behind) {
		l := s.mine.logs[tag]
		for _, c := range s.claims[tag] {
			if c.have || len(ranges) == maxRanges {
				continue
			}
			if f := s.failed[advert{tag, c.Head}]; e.now.Before(f.retry) {
				s.wake(f.retry)
				continue
			}
			from := uint64(0)
			if l != nil {
				from = c.Seq // a fork: I have another entry in its place
				if below, ok := l.below(c.Seq); ok {
					from = below + 1
				}
			}
			ranges = append(ranges, wanted{advert{tag, c.Head}, from, c.Seq})
		}
	}
	return ranges
}

func sortedTags(m map[logTag]bool) []logTag {
	tags := make([]logTag, 0, len(m))
	for t := range m {
		tags = append(tags, t)
	}
	slices.SortFunc(tags, func(a, b logTag) int { return slices.Compare(a[:], b[:]) })
	return tags
}

// wake asks for another look at what to pull.
func (s *session) wake(t time.Time) {
	if s.pullAt.IsZero() || t.Before(s.pullAt) {
		s.pullAt = t
	}
}

// lease keeps those of the ranges that no other stream is pulling.
func (e *engine) lease(s *session, ranges []wanted) []wanted {
	total := uint64(0)
	for _, r := range ranges {
		total += r.To - r.From + 1
	}
	if total > bulkEntries {
		if e.leases.hold(s.conv, e, e.now) {
			return ranges
		}
		s.wake(e.now.Add(leasePause))
		return nil
	}
	return slices.DeleteFunc(ranges, func(r wanted) bool {
		l := s.mine.logs[r.log]
		if l == nil || e.leases.holdTip(tipOf{s.conv, l.key, r.To}, e, e.now) {
			return false
		}
		s.wake(e.now.Add(tipLease))
		return true
	})
}

// stopPull ends a pull without looking at what came of it.
func (e *engine) stopPull(s *session) {
	if s.pull != nil {
		s.pull = nil
		e.pulls--
		e.leases.release(s.conv, e)
	}
}

// onPullRefused is told that a pull will not be answered now.
func (e *engine) onPullRefused(s *session, f *nack) {
	p := s.pull
	e.stopPull(s)
	if f.Code == nackBusy {
		s.wake(e.now.Add(max(time.Second, time.Duration(min(f.Retry, 3600))*time.Second)))
	} else {
		s.fail(p.rows, e.now)
	}
}
