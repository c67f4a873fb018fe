package identity

import (
	"errors"
	"testing"
	"unicode"
)

func TestNames(t *testing.T) {
	for _, good := range []string{"", "Alice", "Ann-Marie O'Neil", "李明", "Ünal", "علی\u200cرضا", "👩‍💻 Eve", "x2", "اَحمَد", "नेहा", "🏳️‍🌈"} {
		if err := CheckName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{" Alice", "Alice ", "a\x00b", "a\nb", "\x1b[31mred", "a\u202eb", "a\u2066b", "a\u200bb", "a\u00a0b", "a\u00adb", "\ufeffa",
		"a\xffb", "a\u200db", "\u200d", "👩\u200d", "👩\u200d\u200d💻", "a\u2028b", "\u3164", "\ufffd", "\U000e0041", "\ue000", "a\u061cb"} {
		if err := CheckName(bad); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Whatever Unicode of this Go calls control, format or blank is refused, but
// for the space and the joiners.
func TestNoInvisibleCharacterIsClean(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		invisible := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point)
		if r == ' ' || !invisible {
			continue
		}
		if CheckName("日"+string(r)+"日") == nil && !isJoiner(r) && !visibleFormat(r) {
			t.Errorf("%U is clean", r)
		}
	}
}

// visibleFormat are format characters that show: signs around numbers and verses
// in Arabic, Syriac and Kaithi, and what joins Egyptian signs and shorthand.
func visibleFormat(r rune) bool {
	return r >= 0x600 && r <= 0x605 || r == 0x6dd || r == 0x70f || r == 0x890 || r == 0x891 || r == 0x8e2 ||
		r == 0x110bd || r == 0x110cd || r >= 0x13430 && r <= 0x1345f || r >= 0x1bca0 && r <= 0x1bca3
}
