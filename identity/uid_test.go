package identity

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUIDTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := UID(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "uid"))
		s := u.String()
		for _, form := range []string{s, strings.ToUpper(s), "  " + s + "\n"} {
			got, err := ParseUID(form)
			if err != nil || got != u {
				t.Fatalf("%q: %v, %v", form, got, err)
			}
		}
	})
}

// Every single wrong character and every two exchanged ones are found.
func TestUIDFindsTypos(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, 0))
	var u UID
	for i := range u {
		u[i] = byte(rng.Uint32())
	}
	s := u.String()
	refuse := func(typo []byte) {
		t.Helper()
		if string(typo) == s {
			return
		}
		if _, err := ParseUID(string(typo)); !errors.Is(err, ErrUID) {
			t.Fatalf("seed %d: %s was taken for %s: %v", seed, typo, s, err)
		}
	}
	for i := range len(s) {
		for _, c := range []byte(base32Chars + "01- ") {
			typo := []byte(s)
			typo[i] = c
			refuse(typo)
		}
		for j := range i {
			typo := []byte(s)
			typo[i], typo[j] = typo[j], typo[i]
			refuse(typo)
		}
	}
	refuse([]byte(s[:53]))
	refuse([]byte(s + "a"))
	refuse(nil)
}

func TestCardRoundTrip(t *testing.T) {
	c := newPerson(t, "alice").root.Card()
	got, err := DecodeCard(c.Encode())
	if err != nil || got != c || got.UID() != c.UID() {
		t.Fatal(got, err)
	}
}

func FuzzCard(f *testing.F) {
	f.Add(newPerson(f, "alice").root.Card().Encode())
	f.Add([]byte{0x83, 2, 0x40, 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := DecodeCard(b); err == nil && !bytes.Equal(c.Encode(), b) {
			t.Fatalf("%x encodes as %x", b, c.Encode())
		}
	})
}

func FuzzParseUID(f *testing.F) {
	f.Add(UID{1}.String())
	f.Add(strings.Repeat("a", 54))
	f.Fuzz(func(t *testing.T, s string) {
		if u, err := ParseUID(s); err == nil && u.String() != strings.ToLower(strings.TrimSpace(s)) {
			t.Fatalf("%q parses as %s", s, u)
		}
	})
}
