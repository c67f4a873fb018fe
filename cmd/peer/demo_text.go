package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// novel is the opening of Mark Twain's "The Adventures of Tom Sawyer" (1876, public domain), one
// sentence a line.
//
//go:embed demo.txt
var novel string

const fortunes = "/usr/share/games/fortunes"

// sentences are n real texts to talk with: fortune cookies if they are installed, else the novel.
func sentences(n int) (texts []string, source string) {
	for _, file := range []string{"literature", "fortunes", "wisdom", "people"} {
		b, err := os.ReadFile(filepath.Join(fortunes, file))
		if err != nil {
			continue
		}
		for _, cookie := range strings.Split(string(b), "\n%\n") {
			if cookie = strings.TrimSpace(cookie); cookie != "" && len(cookie) < 500 && utf8.ValidString(cookie) {
				texts = append(texts, cookie)
			}
		}
	}
	if len(texts) >= n {
		return texts[:n], "fortune cookies"
	}
	texts = strings.Split(strings.TrimSpace(novel), "\n")
	return texts[:min(n, len(texts))], "Tom Sawyer"
}
