package tests

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "causeway/"

// A file may be this long, in lines, before it has to be cut by what it is about.
const (
	codeLines = 350
	testLines = 500
)

var (
	emptyNames = []string{"util", "utils", "common", "types", "models", "manager", "service", "helper", "helpers", "misc"}
	emptyFiles = []string{"util", "utils", "common", "helper", "helpers", "misc"}
	toDo       = []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} // not to find themselves
)

// rules complain about one file each, or return nothing.
var rules = map[string]func(source) []string{
	"rooms":       isRoom,
	"order":       looksUpOnly,
	"bans":        knowsWhatItMay,
	"third party": usesItsModules,
	"names":       goesByItsName,
	"docs":        saysWhatItIs,
	"size":        isSmall,
	"sleep":       doesNotSleep,
	"to do":       isDone,
}

func isRoom(s source) []string {
	if roomOf(s.dir) < 0 {
		return []string{"the folder " + s.dir + " is no room: give it a row in tests/rooms_test.go and docs/architecture.md"}
	}
	return nil
}

// looksUpOnly: imports go one way. Tests may use the harness besides.
func looksUpOnly(s source) (bad []string) {
	here := roomOf(s.dir)
	for _, spec := range s.ast.Imports {
		name, ours := strings.CutPrefix(importPath(spec), module)
		there := roomOf(name)
		above := there >= 0 && there < here
		forTests := s.test && (name == s.dir || name == "tests" && here >= roomOf("dht"))
		if ours && !above && !forTests {
			bad = append(bad, fmt.Sprintf("%s is not above %s in the house", name, s.dir))
		}
	}
	return bad
}

func knowsWhatItMay(s source) (bad []string) {
	here := roomOf(s.dir)
	if here < 0 || s.test {
		return nil
	}
	for _, spec := range s.ast.Imports {
		for _, ban := range rooms[here].never {
			if matches(importPath(spec), ban.path) {
				bad = append(bad, fmt.Sprintf("imports %s: %s", importPath(spec), ban.why))
			}
		}
	}
	return bad
}

// usesItsModules: tests may use what they like, a second codec as an oracle for
// instance.
func usesItsModules(s source) (bad []string) {
	here := roomOf(s.dir)
	if here < 0 || s.test {
		return nil
	}
	for _, spec := range s.ast.Imports {
		p := importPath(spec)
		host, _, _ := strings.Cut(p, "/")
		if !strings.Contains(host, ".") {
			continue // the standard library, or ours
		}
		if !slices.ContainsFunc(rooms[here].third, func(ok string) bool { return matches(p, ok+"/...") }) {
			bad = append(bad, fmt.Sprintf("%s is not in the third-party column of %s", p, s.dir))
		}
	}
	return bad
}

// goesByItsName: the folder sync holds package dagsync and is imported as that;
// Go's own sync is never renamed, and our packages keep their names everywhere.
func goesByItsName(s source) (bad []string) {
	for _, spec := range s.ast.Imports {
		p, alias := importPath(spec), ""
		if spec.Name != nil {
			alias = spec.Name.Name
		}
		switch {
		case p == module+"sync" && alias != "dagsync":
			bad = append(bad, fmt.Sprintf("import dagsync %q", p))
		case p != module+"sync" && alias != "" && alias != "_" && (p == "sync" || strings.HasPrefix(p, module)):
			bad = append(bad, fmt.Sprintf("%s is called %s", p, alias))
		case p != module+"sync" && (alias == "sync" || alias == "dagsync" || alias == "."):
			bad = append(bad, fmt.Sprintf("%s is called %q", p, alias))
		}
	}
	if name := strings.TrimSuffix(s.ast.Name.Name, "_test"); name != packageName(s.dir) {
		bad = append(bad, fmt.Sprintf("package %s in folder %s", name, s.dir))
	}
	if folder := path.Base(s.dir); slices.Contains(emptyNames, folder) {
		bad = append(bad, "a folder called "+folder+" says nothing")
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.path), ".go"), "_test")
	if slices.Contains(emptyFiles, stem) {
		bad = append(bad, "a file called "+stem+" says nothing")
	}
	return bad
}

// saysWhatItIs: the doc of a package begins as godoc wants it and names the
// page that rules it.
func saysWhatItIs(s source) (bad []string) {
	if s.ast.Doc == nil || s.test {
		return nil
	}
	text, begin := s.ast.Doc.Text(), "Package "+packageName(s.dir)+" "
	command := packageName(s.dir) == "main"
	if command {
		begin = "Command "
	}
	if !strings.HasPrefix(text, begin) {
		bad = append(bad, fmt.Sprintf("the package doc does not begin with %q", begin))
	}
	if !command && !strings.Contains(text, "docs/") {
		bad = append(bad, "the package doc does not name the page of docs/ that rules it")
	}
	return bad
}

func isSmall(s source) []string {
	most := codeLines
	if s.test {
		most = testLines
	}
	if s.size > most {
		return []string{fmt.Sprintf("%d lines, more than %d: cut it by what it is about", s.size, most)}
	}
	return nil
}

// doesNotSleep: code waits for events; only a test in virtual time may sleep.
func doesNotSleep(s source) (bad []string) {
	if s.dir == "tests" || s.test && slices.ContainsFunc(s.ast.Imports, func(i *ast.ImportSpec) bool {
		return importPath(i) == "testing/synctest" || importPath(i) == module+"tests"
	}) {
		return nil
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "Sleep" {
			if pkg, ok := call.X.(*ast.Ident); ok && pkg.Name == "time" {
				bad = append(bad, "sleeps outside of virtual time")
			}
		}
		return true
	})
	return bad
}

func isDone(s source) (bad []string) {
	for _, group := range s.ast.Comments {
		for _, word := range toDo {
			if strings.Contains(group.Text(), word) {
				bad = append(bad, "a comment says "+word)
			}
		}
	}
	return bad
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		panic(err) // the parser has checked it
	}
	return p
}

func packageName(dir string) string {
	switch {
	case dir == "sync":
		return "dagsync"
	case strings.HasPrefix(dir, "cmd/") || dir == "bench":
		return "main"
	}
	return path.Base(dir)
}
