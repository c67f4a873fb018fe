package identity

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestWordsBringBackTheUser(t *testing.T) {
	r := NewRoot()
	again, err := RootFromWords(r.Words())
	if err != nil {
		t.Fatal(err)
	}
	if again.Seed() != r.Seed() || again.Card().UID() != r.Card().UID() {
		t.Fatal("the words made another user")
	}
}

// Test vectors of BIP 39 (trezor/python-mnemonic), 256 bits.
func TestWordsKnownAnswers(t *testing.T) {
	for seed, words := range map[string]string{
		strings.Repeat("00", 32): strings.Repeat("abandon ", 23) + "art",
		strings.Repeat("7f", 32): strings.TrimSpace(strings.Repeat("legal winner thank year wave sausage worth useful ", 2) + "legal winner thank year wave sausage worth title"),
		strings.Repeat("ff", 32): strings.Repeat("zoo ", 23) + "vote",
	} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(RootFromSeed([32]byte(b)).Words(), " "); got != words {
			t.Errorf("%s: %s", seed, got)
		}
	}
}

func TestWrongWordsAreTold(t *testing.T) {
	good := RootFromSeed([32]byte{1}).Words()
	swap := append([]string(nil), good...)
	swap[0], swap[5] = swap[5], swap[0]
	odd := append([]string(nil), good...)
	odd[2] = "abandom"
	for want, words := range map[string][]string{
		"23 words":     good[1:],
		"out of place": swap,
		"word 3":       odd,
		"0 words":      nil,
	} {
		if _, err := RootFromWords(words); !errors.Is(err, ErrWords) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	shout := append([]string(nil), good...)
	shout[0] = " " + strings.ToUpper(shout[0])
	if _, err := RootFromWords(shout); err != nil {
		t.Error(err)
	}
}

func TestSecretsDoNotPrintOrCompare(t *testing.T) {
	p := newPerson(t, "alice")
	for name, v := range map[string]any{"root": p.root, "device": p.phone, "log": p.log("1"), "by value": *p.root} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); got != "redacted" {
				t.Errorf("%s %s: %s", name, verb, got)
			}
		}
		if got, err := json.Marshal(v); err != nil || string(got) != `"redacted"` {
			t.Errorf("%s as JSON: %s %v", name, got, err)
		}
		typ := reflect.TypeOf(v)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Comparable() {
			t.Errorf("%s can be compared", name)
		}
	}
}

// RFC 8032, section 7.1, tests 1 to 3.
func TestRFC8032(t *testing.T) {
	for _, v := range [][4]string{
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	} {
		var b [4][]byte
		for i, h := range v {
			var err error
			if b[i], err = hex.DecodeString(h); err != nil {
				t.Fatal(err)
			}
		}
		l := LogSignerFromSeed([32]byte(b[0]))
		if pub := l.Public(); hex.EncodeToString(pub[:]) != v[1] {
			t.Errorf("public key %x", pub)
		}
		if sig := l.Sign(b[2]); hex.EncodeToString(sig[:]) != v[3] {
			t.Errorf("signature %x", sig)
		}
	}
}

func TestDerivedLogsDiffer(t *testing.T) {
	d := newPerson(t, "alice").phone
	seen := map[[32]byte]string{}
	for _, l := range []struct{ purpose, context string }{{"a", ""}, {"a", "b"}, {"ab", ""}, {"b", ""}, {"b", "a"}} {
		key := d.DeriveLog(l.purpose, []byte(l.context)).Public()
		if other, ok := seen[key]; ok {
			t.Errorf("%v and %s give one key", l, other)
		}
		seen[key] = fmt.Sprint(l)
		if d.DeriveLog(l.purpose, []byte(l.context)).Public() != key {
			t.Errorf("%v gives two keys", l)
		}
	}
}

func TestSafetyNumber(t *testing.T) {
	a, b := newPerson(t, "alice").root.Card().UID(), newPerson(t, "bob").root.Card().UID()
	n := SafetyNumber(a, b)
	if n != SafetyNumber(b, a) {
		t.Error("not symmetric")
	}
	if len(n) != 60 || strings.Trim(n, "0123456789") != "" {
		t.Errorf("%q is not 60 digits", n)
	}
	if n == SafetyNumber(a, a) || !strings.Contains(n, a.SafetyID()) || !strings.Contains(n, b.SafetyID()) {
		t.Errorf("%q", n)
	}
}
