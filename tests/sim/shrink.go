package sim

import (
	"slices"
	"time"
)

// ShrinkRuns is how many runs a minimiser may take if nobody says otherwise.
const ShrinkRuns = 600

// Breaks returns a question for Shrink: does a run of a plan break this rule?
func Breaks(rule string) func(Plan) bool {
	return func(p Plan) bool { return BrokenBy(p.Failures(Run(p).Wrong), rule) }
}

// BrokenBy reports whether one of the violations is of a rule.
func BrokenBy(wrong []Violation, rule string) bool {
	return slices.ContainsFunc(wrong, func(v Violation) bool { return v.Rule == rule })
}

// A shrinker makes a failing plan smaller.
type shrinker struct {
	best  Plan
	fails func(Plan) bool
	left  int // runs that it may still take
	used  int
}

// Shrink looks for a smaller plan that still fails, by delta debugging (Zeller
// and Hildebrandt, Simplifying and isolating failure-inducing input, 2002): over
// the steps, the people with all that names them, the groups, the faults of the
// network, then lengths and times. It asks fails at most runs times, and returns
// how often it did. p must fail; the same p and fails give the same plan.
func Shrink(p Plan, runs int, fails func(Plan) bool) (small Plan, used int) {
	s := &shrinker{best: p, fails: fails, left: runs}
	for again := true; again && s.left > 0; {
		again = false
		for _, pass := range []func() bool{s.steps, s.people, s.groups, s.net, s.counts, s.times} {
			again = pass() || again
		}
	}
	return s.best, s.used
}

// try takes a plan for the best one if it may be run, and fails.
func (s *shrinker) try(p Plan) bool {
	if s.left == 0 || p.Check() != nil {
		return false
	}
	if len(p.Steps) == 0 {
		p.Steps = nil // as Parse has it
	}
	if len(p.Groups) == 0 {
		p.Groups = nil
	}
	s.left--
	s.used++
	if !s.fails(p) {
		return false
	}
	s.best = p
	return true
}

// steps drops halves of the steps, then quarters, down to single ones.
func (s *shrinker) steps() (shrunk bool) {
	for size := (len(s.best.Steps) + 1) / 2; size > 0; size /= 2 {
		for from := 0; from < len(s.best.Steps) && s.left > 0; {
			p := s.best
			p.Steps = slices.Delete(slices.Clone(p.Steps), from, min(from+size, len(p.Steps)))
			if s.try(p) {
				shrunk = true
			} else {
				from += size
			}
		}
	}
	return shrunk
}

// people drops one after the other, last first, and all that names them; who
// does nothing bad any more need not be a rival.
func (s *shrinker) people() (shrunk bool) {
	for _, name := range slices.Backward(slices.Clone(s.best.People)) {
		shrunk = s.try(s.best.without(name)) || shrunk
	}
	for _, name := range slices.Clone(s.best.Rivals) {
		bad := func(x Step) bool { return x.Who[0] == name && shapeOf(x.Do).rival }
		if !slices.ContainsFunc(s.best.Steps, bad) {
			p := s.best
			p.Rivals = others(p.Rivals, name)
			shrunk = s.try(p) || shrunk
		}
	}
	return shrunk
}

// others is a list without one name; nil if nothing is left.
func others(list []string, name string) (out []string) {
	for _, x := range list {
		if x != name {
			out = append(out, x)
		}
	}
	return out
}

// without is a plan in which somebody does not occur: not as the one who acts,
// or whom it is done to, or in a conversation of two. Of a cut only the name
// goes.
func (p Plan) without(name string) Plan {
	p.People, p.Rivals = others(p.People, name), others(p.Rivals, name)
	p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(g Founded) bool { return g.By == name })
	steps := p.Steps
	p.Steps = nil
	for _, s := range steps {
		if s.Do == "cut" {
			s.Who = others(s.Who, name)
		}
		if len(s.Who) > 0 && !slices.Contains(s.Who, name) && p.checkIn(s, shapeOf(s.Do)) == nil {
			p.Steps = append(p.Steps, s)
		}
	}
	return p
}

func (s *shrinker) groups() (shrunk bool) {
	for _, g := range slices.Backward(slices.Clone(s.best.Groups)) {
		p := s.best
		p.Groups = slices.DeleteFunc(slices.Clone(p.Groups), func(o Founded) bool { return o == g })
		p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(x Step) bool { return x.In == g.Name })
		if s.try(p) {
			shrunk = true
		} else if g.Forward {
			p = s.best
			p.Groups = slices.Clone(p.Groups)
			p.Groups[slices.Index(p.Groups, g)].Forward = false
			shrunk = s.try(p) || shrunk
		}
	}
	return shrunk
}

// net heals the network, one fault after the other.
func (s *shrinker) net() (shrunk bool) {
	for _, heal := range []func(*Net){
		func(n *Net) { n.Loss = 0 }, func(n *Net) { n.Replay = 0 }, func(n *Net) { n.Delay = 0 },
	} {
		p := s.best
		if heal(&p.Net); p.Net != s.best.Net {
			shrunk = s.try(p) || shrunk
		}
	}
	return shrunk
}

// step tries a change of one step.
func (s *shrinker) step(i int, change func(*Step)) bool {
	p := s.best
	p.Steps = slices.Clone(p.Steps)
	x := &p.Steps[i]
	x.Who = slices.Clone(x.Who)
	was := formatStep(*x)
	change(x)
	return formatStep(*x) != was && s.try(p)
}

// counts has fewer people cut off, and fewer messages written.
func (s *shrinker) counts() (shrunk bool) {
	for i := range s.best.Steps {
		for k := len(s.best.Steps[i].Who) - 1; k > 0; k-- {
			shrunk = s.step(i, func(x *Step) { x.Who = slices.Delete(x.Who, k, k+1) }) || shrunk
		}
		for _, n := range []int{0, 1, s.best.Steps[i].N / 2} {
			if abs(n) < abs(s.best.Steps[i].N) {
				shrunk = s.step(i, func(x *Step) { x.N = n }) || shrunk
			}
		}
	}
	return shrunk
}

func abs(n int) int { return max(n, -n) }

// times shortens what lasts, has things happen sooner and at full seconds, and
// ends the run after the last of them.
func (s *shrinker) times() (shrunk bool) {
	for i := range s.best.Steps {
		for _, d := range []time.Duration{time.Second, 10 * time.Second, s.best.Steps[i].For / 2, s.best.Steps[i].For} {
			if d = d.Truncate(time.Second); d > 0 && d < s.best.Steps[i].For && s.step(i, func(x *Step) { x.For = d }) {
				shrunk = true
				break
			}
		}
	}
	for i := range s.best.Steps {
		shrunk = s.sooner(i) || shrunk
	}
	end := time.Second
	for _, x := range s.best.Steps {
		end = max(end, x.At.Truncate(time.Second)+time.Second)
	}
	for _, d := range []time.Duration{end, s.best.Length / 2, s.best.Length} {
		p := s.best
		if p.Length = d.Truncate(time.Second); p.Length < s.best.Length && s.try(p) {
			return true
		}
	}
	return shrunk
}

// sooner moves a step and all after it towards the one before, or to a full
// second.
func (s *shrinker) sooner(from int) (shrunk bool) {
	before := time.Duration(0)
	if from > 0 {
		before = s.best.Steps[from-1].At
	}
	at := s.best.Steps[from].At
	gap := at - before
	for _, wanted := range []time.Duration{before + time.Second, before + 10*time.Second, before + gap/2, at} {
		p := s.best
		p.Steps = slices.Clone(p.Steps)
		wanted = wanted.Truncate(time.Second)
		if wanted < before || wanted >= at {
			continue
		}
		for i := from; i < len(p.Steps); i++ {
			p.Steps[i].At -= at - wanted
		}
		if s.try(p) {
			return true
		}
	}
	return false
}
