package sim

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Measures of the picture, in pixels.
const (
	laneHeight = 74
	laneTop    = 64 // of the first lane's line
	leastWidth = 1040
	mostWidth  = 6000
	margin     = 24
	markStep   = 13 // between marks that would lie on each other
)

//go:embed picture.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// A drawing is what the page shows.
type drawing struct {
	Title, Facts, Digest, Again string
	Scenario                    string
	Wrong                       []Violation
	Width, Height, Bottom       float64
	Heal                        float64
	Lanes                       []*lane
	Ticks                       []tick
	Arrows                      []arrow
	Dots                        []dot
	Marks                       []mark
	Flags                       []mark // where a promise was found broken
	All                         []Line
	scale                       float64 // pixels a second
}

type lane struct {
	Name  string
	Rival bool
	Y     float64
	Spans []stretch
	Ends  float64
	last  map[bool]float64 // where the last mark above and below the line lies
	down  *stretch
}

// A stretch is a time in which a node was not as it should be.
type stretch struct {
	Kind, Says  string // cut, down, ill
	X, Width, Y float64
}

type tick struct {
	X    float64
	Text string
}

type arrow struct {
	X1, Y1, X2, Y2 float64
	Says           string
}

type dot struct {
	X, Y float64
	Own  bool // of the writer
	Lost bool // it could not be written
	Says string
}

type mark struct {
	N          int
	X, Y, Line float64
	Kind, Says string // group or fault; of a flag where its text is anchored
	At         string
	Who        string // of a flag the rule
}

// Picture draws the time line of a run, whose result carries its trace, as one
// page of HTML that needs nothing else: a lane for each node, when it ran, who
// was cut off, each message from its writer to its readers, changes of groups,
// faults, and what was broken; below it the same in words. again is the command
// that has the run once more.
func Picture(out io.Writer, r Result, again string) error {
	return page.Execute(out, draw(r, again))
}

func draw(r Result, again string) *drawing {
	end := r.Plan.Length
	for _, l := range r.Lines {
		end = max(end, l.At)
	}
	d := &drawing{
		Title: fmt.Sprintf("Run of seed %d", r.Plan.Seed), Digest: r.Digest, Again: again, Scenario: Format(r.Plan), Wrong: r.Failures(), All: r.Lines,
		Facts: fmt.Sprintf("%d people, %s with faults, crashes: %d; all agreed %s after the faults",
			len(r.Plan.People), span(r.Plan.Length), r.Stats.Crashes, span(r.Healed)),
	}
	if r.Plan.File != "" {
		d.Title += " of " + r.Plan.File
	}
	d.scale = min(mostWidth, max(leastWidth, 5*end.Seconds())) / max(1, end.Seconds())
	d.Width = d.x(end) + margin
	d.Bottom = laneTop + laneHeight*float64(len(r.Plan.People)) - 20
	d.Height = d.Bottom + 50
	d.Heal = d.x(r.Plan.Length)
	for i, name := range r.Plan.People {
		d.Lanes = append(d.Lanes, &lane{
			Name: name, Rival: slices.Contains(r.Plan.Rivals, name), Y: laneTop + laneHeight*float64(i), Ends: d.x(end), last: map[bool]float64{},
		})
	}
	d.ticks(end)
	d.faults(r.Plan)
	d.lines(r.Lines)
	for _, l := range d.Lanes {
		l.up(d.x(end))
	}
	return d
}

func (d *drawing) x(at time.Duration) float64 { return margin + at.Seconds()*d.scale }

func (d *drawing) ticks(end time.Duration) {
	every := time.Second
	for _, step := range []time.Duration{2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200} {
		if float64(every)/float64(time.Second)*d.scale < 70 {
			every = step * time.Second
		}
	}
	for at := time.Duration(0); at <= end; at += every {
		d.Ticks = append(d.Ticks, tick{d.x(at), span(at)})
	}
}

func (d *drawing) lane(name string) *lane {
	for _, l := range d.Lanes {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// faults draws what the plan says lasts: cuts, disks, clocks, and rivals at work.
func (d *drawing) faults(p Plan) {
	for _, s := range p.Steps {
		kind := map[string]string{"cut": "cut", "full": "ill", "broken": "ill", "clock": "ill", "deaf": "ill", "hoard": "ill", "lie": "ill"}[s.Do]
		from, to := d.x(s.At), d.x(min(s.At+s.For, p.Length))
		if kind == "" || s.For == 0 {
			continue
		}
		for _, name := range s.Who {
			if l := d.lane(name); l != nil {
				l.Spans = append(l.Spans, stretch{kind, fmt.Sprintf("%s: %s", name, formatStep(s)), from, max(2, to-from), l.Y - 12})
			}
		}
	}
}

// How the trace tells of messages.
var (
	saying = regexp.MustCompile(`^says (".*") in (\S+)$`)
	seeing = regexp.MustCompile(`^sees (".*") in (\S+)$`)
	seen   = regexp.MustCompile(`^sees a change`)
)

// lines draws what the trace tells.
func (d *drawing) lines(lines []Line) {
	said := map[string]dot{}
	for i, l := range lines {
		on := d.lane(l.Who)
		switch m := saying.FindStringSubmatch(l.Text); {
		case l.Kind == "wrong":
			d.flag(l)
		case on == nil && l.Kind == "fault":
			d.addMark(l, nil, false)
		case on == nil:
		case m != nil:
			lost := i+1 < len(lines) && lines[i+1].Who == l.Who && strings.HasPrefix(lines[i+1].Text, "could not")
			at := dot{X: d.x(l.At), Y: on.Y, Own: true, Lost: lost, Says: fmt.Sprintf("%s %s %s", seconds(l.At), l.Who, l.Text)}
			said[m[1]] = at
			d.Dots = append(d.Dots, at)
		case l.Kind == "show":
			d.see(l, on, said)
		case l.Kind == "fault":
			on.power(l.Text, d.x(l.At))
			d.addMark(l, on, true)
		case l.Kind == "group" && !seen.MatchString(l.Text) && !(i > 0 && lines[i-1].Who == l.Who && saying.MatchString(lines[i-1].Text)):
			d.addMark(l, on, false)
		}
	}
}

// see draws a message at a reader, and its way there.
func (d *drawing) see(l Line, on *lane, said map[string]dot) {
	m := seeing.FindStringSubmatch(l.Text)
	if m == nil {
		return
	}
	at := dot{X: d.x(l.At), Y: on.Y, Says: fmt.Sprintf("%s %s %s", seconds(l.At), l.Who, l.Text)}
	if from, ok := said[m[1]]; ok {
		d.Arrows = append(d.Arrows, arrow{from.X, from.Y, at.X, at.Y, at.Says})
	}
	d.Dots = append(d.Dots, at)
}

// power follows whether a node runs.
func (l *lane) power(text string, x float64) {
	switch {
	case text == "starts":
		l.up(x)
	case l.down == nil && (text == "crashes" || text == "goes off" || strings.Contains(text, "put back")):
		l.down = &stretch{"down", l.Name + " " + text, x, 0, l.Y - 4}
	}
}

func (l *lane) up(x float64) {
	if l.down != nil {
		l.down.Width = max(2, x-l.down.X)
		l.Spans = append(l.Spans, *l.down)
		l.down = nil
	}
}

// addMark numbers a line of the trace in the picture and in the list.
func (d *drawing) addMark(l Line, on *lane, below bool) {
	m := mark{N: len(d.Marks) + 1, X: d.x(l.At), Y: 36, Line: 36, Kind: l.Kind, Says: l.Text, At: seconds(l.At), Who: l.Who}
	if on != nil {
		side := -22.0
		if below {
			side = 24
		}
		m.X = max(m.X, on.last[below]+markStep)
		on.last[below] = m.X
		m.Y, m.Line = on.Y+side, on.Y
	}
	d.Marks = append(d.Marks, m)
}

// flag marks where a promise was found broken, and the lane of whom it names
// first.
func (d *drawing) flag(l Line) {
	rule, text, _ := strings.Cut(l.Text, ": ")
	m := mark{N: len(d.Flags) + 1, X: d.x(l.At), Says: l.Text, At: seconds(l.At), Kind: "end", Who: rule}
	if m.X < d.Width/2 {
		m.Kind = "start" // the text begins there
	}
	for word := range strings.FieldsSeq(text) {
		if on := d.lane(word); on != nil {
			m.Line = on.Y
			break
		}
	}
	d.Flags = append(d.Flags, m)
}

func seconds(at time.Duration) string { return fmt.Sprintf("%.3f s", at.Seconds()) }
