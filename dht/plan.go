package dht

import (
	"errors"
	"math/rand/v2"
	"time"
)

// plan says when which tag is to be published on which network. It has no
// clock and no network of its own, so an hour of it takes no time to test.
type plan struct {
	overlays int
	slots    map[posting]*slot
	hurries  []hurried // by overlay
}

// posting is one tag on one network, named by its index in the Finder.
type posting struct {
	tag     Tag
	overlay int
}

// hurried says when all tags of a network were last made due, and will be next;
// next may be over by now.
type hurried struct{ last, next time.Time }

type slot struct {
	due      time.Time
	failures int
	busy     bool // being published
	again    bool // became due while busy
	standing bool // the last publishing succeeded
}

func newPlan(overlays int) *plan {
	return &plan{overlays: overlays, slots: make(map[posting]*slot), hurries: make([]hurried, overlays)}
}

// replace makes tags the ones to publish: new ones at once, others as planned.
func (p *plan) replace(tags []Tag, now time.Time) {
	keep := make(map[posting]*slot)
	for _, tag := range tags {
		for i := range p.overlays {
			at := posting{tag, i}
			if keep[at] = p.slots[at]; keep[at] == nil {
				keep[at] = &slot{due: now}
			}
		}
	}
	p.slots = keep
}

// hurry makes all tags of one network due after a while, but not twice within
// hurryGap.
func (p *plan) hurry(overlay int, now time.Time, after time.Duration) {
	h := &p.hurries[overlay]
	if !h.next.After(now) {
		h.last = h.next
	}
	at := now.Add(after)
	if earliest := h.last.Add(hurryGap); earliest.After(at) && !earliest.After(now.Add(hurryGap)) { // else the clock was put back
		at = earliest
	}
	if h.next.After(now) && h.next.Before(at) {
		at = h.next
	}
	h.next = at
	for post, s := range p.slots {
		if post.overlay != overlay {
			continue
		}
		if s.again = s.busy; at.Before(s.due) {
			s.due = at
		}
	}
}

// take returns up to n postings that are due, and marks them busy.
func (p *plan) take(now time.Time, n int) []posting {
	var due []posting
	for post, s := range p.slots {
		if len(due) < n && !s.busy && !s.wait(now) {
			s.busy = true
			due = append(due, post)
		}
	}
	return due
}

// wait reports whether s is not due yet. A date further ahead than any that is
// ever set means that the clock was put back.
func (s *slot) wait(now time.Time) bool {
	ahead := s.due.Sub(now)
	return ahead > 0 && ahead <= republishMax
}

// settle notes how a posting went. ErrNoPeers is no failure: hurry will come
// when there are peers.
func (p *plan) settle(post posting, err error, now time.Time) {
	s := p.slots[post]
	if s == nil {
		return // no longer wanted
	}
	again := s.again
	s.busy, s.again, s.standing = false, false, err == nil
	switch {
	case err == nil:
		s.failures = 0
		s.due = now.Add(republishMin + rand.N(republishMax-republishMin))
	case errors.Is(err, ErrNoPeers):
		s.due = now.Add(publishLast)
	default:
		s.due = now.Add(min(publishFirst<<min(s.failures, 8), publishLast))
		s.failures++
	}
	if again { // it went out with the addresses of before
		s.due = p.hurries[post.overlay].next
	}
}

// next returns when something will be due, at most a clockCheck ahead.
func (p *plan) next(now time.Time) time.Time {
	at := now.Add(clockCheck)
	for _, s := range p.slots {
		if !s.busy && s.due.Before(at) {
			at = s.due
		}
	}
	return at
}

// failing reports whether any tag of a network failed when last published.
func (p *plan) failing(overlay int) bool {
	for post, s := range p.slots {
		if post.overlay == overlay && s.failures > 0 {
			return true
		}
	}
	return false
}

// standing counts the tags that are published on some network, and all.
func (p *plan) standing() (up, all int) {
	tags := make(map[Tag]bool)
	for post, s := range p.slots {
		tags[post.tag] = tags[post.tag] || s.standing
	}
	for _, stands := range tags {
		if stands {
			up++
		}
	}
	return up, len(tags)
}
