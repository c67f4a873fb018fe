package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the README tells people to type must exist, and what it calls the tests
// is what .ci/run runs.
func TestReadmeCommandsExist(t *testing.T) {
	ends := regexp.MustCompile(`\n|\s# .*|&&|\||"?\$\(|\)`)
	start := regexp.MustCompile(`^\s*(peer|go run \./cmd/peer)\b`)
	tried := 0
	for _, block := range fenced(page(t, "README.md")) {
		for _, command := range ends.Split(block, -1) {
			if start.MatchString(command) {
				checkTyped(t, strings.Fields(start.ReplaceAllString(command, "")))
				tried++
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d commands found in the README", tried)
	}
}

// checkTyped finds the verb and its flags in the command tree.
func checkTyped(t *testing.T, typed []string) {
	t.Helper()
	root := newRoot(&app{})
	root.InitDefaultHelpCmd()
	verb, _, err := root.Find(typed)
	if err != nil {
		t.Errorf("peer %s: %v", strings.Join(typed, " "), err)
		return
	}
	if word := firstWord(typed); word != "" && verb == root {
		t.Errorf("peer %s: no verb %s", strings.Join(typed, " "), word)
	}
	for _, w := range typed {
		flag, ok := strings.CutPrefix(w, "--")
		if ok && verb.Flags().Lookup(flag) == nil && verb.InheritedFlags().Lookup(flag) == nil {
			t.Errorf("peer %s: no flag --%s", strings.Join(typed, " "), flag)
		}
	}
}

// firstWord is what follows the global flag that the README uses.
func firstWord(typed []string) string {
	if len(typed) > 1 && typed[0] == "--home" {
		typed = typed[2:]
	}
	if len(typed) == 0 {
		return ""
	}
	return typed[0]
}

func TestReadmeNamesTheTests(t *testing.T) {
	const command = "go test ./..."
	for _, file := range []string{"README.md", ".ci/run", "CONTRIBUTING.md"} {
		if !regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(command) + `(\s|$)`).MatchString(page(t, file)) {
			t.Errorf("%s does not run %s", file, command)
		}
	}
}

func TestReadmeLinksLead(t *testing.T) {
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(page(t, "README.md"), -1) {
		if _, err := os.Stat(filepath.Join("..", "..", link[1])); err != nil {
			t.Errorf("the README links to %s: %v", link[1], err)
		}
	}
}

// fenced returns the blocks of a page that people type from.
func fenced(text string) (out []string) {
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

func page(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
