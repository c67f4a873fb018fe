package tests

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// source is one Go file of the house.
type source struct {
	path string // from the root, with slashes
	dir  string
	test bool
	ast  *ast.File
	size int // lines
}

// parse reads one file; text is nil to read it from disk, below the root.
func parse(at string, text any) (source, error) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, filepath.Join("..", filepath.FromSlash(at)), text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, fmt.Errorf("tests: read %s: %w", at, err)
	}
	return source{
		path: at,
		dir:  path.Dir(at),
		test: strings.HasSuffix(at, "_test.go"),
		ast:  f,
		size: files.File(f.FileStart).LineCount(),
	}, nil
}

// house parses every Go file of the module, once.
func house(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var parsed = sync.OnceValues(func() (all []source, err error) {
	err = filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		outside := name == "docs" || name == "node_modules" || name == "testdata" || name == "dist" || name != ".." && name[0] == '.'
		if d.IsDir() && outside {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		s, err := parse(strings.TrimPrefix(filepath.ToSlash(p), "../"), nil)
		all = append(all, s)
		return err
	})
	return all, err
})

func TestHouseRules(t *testing.T) {
	files := house(t)
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, s := range files {
				for _, complaint := range rule(s) {
					t.Errorf("%s: %s", s.path, complaint)
				}
			}
		})
	}
}

// A package says in one place what it is.
func TestEveryPackageHasOneDoc(t *testing.T) {
	docs := make(map[string][]string)
	for _, s := range house(t) {
		if s.test {
			continue
		}
		docs[s.dir] = append(docs[s.dir], nil...)
		if s.ast.Doc != nil {
			docs[s.dir] = append(docs[s.dir], s.path)
		}
	}
	for dir, files := range docs {
		if len(files) != 1 {
			t.Errorf("%s: the package doc is in %d files %v, want 1", dir, len(files), files)
		}
	}
}

// Each rule is shown a file that breaks it, and one that does not.
func TestHouseRulesBite(t *testing.T) {
	long := strings.Repeat("\n", 600)
	for _, c := range []struct {
		rule, path, text string
		broken           bool
	}{
		{"rooms", "helpers/a.go", `package helpers`, true},
		{"rooms", "group/a.go", `package group`, false},
		{"order", "merkle/a.go", `package merkle; import _ "causeway/group"`, true},
		{"order", "merkle/a_test.go", `package merkle; import _ "causeway/group"`, true},
		{"order", "merkle/a.go", `package merkle; import _ "causeway/nowhere"`, true},
		{"order", "group/a.go", `package group; import _ "causeway/merkle"`, false},
		{"order", "dht/a.go", `package dht; import _ "causeway/tests"`, true},
		{"order", "dht/a_test.go", `package dht_test; import _ "causeway/tests"`, false},
		{"order", "seal/a_test.go", `package seal_test; import _ "causeway/seal"`, false},
		{"bans", "group/a.go", `package group; import _ "time"`, true},
		{"bans", "group/a_test.go", `package group; import _ "time"`, false},
		{"bans", "seal/a.go", `package seal; import _ "os/exec"`, true},
		{"bans", "merkle/a.go", `package merkle; import _ "net/http"`, true},
		{"bans", "dht/a.go", `package dht; import _ "causeway/identity"`, true},
		{"bans", "api/a.go", `package api; import _ "github.com/libp2p/go-libp2p/core/peer"`, true},
		{"bans", "tui/a.go", `package tui; import _ "causeway/node"`, true},
		{"bans", "node/a.go", `package node; import _ "causeway/chat"`, false},
		{"third party", "group/a.go", `package group; import _ "github.com/ipfs/go-cid"`, true},
		{"third party", "group/a_test.go", `package group; import _ "pgregory.net/rapid"`, false},
		{"third party", "merkle/a.go", `package merkle; import _ "github.com/ipfs/go-cid"`, false},
		{"names", "node/a.go", `package node; import _ "causeway/sync"`, true},
		{"names", "node/a.go", `package node; import dagsync "causeway/sync"`, false},
		{"names", "node/a.go", `package node; import sync2 "sync"`, true},
		{"names", "node/a.go", `package node; import sync "golang.org/x/sync"`, true},
		{"names", "node/a.go", `package node; import c "causeway/chat"`, true},
		{"names", "sync/a.go", `package sync`, true},
		{"names", "sync/a.go", `package dagsync`, false},
		{"names", "merkle/util.go", `package merkle`, true},
		{"docs", "merkle/a.go", "// Logs.\npackage merkle", true},
		{"docs", "merkle/a.go", "// Package merkle is logs.\npackage merkle", true},
		{"docs", "merkle/a.go", "// Package merkle is logs. See docs/spec/01-log.md.\npackage merkle", false},
		{"size", "merkle/a.go", "package merkle" + long, true},
		{"size", "merkle/a.go", "package merkle", false},
		{"sleep", "merkle/a_test.go", `package merkle; import "time"; func f() { time.Sleep(1) }`, true},
		{"sleep", "node/a.go", `package node; import ("time"; _ "testing/synctest"); func f() { time.Sleep(1) }`, true},
		{"sleep", "node/a_test.go", `package node; import ("time"; _ "testing/synctest"); func f() { time.Sleep(1) }`, false},
		{"to do", "merkle/a.go", "package merkle\n// " + toDo[0] + ": more", true},
		{"to do", "merkle/a.go", "package merkle\n// done", false},
	} {
		s, err := parse(c.path, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := rules[c.rule](s); (len(got) > 0) != c.broken {
			t.Errorf("rule %q on %s %q: complaints %q, want broken %v", c.rule, c.path, strings.TrimSpace(c.text), got, c.broken)
		}
	}
}
