package contact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"causeway/identity"
)

func same(a, b Invite) bool {
	return a.UID == b.UID && a.secret == b.secret && a.Expires.Equal(b.Expires) && strings.Join(a.Hints, ",") == strings.Join(b.Hints, ",")
}

func TestLinkRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		uid := identity.UID(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "uid"))
		var expires time.Time
		if rapid.Bool().Draw(t, "expires") {
			expires = time.Unix(rapid.Int64Range(1, maxExpiry).Draw(t, "at"), 0)
		}
		hints := rapid.SliceOfN(rapid.StringMatching(`/[a-z0-9/.:%_-]{1,60}`), 0, MaxHints).Draw(t, "hints")
		inv, err := NewInvite(uid, expires, hints...)
		if err != nil {
			t.Fatal(err)
		}
		link := inv.Link()
		if len(hints) == 0 && len(link) != 87 {
			t.Fatalf("%d characters: %s", len(link), link)
		}
		got, err := ParseInvite(link)
		if err != nil || !same(got, inv) || got.Link() != link {
			t.Fatalf("%s: %v", link, err)
		}
	})
}

// People wrap, quote and break links, and telephones capitalise them.
func TestLinkSurvivesCopying(t *testing.T) {
	inv, err := NewInvite(identity.UID{1, 2}, noon, "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWabc", "/dns4/example.org/udp/1/quic-v1")
	if err != nil {
		t.Fatal(err)
	}
	link := inv.Link()
	for _, form := range []string{
		" " + link + "\n", "<" + link + ">", "\"" + link + "\"", "`" + link + "`", strings.Replace(link, "causeway:", "Causeway:", 1),
		strings.Replace(link, "causeway:", "CAUSEWAY:", 1), link[:40] + "\r\n  " + link[40:], link[:60] + "\u200b" + link[60:], "\ufeff" + link,
	} {
		if got, err := ParseInvite(form); err != nil || !same(got, inv) {
			t.Errorf("%q: %v", form, err)
		}
	}
}

// No typo passes for another link, so it is never taken for a used one.
func TestLinkFindsTypos(t *testing.T) {
	inv, err := NewInvite(identity.UID{1, 2}, noon, "/ip4/192.0.2.1/tcp/4001")
	if err != nil {
		t.Fatal(err)
	}
	link := inv.Link()
	refuse := func(typo, want string) {
		t.Helper()
		if typo == link {
			return
		}
		if _, err := ParseInvite(typo); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Fatalf("%s: %v", typo, err)
		}
	}
	for i := len(linkScheme); i < len(link); i++ {
		for _, c := range base58 + "0OIl/,!" {
			refuse(link[:i]+string(c)+link[i+1:], "")
		}
		refuse(link[:i]+link[i+1:], "")
		refuse(link[:i], "cut short")
		refuse(link[:i]+"1"+link[i:], "")
	}
	refuse(linkScheme+strings.ToLower(link[len(linkScheme):]), "")
	refuse("https://example.org/", "begins with")
	refuse("", "begins with")
	refuse(strings.Repeat("x", 3*MaxLink), "characters")
	refuse(linkScheme+strings.Repeat("z", linkDigits), "capital")
}

func TestLinkThatLostItsCase(t *testing.T) {
	for n := byte(0); ; n++ {
		inv, err := NewInvite(identity.UID{n}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(inv.Link(), "L") {
			continue // in small letters it would be an "l", which no link has
		}
		if _, err := ParseInvite(strings.ToLower(inv.Link())); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "capital") {
			t.Fatal(err)
		}
		return
	}
}

func TestLinkOfAnotherVersion(t *testing.T) {
	b := make([]byte, linkBytes-linkCheck)
	b[0] = 2
	link := linkScheme + encode58(append(b, linkSum(b, "")...))
	if _, err := ParseInvite(link); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "version 2") {
		t.Fatal(err)
	}
}

func TestInviteLimits(t *testing.T) {
	for name, try := range map[string]func() error{
		"many hints": func() error { _, err := NewInvite(identity.UID{}, noon, make([]string, MaxHints+1)...); return err },
		"long hint": func() error {
			_, err := NewInvite(identity.UID{}, noon, "/"+strings.Repeat("x", MaxHint))
			return err
		},
		"no address":  func() error { _, err := NewInvite(identity.UID{}, noon, "example.org"); return err },
		"two in one":  func() error { _, err := NewInvite(identity.UID{}, noon, "/a,/b"); return err },
		"an escape":   func() error { _, err := NewInvite(identity.UID{}, noon, "/a\x1b[2J"); return err },
		"before 1970": func() error { _, err := NewInvite(identity.UID{}, time.Unix(-5, 0)); return err },
		"in 2200":     func() error { _, err := NewInvite(identity.UID{}, noon.AddDate(174, 0, 0)); return err },
	} {
		if err := try(); !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	inv, err := NewInvite(identity.UID{1}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if err := inv.Valid(noon.AddDate(1000, 0, 0)); err != nil {
		t.Error(err)
	}
}

func TestInviteSecretsDiffer(t *testing.T) {
	a, err := NewInvite(identity.UID{1}, noon)
	if err != nil {
		t.Fatal(err)
	}
	b := a
	b.UID = identity.UID{2}
	seen := map[[32]byte]bool{}
	for _, inv := range []Invite{a, b} {
		for _, s := range [][32]byte{inv.Rendezvous(), inv.DepositToken(), inv.DepositHash(), inv.derive("causeway/1 invite mac key"), inv.derive("causeway/1 invite offer key")} {
			if seen[s] {
				t.Error("two secrets are one")
			}
			seen[s] = true
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, a); got != "invite "+a.ID().String() {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if id, err := ParseInviteID(" " + strings.ToUpper(a.ID().String())); err != nil || id != a.ID() {
		t.Error(err)
	}
	if _, err := ParseInviteID("abc"); !errors.Is(err, ErrUnknownInvite) {
		t.Error(err)
	}
}

func FuzzParseInvite(f *testing.F) {
	inv := Invite{UID: identity.UID{1, 2}, secret: [16]byte{3}, Expires: noon}
	f.Add(inv.Link())
	inv.Hints = []string{"/ip4/192.0.2.1/tcp/4001", "/dns4/example.org"}
	f.Add(inv.Link())
	f.Add(linkScheme + strings.Repeat("1", linkDigits))
	f.Fuzz(func(t *testing.T, s string) {
		inv, err := ParseInvite(s)
		if err != nil {
			return
		}
		text, err := linkText(s)
		if err != nil || inv.Link() != linkScheme+text {
			t.Fatalf("%q is written as %q", s, inv.Link())
		}
	})
}
