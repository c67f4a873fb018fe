package sim

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is written is read again as it was, for whatever can be drawn.
func TestScenarioOfADrawnPlanIsThatPlan(t *testing.T) {
	for seed := range uint64(500) {
		p := Draw(seed)
		if err := p.Check(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		text := Format(p)
		back, err := Parse(text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if !reflect.DeepEqual(back, p) {
			t.Fatalf("seed %d is\n%+v\nand comes back as\n%+v\n%s", seed, p, back, text)
		}
	}
}

const everything = `# All that a file can say.
length 10m
people alice bob carol dave   # dave is not heard of again
rivals carol
group team by alice
group club by bob forward
seed 18446744073709551615
net replay 20% loss 12.5% delay 60ms
wrong nothing twice

30s cut alice bob for 20s
5s add alice bob in team n 1
5s add alice carol in team
1m30s say bob in carol-bob n 3
1m30.5s clock carol n -3600
9m crash bob for 1.5s n 1
`

func TestScenarioIsReadStrictlyAndWrittenInOneWay(t *testing.T) {
	p, err := Parse(everything)
	if err != nil {
		t.Fatal(err)
	}
	want := `seed 18446744073709551615
people alice bob carol dave
rivals carol
group team by alice
group club by bob forward
net loss 12.5% delay 60ms replay 20%
length 10m
wrong nothing twice
5s add alice bob in team n 1
5s add alice carol in team
30s cut alice bob for 20s
1m30s say bob in bob-carol n 3
1m30.5s clock carol n -3600
9m crash bob for 1.5s n 1
`
	if got := Format(p); got != want {
		t.Errorf("it is written as\n%s", got)
	}
	if p.Net.Loss != 0.125 || p.Steps[2].For != 20*time.Second || !p.Groups[1].Forward || p.Groups[0].Forward {
		t.Errorf("it is read as %+v", p)
	}
}

func TestScenarioErrorsNameTheLineAndWhatCouldStandThere(t *testing.T) {
	const head = "people alice bob carol\nrivals carol\ngroup team by alice\nlength 2m\n"
	for _, c := range []struct{ text, want string }{
		{"", "write `people alice bob carol`"},
		{"people alice", "line 1: a run has 2 to 16 people, not 1"},
		{"people a b c d e f g h i j k l m o p q r", "line 1: a run has 2 to 16 people"},
		{"people alice alice", `line 1: "alice" is there twice`},
		{"people alice Bob", `line 1: "Bob" cannot be a name`},
		{"people alice in", `line 1: "in" cannot be a name`},
		{"people alice bob-carol", `cannot be a name`},
		{"\nrivals bob", "line 2: say first who takes part"},
		{"5s say alice in team", "line 1: say first who takes part"},
		{"people alice bob\npeople alice bob", `line 2: "people" is there twice`},
		{"seed 1\nseed 2", `line 2: "seed" is there twice`},
		{"seed -1", "write `seed 7`"},
		{"seed 18446744073709551616", "a seed is at most"},
		{"sede 1", `"sede" begins no line: write seed, people`},
		{"people alice bob\nrivals carol", `line 2: nobody is called "carol"; there are alice, bob (a rival stands on the line ` + "`people` too)"},
		{"people alice bob\nrivals", "say who"},
		{"people alice bob\n5s say alice in team", `line 2: there is no conversation "team"; there are no groups, and two people as alice-bob`},
		{"people alice bob\n5s add alice bob in team", `line 2: there is no group "team", nor any other: write ` + "`group team by alice` above"},
		{"people alice bob\ngroup team alice", "line 2: a group has a name and a founder"},
		{"people alice bob\ngroup team by alice backward", "a group has a name and a founder"},
		{"people alice bob\ngroup bob by alice", `"bob" is there twice`},
		{"people alice bob\ngroup team by carol", `nobody is called "carol"`},
		{"net", "write `net loss"}, {"net loss", "write `net loss"}, {"net loss 1% loss 2%", "write `net loss"},
		{"net loss 100%", "loss is 0% to 90%"}, {"net replay 101%", "replay is"}, {"net loss 0.1", `"0.1" is not a share`},
		{"net loss NaN%", "not a share"}, {"net loss 1e1%", "not a share"}, {"net delay 2m", "delay is 0s to 1m"}, {"net delay fast", "not a length of time"},
		{"length 25h", "at most 24h long"}, {"length 0s", "longer than nothing"}, {"length", "write how long"}, {"length -1s", "not a length of time"},
		{"wrong everything", `there is no rule "everything"; there are: no acknowledged`}, {"wrong", "say which rule"},
		{head + "5s", "line 5: what happens then?"},
		{head + "5x say alice in team", `line 5: "5x" is not a length of time`},
		{head + "5s shout alice in team", `line 5: there is no verb "shout"; there are add, broken, clock`},
		{head + "5s say eve in team", `line 5: nobody is called "eve"; there are alice, bob, carol`},
		{head + "5s say alice in crew", `line 5: there is no conversation "crew"; there are the groups team, and two people as alice-bob`},
		{head + "5s say alice", "say where"},
		{head + "5s say in team", "say wants one person, not 0"},
		{head + "5s say alice bob in team", "say wants one person, not 2"},
		{head + "5s add alice alice in team", "is there twice"},
		{head + "5s add alice bob in alice-bob", `there is no group "alice-bob"; there are: team`},
		{head + "5s off alice", "say how long"},
		{head + "5s off alice in team for 2s", "off is not done in a conversation"},
		{head + "5s say alice in team for 2s", "takes no `for`"},
		{head + "5s off alice for 2s n 3", "off takes no number"},
		{head + "5s say alice in team n 1001", "from 0 to 1000"},
		{head + "5s say alice in team n x", `"x" is not a number`},
		{head + "5s say alice in team n 007", `"007" is not a number`},
		{head + "5s say alice n 3 in team", `"in" cannot stand here`},
		{head + "5s fork alice bob in team", "only rivals fork"},
		{head + "2m say alice in team", "line 5: 2m is not within the run: its length is 2m"},
		{head + "5s off alice for 25h", "longer than 24h"},
		{head + "5s off alice for 5s\nlength 9m", `line 6: "length" belongs above the first step`},
		{head + strings.Repeat("5s forget alice\n", mostSteps+1), "line 10005: there are more than 10000 steps"},
		{strings.Repeat("#", mostText+1), "at most"},
	} {
		if _, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.200q: %v, want %q", c.text, err, c.want)
		}
	}
}

// Whoever teaches the simulator a verb tells here what may follow it, and in
// docs/testing.md what it does.
func TestEveryVerbHasItsShapeAndItsLineInTheDocs(t *testing.T) {
	page := docs(t)
	for name := range verbs {
		k, ok := shapes[name]
		if !ok {
			t.Errorf("%s has no row in shapes (words.go)", name)
		}
		if !strings.Contains(page, "`"+name+"`") || !strings.Contains(page, k.says) {
			t.Errorf("docs/testing.md does not say of `%s`: %s", name, k.says)
		}
	}
	for name := range shapes {
		if verbs[name] == nil {
			t.Errorf("%s has a shape and is no verb", name)
		}
	}
}

// Whoever has the simulator look at one more promise adds it to Rules and to
// docs/testing.md.
func TestEveryRuleStandsInTheListAndInTheDocs(t *testing.T) {
	page := docs(t)
	known := func(name string) bool {
		return slices.ContainsFunc(Rules, func(r Rule) bool { return r.Name == name })
	}
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range regexp.MustCompile(`violate\("([^"]+)"`).FindAllStringSubmatch(string(b), -1) {
			if used[m[1]] = true; !known(m[1]) {
				t.Errorf("%s: the rule %q is not in Rules (rules.go)", name, m[1])
			}
		}
	}
	for _, r := range Rules {
		if !used[r.Name] {
			t.Errorf("nothing looks at the rule %q", r.Name)
		}
		if !strings.Contains(page, "| "+r.Name+" | "+r.Says+" |") {
			t.Errorf("docs/testing.md lacks the row\n| %s | %s |", r.Name, r.Says)
		}
	}
}

func docs(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzScenario: what can be read can be written and read again, and passes the
// check that stands before a run.
func FuzzScenario(f *testing.F) {
	f.Add(everything)
	f.Add(Format(Draw(94)))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		if err := p.Check(); err != nil {
			t.Fatalf("%q is read, and does not pass: %v", text, err)
		}
		out := Format(p)
		again, err := Parse(out)
		if err != nil || !reflect.DeepEqual(p, again) || Format(again) != out {
			t.Fatalf("%q is written as %q: %v", text, out, err)
		}
	})
}
