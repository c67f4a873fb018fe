package dagsync

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"causeway/internal/planted"
	"causeway/merkle"
)

// onEntries takes entries that were asked for, or announced as eager; others
// are dropped before anything in them is looked at.
func (e *engine) onEntries(f *entries, size uint64, due bool) error {
	s := e.sessions[f.Sid]
	if s == nil {
		return e.late(f.Sid, size)
	}
	if size > s.granted || due && size > eagerBytes {
		return fmt.Errorf("%w: %d bytes of entries, but %d granted", errProtocol, size, s.granted)
	}
	s.granted -= size
	asked := s.pull != nil && f.Req == s.pull.req
	switch {
	case s.standing == Removed:
		return nil // no credit: CREDIT says that what it covers was taken
	case !asked && !due, len(f.Items) == 0 && f.Flags&flagLast == 0:
		return e.stray()
	case due && !s.eager.take(e.now, eagerRate, eagerBurst):
		e.grant(s, size) // an honest sender keeps below the rate (mayPush)
		return e.want(s)
	}
	if s.standing == Unknown {
		if !e.ledger.mayTake(e.now) {
			e.refuse(s.sid, 0, nackBusy, retryLeast)
			e.drop(s)
			return nil
		}
		e.ledger.took(size, e.now)
	}
	later := e.lazy != nil && asked && f.Flags&flagLast == 0 // nothing is decided by what is there, before the last
	ids, res, err := e.keep(s, f, size, later)
	if err != nil {
		return err
	}
	if !later {
		e.grant(s, size)
	}
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

func (e *engine) keep(s *session, f *entries, size uint64, later bool) (ids []merkle.ID, res merkle.Result, err error) {
	blocks, ids := f.unpack()
	switch {
	case later:
		sid := s.sid
		s.landing++
		res, err = e.lazy.AddLater(s.conv, e.peer, blocks, func() { e.landed(sid, size) })
	case len(blocks) > 0 || s.landing > 0: // nothing is added last, if only to wait for what came before
		res, err = e.logs.Add(s.conv, e.peer, blocks)
	}
	return ids, res, err
}

// durable follows an AddLater.
func (e *engine) durable(now time.Time, sid, size uint64) {
	e.now = now
	if s := e.sessions[sid]; s != nil {
		s.landing--
		e.grant(s, size)
	}
}

func (e *engine) grant(s *session, size uint64) {
	s.granted += size
	e.push(&credit{Sid: s.sid, Bytes: size})
}

// late takes entries of a session that has ended here: they were on their way,
// if there was credit for them.
func (e *engine) late(sid, size uint64) error {
	if size > e.ended[sid] {
		return e.stray()
	}
	e.ended[sid] -= size
	return nil
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

// finish ends a pull. Rows that it did not lead to are followed further back,
// then missing ids are asked for; what the peer claimed but does not serve is
// left alone for a while.
func (e *engine) finish(s *session) error {
	p := s.pull
	e.stopPull(s)
	if err := e.update(s); err != nil {
		return err
	}
	if p.got > 0 && !planted.Is(planted.NoWantByID) {
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
	return e.proceed(s)
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
			ranges = append(ranges, wanted{r.advert, low, r.low - 1})
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
