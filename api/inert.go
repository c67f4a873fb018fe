package api

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Inert makes text from outside safe to print on a terminal: escape sequences, control characters
// and characters that turn the direction of a line or hide in it are shown as what they are.
// Newlines stay; InertLine shows them too.
func Inert(s string) string { return inert(s, true) }

// InertLine is Inert for what must stay on one line: names, ids, file names.
func InertLine(s string) string { return inert(s, false) }

func inert(s string, lines bool) string {
	if !strings.ContainsFunc(s, active) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' && lines:
			b.WriteRune(r)
		case r == '\t':
			b.WriteString("    ")
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the picture of the control character: ␛ for escape
		case r == 0x7f:
			b.WriteRune('␡')
		case active(r):
			fmt.Fprintf(&b, "‹U+%04X›", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// active tells characters that do something to a terminal or to the reading of a line instead of
// standing in it. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
func active(r rune) bool {
	switch {
	case unicode.Is(unicode.Cc, r), r == 0x2028, r == 0x2029:
		return true
	case r == 0x200c, r == 0x200d:
		return false
	case unicode.Is(unicode.Cf, r), r >= 0xe0000 && r <= 0xe0fff, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0:
		return true
	}
	return false
}

// InertJSON escapes in encoded JSON the same characters that Inert shows, so that a line of JSON
// may be printed on a terminal. The value that it stands for does not change.
func InertJSON(b []byte) []byte {
	if !strings.ContainsFunc(string(b), active) {
		return b
	}
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r < 0x20 || !active(r):
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return []byte(out.String())
}
