//go:build planted

package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/internal/planted"
)

// Each scenario of testdata/planted breaks the rule that it names with the bug
// of its name, and keeps it without; it was shrunk from a drawn seed.
func TestPlantedBugsHaveTheirScenarios(t *testing.T) {
	defer func(was string) { planted.Now = was }(planted.Now)
	files, err := filepath.Glob("testdata/planted/*.sim")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(string(b))
		if err != nil || p.Wrong == "" {
			t.Fatalf("%s: %v, it names the rule %q", file, err, p.Wrong)
		}
		planted.Now = strings.TrimSuffix(filepath.Base(file), ".sim")
		if !BrokenBy(Run(p).Wrong, p.Wrong) {
			t.Errorf("%s, seed %d: %q is not broken", file, p.Seed, p.Wrong)
		}
		planted.Now = ""
		if wrong := Run(p).Wrong; len(wrong) > 0 {
			t.Errorf("%s, seed %d, without the bug: %v", file, p.Seed, wrong)
		}
	}
}

// A real failure becomes small, and stays the same failure.
func TestShrinkMakesAPlantedBugSmall(t *testing.T) {
	defer func(was string) { planted.Now = was }(planted.Now)
	planted.Now = "no-k4"
	const rule = "removal changes the key"
	for seed := uint64(1); seed < 50; seed++ {
		p := Draw(seed)
		if !BrokenBy(Run(p).Wrong, rule) {
			continue
		}
		small, used := Shrink(p, ShrinkRuns, Breaks(rule))
		if !BrokenBy(Run(small).Wrong, rule) || len(small.Steps) > 8 || len(small.People) > 3 {
			t.Errorf("seed %d shrinks to this in %d runs:\n%s", seed, used, Format(small))
		}
		return
	}
	t.Error("no seed below 50 finds it")
}
