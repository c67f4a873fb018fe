package sim

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mustHappen is what the trace of a scenario has to tell, or it shows nothing.
var mustHappen = map[string][]string{
	"fork.sim":          {"dave    forks its log in team", "carol   sees \"canary twin"},
	"removal.sim":       {"alice   removes carol in team", "carol   says"},
	"crashloop.sim":     {"bob     crashes", "alice   crashes", "could not: the machine stopped"},
	"olddisk.sim":       {"bob     has a disk of 1m20s ago put back", "bob     starts"},
	"forgetful.sim":     {"alice   parks with carol for bob", "carol   throws away", "dave    throws away"},
	"fulldisk.sim":      {"a disk that is full", "a disk that is broken", "could not: "},
	"once-94-small.sim": {"dave    forks its log", "dave    starts"},
	"once-94.sim":       {"dave    forks its log", "dave    starts"},
	"once-19.sim":       {"removes erin"},
	"once-59.sim":       {"bob     has a disk of", "bob     starts"},
	"once-210.sim":      {"bob     leaves", "bob     joins team"},
	"once-620.sim":      {"alice   has a disk of", "says \"canary 1 of alice"},
	"once-894.sim":      {"alice   removes carol in club", "carol   sees \"canary"},
	"once-1295.sim":     {"carol   removes erin", "alice   adds erin"},
	"once-3063.sim":     {"bob     has a disk of", "alice   removes bob", "bob     sees a change (3)"},
	"once-3037.sim":     {"bob     forks its log", "carol   has a disk of"},
	"once-1563.sim":     {"carol   forks its log", "bob     sees \"canary 1 of carol"},
}

// Each scenario of the repository keeps every promise; its first line says what
// it shows. Those that begin with once have failed.
func TestScenariosOfTheRepository(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sim")
	if err != nil || len(files) != len(mustHappen) {
		t.Fatalf("%v; %d files, %d in the list", err, len(files), len(mustHappen))
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, rest, _ := strings.Cut(string(b), "\n")
		if !strings.HasPrefix(first, "# ") {
			t.Errorf("%s does not say in its first line what it shows", file)
		}
		p, err := Parse(string(b))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if Format(p) != rest {
			t.Errorf("%s is not as Format writes it:\n%s", file, Format(p))
		}
		r := ResultOf(Run(p))
		for _, v := range r.Failures() {
			t.Errorf("%s, seed %d: %v", file, p.Seed, v)
		}
		var told strings.Builder
		for _, l := range r.Lines {
			told.WriteString(l.String() + "\n")
		}
		for _, want := range mustHappen[filepath.Base(file)] {
			if !strings.Contains(told.String(), want) {
				t.Errorf("%s, seed %d: never %q", file, p.Seed, want)
			}
		}
	}
}

// Seeds that once failed; what a seed draws changes with the simulator, so the
// plans as they were are kept in testdata too.
func TestSeedsThatOnceFailed(t *testing.T) {
	for _, seed := range []uint64{94, 19} {
		r := Run(Draw(seed))
		for _, v := range r.Wrong {
			t.Errorf("seed %d: %v", seed, v)
		}
	}
}

// What docs/testing.md shows as a scenario is one, and keeps every promise.
func TestScenariosOfTheDocs(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```sim\n(.*?)```").FindAllStringSubmatch(docs(t), -1)
	if len(blocks) == 0 {
		t.Fatal("docs/testing.md shows no scenario")
	}
	for _, b := range blocks {
		p, err := Parse(b[1])
		if err != nil {
			t.Errorf("%v in\n%s", err, b[1])
			continue
		}
		if r := Run(p); len(p.Failures(r.Wrong)) > 0 || r.Stats.Messages == 0 {
			t.Errorf("seed %d: %v, %d messages in\n%s", p.Seed, p.Failures(r.Wrong), r.Stats.Messages, b[1])
		}
	}
}
