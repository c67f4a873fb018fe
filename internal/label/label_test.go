package label

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"
)

// A label is what keeps two uses of one key apart, so no two may be equal and
// each has one of the two forms of docs/spec/00-overview.md, section 3.
func TestNoTwoLabelsAlike(t *testing.T) {
	form := regexp.MustCompile(`^(causeway/1 [a-z0-9]+([ -][a-z0-9]+)*|/causeway/[a-z0-9-]+/[0-9]+\.[0-9]+\.[0-9]+)$`)
	owner := map[string]string{}
	for name, value := range constants(t, "label.go") {
		if !form.MatchString(value) {
			t.Errorf("%s = %q has neither form", name, value)
		}
		if other, ok := owner[value]; ok {
			t.Errorf("%s and %s are both %q", name, other, value)
		}
		owner[value] = name
	}
	if len(owner) == 0 {
		t.Fatal("no labels found")
	}
}

// constants returns the string constants that a file declares, each by its name.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, decl := range f.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			t.Fatalf("%s holds more than constants", file)
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				lit, ok := v.Values[i].(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					t.Fatalf("%s is not a plain string", name.Name)
				}
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				found[name.Name] = s
			}
		}
	}
	return found
}
