package tests

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"causeway/merkle"
	"causeway/node"
)

// converge waits until all who are left agree, and tells how long every mark took
// to say so, or which one does not within the time.
func (s *Swarm) converge() {
	s.net.tb.Helper()
	healed := time.Now()
	s.within(healed, &s.agreed, s.differs)
	s.note("all agree")
	why := s.unmarked()
	for ; why != "" && time.Since(healed) < s.Healing+ackSlack; why = s.unmarked() {
		s.net.Wait(time.Second)
	}
	s.marked = time.Since(healed)
	if why != "" {
		s.net.tb.Logf("%v after the heal: %s", s.marked, why)
	}
}

// ackSlack is how much later than the last text a mark may be complete: an entry
// that only acknowledges comes once a minute.
const ackSlack = 2 * time.Minute

func (s *Swarm) within(since time.Time, took *time.Duration, wrong func() string) {
	s.net.tb.Helper()
	for {
		why := wrong()
		*took = time.Since(since)
		if why == "" {
			return
		}
		if *took > s.Healing {
			s.net.tb.Fatalf("%v after the heal: %s", *took, why)
		}
		s.net.Wait(time.Second)
	}
}

// differs says what the first difference is between those who are left; "" if
// there is none.
func (s *Swarm) differs() string {
	for _, u := range s.said {
		if u.circle == nil && !s.gone[u.author] && !s.gone[u.to] && !u.to.shows("@"+u.author.Name, u.id) {
			return fmt.Sprintf("%s has not got %q from %s", u.to.Name, u.text, u.author.Name)
		}
	}
	for _, c := range s.circles {
		if why := s.splits(c); why != "" {
			return c.name + ": " + why
		}
	}
	return ""
}

// shows reports whether an entry stands in a conversation.
func (p *Peer) shows(target string, id merkle.ID) bool {
	all, err := p.node.Log(context.Background(), target, node.Page{Limit: everything})
	return err == nil && slices.ContainsFunc(all.Messages, func(m node.Message) bool { return m.ID == id })
}

// splits says how the members of a group differ.
func (s *Swarm) splits(c *circle) string {
	want, members := s.view(c, c.founder)
	for _, p := range s.live() {
		if !c.asked[p] {
			continue
		}
		if !c.founder.members(c.name)[p.Name] {
			if left, known := p.hasLeft(c.name); known && !left {
				return p.Name + " does not know of its removal"
			}
			continue
		}
		got, list := s.view(c, p)
		if list != members {
			return fmt.Sprintf("members of %s are\n%s\nof %s\n%s", c.founder.Name, members, p.Name, list)
		}
		if why := s.lacks(c, p, want, got); why != "" {
			return p.Name + " " + why
		}
	}
	return ""
}

// view is what a peer shows of a group: its lines, and its members with rank.
func (s *Swarm) view(c *circle, p *Peer) (lines []line, members string) {
	all, err := p.node.Members(context.Background(), c.name)
	if err != nil {
		return nil, err.Error()
	}
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintln(&b, m.Rank, m.Role, m.Name)
	}
	shown, err := p.node.Log(context.Background(), c.name, node.Page{Limit: everything})
	if err != nil {
		return nil, err.Error()
	}
	for _, m := range shown.Messages {
		lines = append(lines, line{m.ID, m.Author.Name, m.Kind, m.Text, slices.Contains(m.Marks, "void")})
	}
	return lines, b.String()
}

// line is what must be the same for everybody.
type line struct {
	id           merkle.ID
	author, kind string
	text         string
	void         bool
}

// lacks says what a member does not show as it should: the same lines as the
// founder in the same order, less what was said before it came and is not shared,
// and each text of those who were always members.
func (s *Swarm) lacks(c *circle, p *Peer, want, got []line) string {
	if p.group(c.name).History == "shared" && !slices.Equal(want, got) {
		return fmt.Sprintf("shows %s", difference(want, got))
	}
	if !slices.Equal(got, common(want, got)) {
		return fmt.Sprintf("shows another order or other lines: %s", difference(want, got))
	}
	shown := map[merkle.ID]int{}
	for _, l := range got {
		shown[l.id]++
	}
	for _, u := range s.said {
		if u.circle == c && !c.unsure[u.author] && !s.gone[u.author] && u.heard[p.Name] && shown[u.id] != 1 {
			return fmt.Sprintf("shows %q %d times", u.text, shown[u.id])
		}
	}
	return ""
}

// common keeps of want what also stands in got, as long as the order is the same.
func common(want, got []line) (out []line) {
	for _, l := range want {
		if len(out) < len(got) && got[len(out)] == l {
			out = append(out, l)
		}
	}
	return out
}

func difference(want, got []line) string {
	for i := range max(len(want), len(got)) {
		if i >= len(got) || i >= len(want) || want[i] != got[i] {
			return fmt.Sprintf("%d lines, not %d; from line %d on\n  %v\nnot\n  %v", len(got), len(want), i,
				got[min(i, len(got)):min(i+3, len(got))], want[min(i, len(want)):min(i+3, len(want))])
		}
	}
	return "the same"
}

// hasLeft reports whether a peer knows that it is no member of a group any more;
// known is false if it has never come in.
func (p *Peer) hasLeft(group string) (left, known bool) {
	all, err := p.node.Groups(context.Background())
	p.fail(err, "lists groups")
	for _, g := range all {
		if "#"+g.Name == group {
			return g.Left, true
		}
	}
	return false, false
}

// unmarked names an own text that somebody has and that is not shown as
// delivered to them.
func (s *Swarm) unmarked() string {
	for _, p := range s.live() {
		for _, u := range s.said {
			if u.author != p || u.circle != nil && u.circle.unsure[p] {
				continue
			}
			m, err := p.node.Message(context.Background(), u.id)
			if err != nil {
				return fmt.Sprintf("%s does not find its own %q: %v", p.Name, u.text, err)
			}
			told := map[string]bool{}
			for _, d := range m.Delivered {
				told[d.Name] = true
			}
			for _, q := range s.recipients(u) {
				if !told[q.Name] {
					return fmt.Sprintf("%s does not show %q as delivered to %s", p.Name, u.text, q.Name)
				}
			}
		}
	}
	return ""
}

// recipients lists who has an utterance in the end.
func (s *Swarm) recipients(u utterance) (out []*Peer) {
	if u.circle == nil {
		if !s.gone[u.to] {
			out = append(out, u.to)
		}
		return out
	}
	final := u.circle.founder.members(u.circle.name)
	for _, q := range s.live() {
		if q != u.author && final[q.Name] {
			out = append(out, q)
		}
	}
	return out
}

// judge looks at what must be true when all agree.
func (s *Swarm) judge() {
	s.net.tb.Helper()
	for _, p := range s.live() {
		s.judgePeer(p)
	}
	for _, c := range s.circles {
		s.judgeRemoved(c)
	}
	s.net.Wait(5 * time.Minute)
	if n := s.goroutines(); n > 2*s.quiet {
		s.net.tb.Errorf("%d goroutines at the end, %d before the trouble", n, s.quiet)
	}
}

// judgePeer fails if a peer shows something twice or that nobody said, or was
// told of it by no event or by two, or claims more of its own than is true.
func (s *Swarm) judgePeer(p *Peer) {
	s.net.tb.Helper()
	said := map[merkle.ID]string{}
	for _, u := range s.said {
		said[u.id] = u.text
	}
	told := map[merkle.ID]int{}
	p.mu.Lock()
	for _, e := range p.events {
		if e.Kind == "message" && e.Message != nil {
			told[e.Message.ID]++
		}
	}
	p.mu.Unlock()
	for _, target := range s.targets(p) {
		seen := map[merkle.ID]bool{}
		for _, m := range p.Lines(target) {
			if m.Kind != "text" {
				continue
			}
			if seen[m.ID] || said[m.ID] != m.Text || told[m.ID] != 1 {
				s.net.tb.Errorf("%s shows %q in %s: again %t; %d events told of it; %q was said", p.Name, m.Text, target, seen[m.ID], told[m.ID], said[m.ID])
			}
			seen[m.ID] = true
		}
	}
}

// targets lists the conversations that a peer shows.
func (s *Swarm) targets(p *Peer) (out []string) {
	contacts, err := p.node.Contacts(context.Background())
	p.fail(err, "reads the address book")
	for _, k := range contacts {
		out = append(out, "@"+k.Name)
	}
	groups, err := p.node.Groups(context.Background())
	p.fail(err, "lists groups")
	for _, g := range groups {
		out = append(out, "#"+g.Name)
	}
	return out
}

// judgeRemoved fails if a removed member holds an entry that was written by
// somebody who knew of the removal, but for the change of the key that comes with
// it and says nothing to whom it shuts out.
func (s *Swarm) judgeRemoved(c *circle) {
	s.net.tb.Helper()
	conv := c.founder.conversation(c.name)
	all := c.founder.entries(conv)
	final := c.founder.members(c.name)
	for _, p := range s.live() {
		if !c.asked[p] || final[p.Name] {
			continue
		}
		newer := newerThan(all, c.founder.removals(c.name, p))
		for _, e := range p.entries(conv) {
			if newer[e.ID] {
				m := c.founder.lineOf(c.name, e.ID)
				s.net.tb.Errorf("%s holds an entry of %s, height %d, that is newer than its removal: %s %s %q", p.Name, c.name, e.Height, m.Author.Name, m.Kind, m.Text)
			}
		}
	}
}

// lineOf finds a line of a group; none says nothing to people.
func (p *Peer) lineOf(group string, id merkle.ID) (found node.Message) {
	for _, m := range p.Lines(group) {
		if m.ID == id {
			found = m
		}
	}
	return found
}

// removals lists the entries by which somebody was removed.
func (p *Peer) removals(group string, whom *Peer) map[merkle.ID]bool {
	out := map[merkle.ID]bool{}
	for _, m := range p.Lines(group) {
		if m.Kind == "event" && strings.Contains(m.Text, " removed "+whom.Name) {
			out[m.ID] = true
		}
	}
	return out
}

// newerThan returns what has one of the removals in its past, is in the past of
// none, and is not the entry right after one.
func newerThan(all []merkle.Entry, removals map[merkle.ID]bool) map[merkle.ID]bool {
	after, past := map[merkle.ID]bool{}, map[merkle.ID]bool{}
	for r := range removals {
		maps.Copy(past, until(all, r))
	}
	for _, e := range all {
		for _, p := range append([]merkle.ID{e.Prev}, e.Parents...) {
			after[e.ID] = after[e.ID] || after[p] || removals[p]
		}
	}
	for _, e := range all {
		if past[e.ID] || removals[e.Prev] {
			delete(after, e.ID)
		}
	}
	maps.DeleteFunc(after, func(_ merkle.ID, is bool) bool { return !is })
	return after
}

// goroutines counts those of the nodes and their hosts. Each socket of the
// simulated network has two of its own until the end.
func (s *Swarm) goroutines() int { return runtime.NumGoroutine() - 2*s.net.net.Sockets() }
