package sim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultLength = 2 * time.Minute
	mostText      = 4 << 20 // bytes of a scenario file
)

// scenario reads a file line by line.
type scenario struct {
	p     Plan
	had   map[string]bool // lines that may be there once
	steps bool            // the head is over
}

// Parse reads a scenario: a line for each thing, # begins a comment. First the
// head (seed, people, rivals, group, net, length, wrong; only people must be
// there, and before whoever names them), then the steps:
//
//	AT VERB WHO… [in CONVERSATION] [for DURATION] [n NUMBER]
//
// An error names the line, and what could stand there instead.
func Parse(text string) (Plan, error) {
	if len(text) > mostText {
		return Plan{}, fmt.Errorf("a scenario has at most %d bytes", mostText)
	}
	r := &scenario{p: Plan{Seed: 1, Length: defaultLength}, had: map[string]bool{}}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if words := strings.Fields(line); len(words) > 0 {
			if err := r.line(words); err != nil {
				return Plan{}, fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	if err := r.p.checkPeople(); err != nil {
		return Plan{}, err
	}
	slices.SortStableFunc(r.p.Steps, func(a, b Step) int { return int(a.At - b.At) })
	return r.p, nil
}

// heads are the lines of the head, by their first word.
var heads = map[string]func(r *scenario, words []string) error{
	"seed": (*scenario).seed, "people": (*scenario).people, "rivals": (*scenario).rivals, "group": (*scenario).group,
	"net": (*scenario).net, "length": (*scenario).length, "wrong": (*scenario).wrong,
}

func (r *scenario) line(words []string) error {
	first := words[0]
	if first[0] >= '0' && first[0] <= '9' {
		r.steps = true
		return r.step(words)
	}
	head, rest := heads[first], words[1:]
	switch {
	case head == nil:
		return fmt.Errorf("%q begins no line: write seed, people, rivals, group, net, length, wrong, or a step as `5s say alice in team`", first)
	case r.steps:
		return fmt.Errorf("%q belongs above the first step", first)
	case r.had[first] && first != "group":
		return fmt.Errorf("%q is there twice", first)
	case first != "people" && len(r.p.People) == 0 && (first == "rivals" || first == "group"):
		return errors.New("say first who takes part: `people alice bob carol`")
	}
	r.had[first] = true
	return head(r, rest)
}

func (r *scenario) seed(words []string) (err error) {
	if len(words) != 1 || strings.Trim(words[0], "0123456789") != "" {
		return errors.New("a seed is one number: write `seed 7`")
	}
	if r.p.Seed, err = strconv.ParseUint(words[0], 10, 64); err != nil {
		return fmt.Errorf("a seed is at most %d", ^uint64(0))
	}
	return nil
}

func (r *scenario) people(words []string) error {
	r.p.People = words
	return r.p.checkPeople()
}

func (r *scenario) rivals(words []string) error {
	if len(words) == 0 {
		return errors.New("say who: `rivals carol`, or leave the line out")
	}
	r.p.Rivals = words
	return r.p.checkRivals()
}

func (r *scenario) group(words []string) error {
	forward := len(words) == 4 && words[3] == "forward"
	if len(words) != 3 && !forward || words[1] != "by" {
		return errors.New("a group has a name and a founder: write `group team by alice`, or `group team by alice forward`")
	}
	r.p.Groups = append(r.p.Groups, Founded{Name: words[0], By: words[2], Forward: forward})
	return r.p.checkGroup(len(r.p.Groups) - 1)
}

func (r *scenario) net(words []string) (err error) {
	bad := errors.New("write `net loss 10% delay 60ms replay 20%`; each of the three may be left out")
	if len(words) == 0 || len(words)%2 > 0 {
		return bad
	}
	had := map[string]bool{}
	for ; len(words) > 0 && err == nil; words = words[2:] {
		if had[words[0]] {
			return bad
		}
		had[words[0]] = true
		switch words[0] {
		case "loss":
			r.p.Net.Loss, err = parsePercent(words[1])
		case "replay":
			r.p.Net.Replay, err = parsePercent(words[1])
		case "delay":
			r.p.Net.Delay, err = parseSpan(words[1])
		default:
			return bad
		}
	}
	if err != nil {
		return err
	}
	return r.p.checkNet()
}

func (r *scenario) length(words []string) (err error) {
	if len(words) != 1 {
		return errors.New("write how long all lasts: `length 2m`")
	}
	if r.p.Length, err = parseSpan(words[0]); err != nil {
		return err
	}
	return r.p.checkLength()
}

func (r *scenario) wrong(words []string) error {
	if r.p.Wrong = strings.Join(words, " "); r.p.Wrong == "" {
		return errors.New("say which rule this run must break: `wrong convergence`")
	}
	return r.p.checkWrong()
}

func (r *scenario) step(words []string) (err error) {
	if len(r.p.People) == 0 {
		return errors.New("say first who takes part: `people alice bob carol`")
	}
	if len(r.p.Steps) == mostSteps {
		return fmt.Errorf("there are more than %d steps", mostSteps)
	}
	var s Step
	if s.At, err = parseSpan(words[0]); err != nil {
		return err
	}
	if len(words) == 1 {
		return fmt.Errorf("what happens then? A step is `5s say alice in team`; the verbs are %s", verbList())
	}
	s.Do, words = words[1], words[2:]
	for len(words) > 0 && words[0] != "in" && words[0] != "for" && words[0] != "n" {
		s.Who, words = append(s.Who, words[0]), words[1:]
	}
	if err := s.rest(words); err != nil {
		return err
	}
	if err := r.p.checkStep(s); err != nil {
		return err
	}
	r.p.Steps = append(r.p.Steps, s)
	return nil
}

// rest reads what follows the people of a step, in its order.
func (s *Step) rest(words []string) (err error) {
	for _, part := range []struct {
		word string
		take func(string) error
	}{
		{"in", func(w string) error {
			s.In = w
			if a, b, two := strings.Cut(w, "-"); two {
				s.In = direct(a, b)
			}
			return nil
		}},
		{"for", func(w string) (err error) { s.For, err = parseSpan(w); return err }},
		{"n", func(w string) (err error) { s.N, err = parseNumber(w); return err }},
	} {
		if len(words) > 1 && words[0] == part.word {
			if err = part.take(words[1]); err != nil {
				return err
			}
			words = words[2:]
		}
	}
	if len(words) > 0 {
		return fmt.Errorf("%q cannot stand here: a step is AT VERB WHO… [in CONVERSATION] [for DURATION] [n NUMBER]", words[0])
	}
	return nil
}

// parseNumber takes -3600, not +5 and not 007.
func parseNumber(w string) (int, error) {
	n, err := strconv.Atoi(w)
	if err != nil || strconv.Itoa(n) != w {
		return 0, fmt.Errorf("%q is not a number: write 3, or -3600", w)
	}
	return n, nil
}

func parseSpan(w string) (time.Duration, error) {
	d, err := time.ParseDuration(w)
	if err != nil || w[0] < '0' || w[0] > '9' {
		return 0, fmt.Errorf("%q is not a length of time: write 500ms, 12.5s, 2m or 1h", w)
	}
	return d, nil
}

// span writes a length of time as people do: 2m, not 2m0s.
func span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func parsePercent(w string) (float64, error) {
	digits, is := strings.CutSuffix(w, "%")
	if is && digits != "" && strings.Trim(digits, "0123456789.") == "" {
		// The point is moved in the text, so that no digit is lost.
		if f, err := strconv.ParseFloat(digits+"e-2", 64); err == nil {
			return f, nil
		}
	}
	return 0, fmt.Errorf("%q is not a share: write 10%% or 2.5%%", w)
}

func percent(f float64) string {
	whole, part, _ := strings.Cut(strconv.FormatFloat(f, 'f', -1, 64), ".")
	for len(part) < 2 {
		part += "0"
	}
	whole, part = strings.TrimLeft(whole+part[:2], "0"), strings.TrimRight(part[2:], "0")
	if whole == "" {
		whole = "0"
	}
	if part != "" {
		part = "." + part
	}
	return whole + part + "%"
}

// Format writes a plan as Parse reads it, in one way only.
func Format(p Plan) string {
	var b strings.Builder
	line := func(words ...string) { b.WriteString(strings.Join(words, " ") + "\n") }
	line("seed", strconv.FormatUint(p.Seed, 10))
	line(append([]string{"people"}, p.People...)...)
	if len(p.Rivals) > 0 {
		line(append([]string{"rivals"}, p.Rivals...)...)
	}
	for _, g := range p.Groups {
		words := []string{"group", g.Name, "by", g.By}
		if g.Forward {
			words = append(words, "forward")
		}
		line(words...)
	}
	if p.Net != (Net{}) {
		line(formatNet(p.Net)...)
	}
	line("length", span(p.Length))
	if p.Wrong != "" {
		line("wrong", p.Wrong)
	}
	for _, s := range p.Steps {
		line(formatStep(s))
	}
	return b.String()
}

func formatNet(n Net) []string {
	words := []string{"net"}
	if n.Loss != 0 {
		words = append(words, "loss", percent(n.Loss))
	}
	if n.Delay != 0 {
		words = append(words, "delay", span(n.Delay))
	}
	if n.Replay != 0 {
		words = append(words, "replay", percent(n.Replay))
	}
	return words
}

func formatStep(s Step) string {
	words := append([]string{span(s.At), s.Do}, s.Who...)
	if s.In != "" {
		words = append(words, "in", s.In)
	}
	if s.For != 0 {
		words = append(words, "for", span(s.For))
	}
	if s.N != 0 {
		words = append(words, "n", strconv.Itoa(s.N))
	}
	return strings.Join(words, " ")
}
