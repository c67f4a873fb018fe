package sim

import (
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const pictured = `people alice bob carol
group team by alice
length 1m
2s add alice bob in team
4s add alice carol in team
10s say alice in team
18s cut alice for 20s
26s say alice in team
28s off carol for 15s
34s crash bob for 8s
35s say bob in team
45s full carol for 5s
50s remove alice carol in team
`

func picture(t *testing.T, r Result) string {
	t.Helper()
	var out strings.Builder
	if err := Picture(&out, r, "peer sim <it>"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPictureShowsWhatHappened(t *testing.T) {
	p, err := Parse(pictured)
	if err != nil {
		t.Fatal(err)
	}
	r := ResultOf(Run(p))
	if len(r.Failures()) > 0 {
		t.Fatalf("seed %d: %v", p.Seed, r.Failures())
	}
	shown := 0
	for _, l := range r.Lines {
		if l.Kind == "show" {
			shown++
		}
	}
	d := draw(r, "")
	kinds := map[string]int{}
	for _, l := range d.Lanes {
		for _, s := range l.Spans {
			kinds[s.Kind]++
			if s.X < margin || s.Width <= 0 || s.X+s.Width > d.Width {
				t.Errorf("a span lies outside: %+v", s)
			}
		}
	}
	// Whoever was shown something has a line from its writer; the text of the crash could not be written.
	if shown == 0 || len(d.Arrows) != shown || kinds["cut"] != 1 || kinds["ill"] != 1 || kinds["down"] < 2 || len(d.Lanes) != 3 {
		t.Errorf("%d arrows for %d messages shown; spans %v", len(d.Arrows), shown, kinds)
	}
	for _, a := range d.Arrows {
		if a.X2 < a.X1 || a.Y1 == a.Y2 {
			t.Errorf("a way leads back, or to its writer: %+v", a)
		}
	}
	out := picture(t, r)
	for _, want := range []string{
		"adds carol in team", "removes carol in team", "goes off", "crashes", "a disk that is full", "cut off from the others", r.Digest, "Every promise was kept.",
		"alice: 18s cut alice for 20s", "peer sim &lt;it&gt;", "aria-label", "45s full carol for 5s",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if m := regexp.MustCompile(`(?i)<script|src=|url\(|https?://`).FindString(out); m != "" {
		t.Errorf("the page needs something else: %q", m)
	}
	wellFormed(t, out)
}

// The picture itself is XML, whatever the texts.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	all := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1)
	if len(all) < 3 {
		t.Fatal("no picture")
	}
	for _, svg := range all {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in\n%s", err, svg)
			}
		}
	}
}

func TestPictureMarksWhatWasBrokenAndEscapesTexts(t *testing.T) {
	evil := `</title><script>alert("1")</script>`
	r := Result{
		Plan:   Plan{Seed: 7, People: []string{"alice", "bob"}, Length: time.Minute, File: evil},
		Broken: []Violation{{At: 59 * time.Second, Rule: "restart", Text: evil}},
		Lines: []Line{
			{At: time.Second, Who: "alice", Kind: "fault", Text: "crashes"},
			{At: 2 * time.Second, Who: "alice", Kind: "group", Text: `says "` + evil + `" in team`},
			{At: 3 * time.Second, Who: "bob", Kind: "show", Text: `sees "` + evil + `" in team`},
			{At: 59 * time.Second, Kind: "wrong", Text: "restart: " + evil},
		},
	}
	out := picture(t, r)
	if strings.Contains(out, "<script") || strings.Count(out, `<line class="wrong"`) != 2 || !strings.Contains(out, `<div class="verdict broken">`) {
		t.Errorf("the page is\n%s", out)
	}
	wellFormed(t, out)
}

// What the tokens of the look promise: text can be read on its ground, by day
// and by night.
func TestPictureCanBeReadInLightAndDark(t *testing.T) {
	schemes := regexp.MustCompile(`--paper: (#\w{6}); --ink: (#\w{6}); --quiet: (#\w{6}); --line: #\w{6}; --accent: (#\w{6}); --warm: (#\w{6}); --danger: (#\w{6})`).
		FindAllStringSubmatch(pageText, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d schemes", len(schemes))
	}
	for _, s := range schemes {
		for _, ink := range s[2:] {
			if c := contrast(t, ink, s[1]); c < 4.5 {
				t.Errorf("%s on %s has a contrast of %.1f", ink, s[1], c)
			}
		}
	}
}

// contrast is that of WCAG 2.2, "contrast ratio".
func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) (sum float64) {
	t.Helper()
	n, err := strconv.ParseUint(color[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(n>>(16-8*i)&255) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
