package dagsync

import (
	"errors"
	"fmt"
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
	if s.starved = e.pulls >= maxPulls; s.starved || s.held {
		return nil
	}
	ranges := e.lease(s, e.lacking(s))
	if len(ranges) == 0 {
		return nil
	}
	p := &pull{}
	for _, r := range ranges {
		p.rows = append(p.rows, walk{advert{r.Log, r.Head}, r.From})
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
			p.ends[place{r.Log, r.From}] = nil
		}
	}
	s.pull = p
	e.pulls++
	e.push(typeWant, w)
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
			ranges = append(ranges, wanted{Log: tag, Head: c.Head, From: from, To: c.Seq})
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
		l := s.mine.logs[r.Log]
		if l == nil || e.leases.holdTip(tipOf{s.conv, l.key, r.To}, e, e.now) {
			return false
		}
		s.wake(e.now.Add(tipLease))
		return true
	})
}

// onEntries takes entries that were asked for, or announced as eager; others
// are dropped before anything in them is looked at.
func (e *engine) onEntries(f *entries, size uint64, due bool) error {
	s := e.sessions[f.Sid]
	if s == nil {
		return e.stray()
	}
	if size > s.granted || due && size > eagerBytes {
		return fmt.Errorf("%w: %d bytes of entries, but %d granted", errProtocol, size, s.granted)
	}
	s.granted -= size
	asked := s.pull != nil && f.Req == s.pull.req
	switch {
	case s.standing == Removed || due && !s.eager.take(e.now, eagerRate, eagerBurst):
		e.grant(s, size)
		return e.want(s)
	case !asked && !due:
		e.grant(s, size)
		return e.stray()
	}
	ids, res, err := e.keep(s, f)
	if err != nil {
		return err
	}
	e.grant(s, size)
	if err := e.blame(s, res); err != nil {
		return err
	}
	if asked {
		return e.pulledBatch(s, f, ids, res)
	}
	if err := e.update(s); err != nil {
		return err
	}
	return e.proceed(s)
}

func (e *engine) keep(s *session, f *entries) (ids []merkle.ID, res merkle.Result, err error) {
	if len(f.Items) == 0 {
		return nil, res, nil
	}
	blocks, ids := f.unpack()
	res, err = e.logs.Add(s.conv, e.peer, blocks)
	return ids, res, err
}

func (e *engine) grant(s *session, size uint64) {
	s.granted += size
	e.push(typeCredit, credit{Sid: s.sid, Bytes: size})
}

// stray counts entries that nobody asked for.
func (e *engine) stray() error {
	if e.ledger.strike(e.peer, 1, e.now) {
		return fmt.Errorf("%w: too many strikes", errProtocol)
	}
	return nil
}

// blame counts what no honest peer serves: entries that are refused for good,
// and an advertised head without a good signature. The author is not blamed.
func (e *engine) blame(s *session, res merkle.Result) error {
	strikes := 0
	for _, r := range res.Refused {
		if r.Index >= 0 && !errors.Is(r.Err, merkle.ErrNoRoom) {
			strikes++
		}
	}
	if s.pull != nil {
		heads := map[headTag]bool{}
		for _, r := range s.pull.rows {
			heads[r.head] = true
		}
		for _, id := range res.Pending {
			if heads[s.salt.head(id)] {
				strikes++
			}
		}
	}
	if strikes > 0 && e.ledger.strike(e.peer, strikes, e.now) {
		return fmt.Errorf("%w: too many strikes", errProtocol)
	}
	return nil
}

func (e *engine) pulledBatch(s *session, f *entries, ids []merkle.ID, res merkle.Result) error {
	p := s.pull
	e.moved = e.now
	p.fresh += res.New
	p.got += len(ids)
	s.noteEnds(f.Runs)
	for _, id := range res.Wanted {
		if len(p.missing) < maxAsked {
			p.missing[id] = true
		}
	}
	for _, id := range ids {
		delete(p.missing, id)
	}
	if f.Flags&flagLast == 0 {
		e.leases.hold(s.conv, e, e.now)
		return nil
	}
	return e.finish(s)
}

// noteEnds remembers what the lowest entries of the rows hang on.
func (s *session) noteEnds(runs []run) {
	for _, r := range runs {
		at := place{s.salt.log(r.Log), r.Seq}
		if marks, ok := s.pull.ends[at]; ok && len(marks) < maxBranches {
			s.pull.ends[at] = append(marks, Mark{Log: r.Log, Seq: r.Seq - 1, ID: r.Prev})
		}
	}
}

// stopPull ends a pull without looking at what came of it.
func (e *engine) stopPull(s *session) {
	if s.pull != nil {
		s.pull = nil
		e.pulls--
		e.leases.release(s.conv, e)
	}
}

// finish ends a pull. Rows that it did not lead to are followed further back,
// then missing ids are asked for; what the peer claimed but does not serve is
// left alone for a while.
func (e *engine) finish(s *session) error {
	p := s.pull
	e.stopPull(s)
	if err := e.update(s); err != nil {
		return err
	}
	if p.got > 0 {
		if on, err := e.walkBack(s, p); on || err != nil {
			return err
		}
		if e.askMissing(s, p) {
			return nil
		}
	}
	if p.fresh == 0 {
		s.fail(p.rows, e.now)
	}
	if err := e.proceed(s); err != nil {
		return err
	}
	return e.feed()
}

// walkBack asks for earlier entries of the rows that do not hang on what I have:
// the peer's branch begins further back.
func (e *engine) walkBack(s *session, p *pull) (on bool, err error) {
	next := &pull{depth: p.deeper(), fresh: p.fresh}
	var ranges []wanted
	for _, r := range p.rows {
		if !s.lacksRow(r.advert) {
			continue
		}
		hangs, err := e.hangs(s, p.ends[place{r.log, r.low}])
		if err != nil {
			return false, err
		}
		if !hangs {
			low := r.low - min(r.low, next.depth)
			ranges = append(ranges, wanted{Log: r.log, Head: r.head, From: low, To: r.low - 1})
			next.rows = append(next.rows, walk{r.advert, low})
		}
	}
	if len(ranges) > 0 {
		e.ask(s, next, want{Ranges: ranges})
	}
	return len(ranges) > 0, nil
}

// hangs says whether all these entries are delivered.
func (e *engine) hangs(s *session, on []Mark) (bool, error) {
	for _, m := range on {
		ids, err := e.logs.At(s.conv, m.Log, m.Seq)
		if err != nil || !slices.Contains(ids, m.ID) {
			return false, err
		}
	}
	return true, nil
}

// lacksRow says that the peer still claims a row that I have not delivered.
func (s *session) lacksRow(a advert) bool {
	return slices.ContainsFunc(s.claims[a.log], func(c claim) bool { return c.Head == a.head && !c.have })
}

// feed lets sessions that waited for their turn start a pull.
func (e *engine) feed() error {
	for _, s := range e.inOrder() {
		if s.starved && e.pulls < maxPulls {
			s.starved = false
			if err := e.want(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// askMissing asks by id for the entries that a pull has shown to be missing, each
// once for one want of ranges.
func (e *engine) askMissing(s *session, p *pull) bool {
	next := &pull{rows: p.rows, depth: p.deeper(), fresh: p.fresh}
	var asks []Ask
	for _, id := range sortedIDs(p.missing) {
		if s.asked[id] || len(asks) == maxIDs || len(s.asked) >= maxAsked {
			continue
		}
		s.asked[id] = true
		asks = append(asks, Ask{ID: id, Depth: next.depth})
	}
	if len(asks) > 0 {
		e.ask(s, next, want{IDs: asks})
	}
	return len(asks) > 0
}

func sortedIDs(m map[merkle.ID]bool) []merkle.ID {
	ids := make([]merkle.ID, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, merkle.ID.Compare)
	return ids
}

// fail puts off rows that are still not delivered.
func (s *session) fail(rows []walk, now time.Time) {
	if len(s.failed)+len(rows) > maxFailed+maxRanges {
		clear(s.failed)
	}
	for _, r := range rows {
		if s.lacksRow(r.advert) {
			f := s.failed[r.advert]
			f.retry = now.Add(min(retryMost, retryLeast<<min(f.times, 10)))
			f.times++
			s.failed[r.advert] = f
		}
	}
}

// onPullRefused is told that a pull will not be answered now.
func (e *engine) onPullRefused(s *session, f *nack) error {
	p := s.pull
	e.stopPull(s)
	switch f.Code {
	case nackBusy:
		s.wake(e.now.Add(max(time.Second, time.Duration(min(f.Retry, 3600))*time.Second)))
	case nackNotYet:
		s.held = true // until its next STATE
	default:
		s.fail(p.rows, e.now)
	}
	return e.feed()
}
