package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bounds of a scenario: a file cannot keep a machine busy for days.
const (
	mostPeople = 16
	mostGroups = 16
	mostSteps  = 10_000
	mostLength = 24 * time.Hour
	mostLoss   = 0.9 // a frame that is always lost would be sent for ever
	mostDelay  = time.Minute
	mostN      = 1000
	mostWrong  = 366 * 24 * 3600 // seconds of a clock
	mostLetter = 16              // in a name
)

// A place is what a verb wants after "in".
type place int

const (
	nowhere   place = iota
	anywhere        // a group, or two people
	someGroup       // a group
)

// A shape is what may follow a verb in a step.
type shape struct {
	least, most int // people
	in          place
	lasts       bool   // wants a length of time
	may         bool   // may have one
	n           string // what its number means; empty: it takes none
	rival       bool   // only somebody who is not to be trusted does it
	says        string
}

// shapes has a row for each verb; docs/testing.md shows them.
var shapes = map[string]shape{
	"say":     {least: 1, most: 1, in: anywhere, n: "messages", says: "writes"},
	"add":     {least: 2, most: 2, in: someGroup, n: "1: without history", says: "adds the second to a group"},
	"remove":  {least: 2, most: 2, in: someGroup, says: "removes the second from a group"},
	"leave":   {least: 1, most: 1, in: someGroup, says: "leaves a group"},
	"promote": {least: 2, most: 2, in: someGroup, says: "makes the second an admin"},
	"demote":  {least: 2, most: 2, in: someGroup, says: "makes the second a plain member"},
	"rekey":   {least: 1, most: 1, in: someGroup, says: "changes the key of a group"},
	"cut":     {least: 1, most: mostPeople, lasts: true, says: "takes these people apart from all others"},
	"crash":   {least: 1, most: 1, lasts: true, n: "odd: just after the sync", says: "stops the machine at its next sync; what is not synced is lost"},
	"off":     {least: 1, most: 1, lasts: true, says: "stops in good order"},
	"restore": {least: 1, most: 1, lasts: true, n: "which one", says: "puts back the disk as it was at an earlier `off`"},
	"full":    {least: 1, most: 1, lasts: true, says: "has no space left on its disk"},
	"broken":  {least: 1, most: 1, lasts: true, says: "has a disk that does not sync"},
	"clock":   {least: 1, most: 1, may: true, n: "seconds", says: "has a clock that is wrong"},
	"forget":  {least: 1, most: 1, says: "throws away what it keeps for others"},
	"fork":    {least: 2, most: 2, in: anywhere, may: true, n: "messages", rival: true, says: "writes two histories in one log; the second person gets one, and is kept apart from the first for a while"},
	"deaf":    {least: 1, most: 1, lasts: true, rival: true, says: "takes nothing in"},
	"hoard":   {least: 1, most: 1, lasts: true, rival: true, says: "leaves out what it should serve"},
	"lie":     {least: 1, most: 1, lasts: true, rival: true, says: "claims to have what there is not"},
	"garbage": {least: 1, most: 1, rival: true, says: "sends frames that mean nothing"},
}

// shapeOf returns the row of a verb; one that has none takes anything.
func shapeOf(verb string) shape {
	if s, ok := shapes[verb]; ok {
		return s
	}
	return shape{least: 1, most: mostPeople, may: true, n: "?"}
}

// tidy drops from a step what its verb does not look at.
func tidy(s Step) Step {
	k := shapeOf(s.Do)
	s.Who = s.Who[:min(len(s.Who), k.most)]
	if _, known := shapes[s.Do]; known && k.in == nowhere {
		s.In = ""
	}
	if !k.lasts && !k.may {
		s.For = 0
	}
	if k.n == "" {
		s.N = 0
	}
	return s
}

func verbList() string { return strings.Join(slices.Sorted(maps.Keys(verbs)), ", ") }

// Check says what is wrong with a plan, or nothing: Run takes what passes.
func (p *Plan) Check() error {
	checks := []func() error{p.checkPeople, p.checkRivals, p.checkNet, p.checkLength, p.checkWrong}
	for i := range p.Groups {
		checks = append(checks, func() error { return p.checkGroup(i) })
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	if len(p.Steps) > mostSteps {
		return fmt.Errorf("there are more than %d steps", mostSteps)
	}
	for i, s := range p.Steps {
		if err := p.checkStep(s); err != nil {
			return fmt.Errorf("step %d, %q: %w", i+1, formatStep(s), err)
		}
		if i > 0 && s.At < p.Steps[i-1].At {
			return fmt.Errorf("step %d, %q, comes before the one above it", i+1, formatStep(s))
		}
	}
	return nil
}

func (p *Plan) checkPeople() error {
	if len(p.People) < 2 || len(p.People) > mostPeople {
		return fmt.Errorf("a run has 2 to %d people, not %d: write `people alice bob carol`", mostPeople, len(p.People))
	}
	for i, name := range p.People {
		if err := checkName(name, p.People[:i]); err != nil {
			return err
		}
	}
	return nil
}

// reserved words cannot be names: a step would not be plain any more.
var reserved = []string{"in", "for", "n", "by", "forward"}

func checkName(name string, taken []string) error {
	plain := name != "" && name[0] >= 'a' && name[0] <= 'z' && len(name) <= mostLetter
	for _, c := range name {
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
	}
	switch {
	case !plain:
		return fmt.Errorf("%q cannot be a name: write 1 to %d small letters and digits, a letter first", name, mostLetter)
	case slices.Contains(reserved, name):
		return fmt.Errorf("%q cannot be a name: %s mean something in a step", name, strings.Join(reserved, ", "))
	case slices.Contains(taken, name):
		return fmt.Errorf("%q is there twice", name)
	}
	return nil
}

func (p *Plan) checkRivals() error {
	for i, name := range p.Rivals {
		if err := p.checkPerson(name); err != nil {
			return fmt.Errorf("%w (a rival stands on the line `people` too)", err)
		}
		if slices.Contains(p.Rivals[:i], name) {
			return fmt.Errorf("%q is there twice", name)
		}
	}
	return nil
}

func (p *Plan) checkPerson(name string) error {
	if slices.Contains(p.People, name) {
		return nil
	}
	return fmt.Errorf("nobody is called %q; there are %s", name, strings.Join(p.People, ", "))
}

// groupNames are the names that a conversation can have, but for those of two.
func (p *Plan) groupNames() (names []string) {
	for _, g := range p.Groups {
		names = append(names, g.Name)
	}
	return names
}

func (p *Plan) checkGroup(i int) error {
	if i >= mostGroups {
		return fmt.Errorf("there are more than %d groups", mostGroups)
	}
	g := p.Groups[i]
	if err := checkName(g.Name, append(p.groupNames()[:i], p.People...)); err != nil {
		return err
	}
	return p.checkPerson(g.By)
}

func (p *Plan) checkNet() error {
	switch n := p.Net; {
	case !(n.Loss >= 0 && n.Loss <= mostLoss):
		return fmt.Errorf("loss is 0%% to %s", percent(mostLoss))
	case !(n.Replay >= 0 && n.Replay <= 1):
		return fmt.Errorf("replay is 0%% to 100%%")
	case n.Delay < 0 || n.Delay > mostDelay:
		return fmt.Errorf("delay is 0s to %s", span(mostDelay))
	}
	return nil
}

func (p *Plan) checkLength() error {
	if p.Length <= 0 || p.Length > mostLength {
		return fmt.Errorf("a run is longer than nothing and at most %s long", span(mostLength))
	}
	return nil
}

func (p *Plan) checkWrong() error {
	if p.Wrong == "" || slices.ContainsFunc(Rules, func(r Rule) bool { return r.Name == p.Wrong }) {
		return nil
	}
	var names []string
	for _, r := range Rules {
		names = append(names, r.Name)
	}
	return fmt.Errorf("there is no rule %q; there are: %s", p.Wrong, strings.Join(names, ", "))
}

// checkStep holds a step against the shape of its verb, and its names against
// the plan.
func (p *Plan) checkStep(s Step) error {
	if verbs[s.Do] == nil {
		return fmt.Errorf("there is no verb %q; there are %s", s.Do, verbList())
	}
	k := shapeOf(s.Do)
	if err := p.checkWho(s, k); err != nil {
		return err
	}
	if err := p.checkIn(s, k); err != nil {
		return err
	}
	low, high := 0, mostN
	if s.Do == "clock" {
		low, high = -mostWrong, mostWrong
	}
	switch {
	case s.At < 0 || s.At >= p.Length:
		return fmt.Errorf("%s is not within the run: its length is %s", span(s.At), span(p.Length))
	case s.For < 0 || s.For > mostLength:
		return fmt.Errorf("nothing lasts longer than %s", span(mostLength))
	case k.lasts && s.For == 0:
		return fmt.Errorf("say how long: `%s … for 20s`", s.Do)
	case !k.lasts && !k.may && s.For != 0:
		return fmt.Errorf("%s does not last, so it takes no `for`", s.Do)
	case k.n == "" && s.N != 0:
		return fmt.Errorf("%s takes no number", s.Do)
	case s.N < low || s.N > high:
		return fmt.Errorf("the number of %s is from %d to %d", s.Do, low, high)
	}
	return nil
}

func (p *Plan) checkWho(s Step, k shape) error {
	if len(s.Who) < k.least || len(s.Who) > k.most {
		want := map[int]string{1: "one person", 2: "two people"}[k.most]
		if want == "" {
			want = fmt.Sprintf("%d to %d people", k.least, k.most)
		}
		return fmt.Errorf("%s wants %s, not %d", s.Do, want, len(s.Who))
	}
	for i, name := range s.Who {
		if err := p.checkPerson(name); err != nil {
			return err
		}
		if slices.Contains(s.Who[:i], name) {
			return fmt.Errorf("%q is there twice", name)
		}
	}
	if k.rival && !slices.Contains(p.Rivals, s.Who[0]) {
		return fmt.Errorf("only rivals %s: put %q on the line `rivals`", s.Do, s.Who[0])
	}
	return nil
}

func (p *Plan) checkIn(s Step, k shape) error {
	if _, known := shapes[s.Do]; !known && s.In == "" {
		return nil
	}
	groups := p.groupNames()
	a, b, two := strings.Cut(s.In, "-")
	two = two && a < b && slices.Contains(p.People, a) && slices.Contains(p.People, b)
	switch {
	case k.in == nowhere && s.In != "":
		return fmt.Errorf("%s is not done in a conversation", s.Do)
	case k.in != nowhere && s.In == "":
		return fmt.Errorf("say where: `%s … in CONVERSATION`", s.Do)
	case k.in == nowhere, slices.Contains(groups, s.In), two && k.in == anywhere:
		return nil
	case len(groups) == 0 && k.in == someGroup:
		return fmt.Errorf("there is no group %q, nor any other: write `group team by %s` above", s.In, p.People[0])
	case len(groups) == 0:
		return fmt.Errorf("there is no conversation %q; there are no groups, and two people as %s", s.In, direct(p.People[0], p.People[1]))
	case k.in == someGroup:
		return fmt.Errorf("there is no group %q; there are: %s", s.In, strings.Join(groups, ", "))
	}
	return fmt.Errorf("there is no conversation %q; there are the groups %s, and two people as %s",
		s.In, strings.Join(groups, ", "), direct(p.People[0], p.People[1]))
}
