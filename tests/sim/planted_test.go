//go:build planted

package sim

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"causeway/internal/planted"
)

// plantedSeeds is within how many seeds each planted bug must be found.
const plantedSeeds = 50

// Every bug that can be planted is found, and the run that finds it says by which
// rule; the same run without the bug breaks none. -v prints the table of
// docs/testing.md.
func TestPlantedBugsAreFound(t *testing.T) {
	defer plant(planted.Now)
	var table strings.Builder
	for _, b := range planted.All {
		t.Run(b.Name(), func(t *testing.T) {
			seed, wrong := found(b)
			if seed == 0 {
				t.Fatalf("%s: %s: not found within %d seeds", b.Name(), b.What(), plantedSeeds)
			}
			plant("")
			for _, v := range Run(Draw(seed)).Wrong {
				t.Errorf("seed %d is wrong without the bug too: %v", seed, v)
			}
			t.Logf("seed %d: %v", seed, wrong)
			fmt.Fprintf(&table, "| `%s` | %s | %d | %s |\n", b.Name(), b.What(), seed, wrong.Rule)
		})
	}
	t.Logf("\n%s", table.String())
}

func plant(bug string) { planted.Now = bug }

// found returns the first seed that shows a bug, and how; 0 if none does.
func found(b planted.Bug) (uint64, Violation) {
	plant(b.Name())
	for seed := uint64(1); seed <= plantedSeeds; seed++ {
		if r := Run(Draw(seed)); len(r.Wrong) > 0 {
			return seed, r.Wrong[0]
		}
	}
	return 0, Violation{}
}

// The tag alone changes nothing.
func TestPlantedNoneIsQuiet(t *testing.T) {
	defer plant(planted.Now)
	plant("")
	for seed := uint64(1); seed <= 20; seed++ {
		for _, v := range Run(Draw(seed)).Wrong {
			t.Errorf("seed %d: %v", seed, v)
		}
	}
}

// The program as it is built has none of it.
func TestPlantedBugsAreNotInTheProgram(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "peer")
	if out, err := exec.Command("go", "build", "-o", exe, "causeway/cmd/peer").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range planted.All {
		if bytes.Contains(program, []byte(b)) {
			t.Errorf("%s is in the program", b.Name())
		}
	}
}
