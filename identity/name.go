package identity

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// ErrName is in the chain of every error about a name that cannot be shown as
// it is.
var ErrName = errors.New("not a usable name")

// CheckName says whether a name is clean: at most MaxName bytes of UTF-8 with
// nothing in it that hides, reorders or breaks what stands beside it, and no
// space at either end. The empty name is clean: it says nothing. The verdict is
// a table of its own (docs/spec/04-people.md, section 4), because every node
// must reach the same one, whatever version of Unicode it was built with.
func CheckName(name string) error {
	switch {
	case len(name) > MaxName:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrName, len(name), MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: not UTF-8", ErrName)
	case name != "" && (name[0] == ' ' || name[len(name)-1] == ' '):
		return fmt.Errorf("%w: a space at its start or end", ErrName)
	}
	runes := []rune(name)
	for i, r := range runes {
		if unicode.Is(unclean, r) || isJoiner(r) && !joins(runes, i) {
			return fmt.Errorf("%w: it contains the invisible or unsafe character %U", ErrName, r)
		}
	}
	return nil
}

// Persian words and many emoji need a joiner inside; anywhere else it only
// makes two equal-looking names differ.
func isJoiner(r rune) bool { return r == 0x200c || r == 0x200d }

func joins(runes []rune, i int) bool {
	return i > 0 && i+1 < len(runes) && visible(runes[i-1]) && visible(runes[i+1])
}

func visible(r rune) bool { return r > unicode.MaxLatin1 && !isJoiner(r) }

// unclean holds controls, spaces other than U+0020, soft and filling blanks,
// direction marks, separators, private use, tags and what is no character.
var unclean = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x0000, Hi: 0x001f, Stride: 1}, {Lo: 0x007f, Hi: 0x00a0, Stride: 1},
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, {Lo: 0x034f, Hi: 0x034f, Stride: 1},
		{Lo: 0x061c, Hi: 0x061c, Stride: 1}, {Lo: 0x115f, Hi: 0x1160, Stride: 1},
		{Lo: 0x1680, Hi: 0x1680, Stride: 1}, {Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, {Lo: 0x2000, Hi: 0x200b, Stride: 1},
		{Lo: 0x200e, Hi: 0x200f, Stride: 1}, {Lo: 0x2028, Hi: 0x202f, Stride: 1},
		{Lo: 0x205f, Hi: 0x206f, Stride: 1}, {Lo: 0x2800, Hi: 0x2800, Stride: 1},
		{Lo: 0x3000, Hi: 0x3000, Stride: 1}, {Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xe000, Hi: 0xf8ff, Stride: 1}, {Lo: 0xfdd0, Hi: 0xfdef, Stride: 1},
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, {Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
		{Lo: 0xfff0, Hi: 0xffff, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1d173, Hi: 0x1d17a, Stride: 1}, {Lo: 0x1fffe, Hi: 0x1ffff, Stride: 1},
		{Lo: 0x2fffe, Hi: 0x2ffff, Stride: 1}, {Lo: 0x3fffe, Hi: 0x3ffff, Stride: 1},
		{Lo: 0x40000, Hi: 0x10ffff, Stride: 1},
	},
	LatinOffset: 3,
}
