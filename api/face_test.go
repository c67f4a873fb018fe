package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"causeway/api"
)

// Text from strangers does nothing to a terminal.
func TestAttack44_HostileText(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 🐙 مرحبا":   "plain ünïcode 🐙 مرحبا",
		"\x1b[2J\x1b]0;pwned\x07": "␛[2J␛]0;pwned␇",
		"\u009b31m":               "‹U+009B›31m",
		"invoice\u202egnp.exe":    "invoice‹U+202E›gnp.exe",
		"a\u2066b\u2069":          "a‹U+2066›b‹U+2069›",
		"a\u200bb\ufeffc":         "a‹U+200B›b‹U+FEFF›c",
		"\U000e0041":              "‹U+E0041›",
		"over\rwritten\b\b":       "over␍written␈␈",
		"tab\there":               "tab    here",
		"family 👨\u200d👩\u200d👧 می\u200cخواهم": "family 👨\u200d👩\u200d👧 می\u200cخواهم",
		"two\nlines":                 "two\nlines",
		"bad \xff utf8":              "bad \ufffd utf8",
		"line\u2028break\u0085x\x7f": "line‹U+2028›break‹U+0085›x␡",
	} {
		if got := api.Inert(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	if got := api.InertLine("Alice\n12:00 Bob: yes"); strings.ContainsRune(got, '\n') {
		t.Errorf("a name makes a second line: %q", got)
	}
}

func TestInertJSONKeepsTheValue(t *testing.T) {
	in := map[string]string{"text": "a\u202eb\x1b[31m\n\U000e0041\u009b é 🐙"}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out := api.InertJSON(b)
	if strings.ContainsAny(string(out), "\u202e\x1b\U000e0041\u009b") {
		t.Errorf("still active: %q", out)
	}
	var back map[string]string
	if err := json.Unmarshal(out, &back); err != nil || back["text"] != in["text"] {
		t.Errorf("the value changed to %q: %v", back["text"], err)
	}
}

// Every state has its own words and three cells of stones, and nothing is filled that nobody signed.
func TestLooks(t *testing.T) {
	words := map[string]api.State{}
	for _, s := range []api.State{api.StateDraft, api.StateQueued, api.StateParked, api.StateSent, api.StateDelivered, api.StateRead, api.StateExpired, api.StateFailed} {
		l := api.LookOf(s, api.Share{}, api.Share{})
		if utf8.RuneCountInString(l.Stones) != 3 || l.Mark == "" || l.Words == "" {
			t.Errorf("%s looks like %+v", s, l)
		}
		if other, taken := words[l.Words]; taken {
			t.Errorf("%s and %s are both told as %q", s, other, l.Words)
		}
		words[l.Words] = s
	}
	for _, x := range []struct {
		state    api.State
		copies   api.Share
		receipts api.Share
		want     api.Look
	}{
		{api.StateParked, api.Share{Have: 2, Want: 3}, api.Share{}, api.Look{Stones: "●●○", Mark: "⬒ 2/3", Words: "parked with 2 of 3 custodians"}},
		{api.StateParked, api.Share{Have: 1, Want: 1}, api.Share{}, api.Look{Stones: "●●●", Mark: "⬒ 1/1", Words: "parked with 1 of 1 custodians"}},
		{api.StateParked, api.Share{Have: 1, Want: 5}, api.Share{}, api.Look{Stones: "●○○", Mark: "⬒ 1/5", Words: "parked with 1 of 5 custodians"}},
		{api.StateQueued, api.Share{Want: 3}, api.Share{}, api.Look{Stones: "○○○", Mark: "◷", Words: "queued on this device"}},
		{api.StateSent, api.Share{Have: 2, Want: 3}, api.Share{Have: 1, Want: 1}, api.Look{Stones: "───", Mark: "→", Words: "handed over"}},
		{api.StateSent, api.Share{}, api.Share{Have: 1, Want: 3}, api.Look{Stones: "───", Mark: "→ 1/3", Words: "handed over to 1 of 3"}},
		{api.StateDelivered, api.Share{}, api.Share{Have: 4, Want: 6}, api.Look{Stones: "━━━", Mark: "✓✓ 4/6", Words: "delivered to 4 of 6"}},
		{api.StateDelivered, api.Share{}, api.Share{Have: 1, Want: 1}, api.Look{Stones: "━━━", Mark: "✓✓", Words: "delivered"}},
	} {
		if got := api.LookOf(x.state, x.copies, x.receipts); got != x.want {
			t.Errorf("%s %v %v looks like %+v, want %+v", x.state, x.copies, x.receipts, got, x.want)
		}
	}
}

func TestLookNamesCustodians(t *testing.T) {
	until := time.Date(2026, 12, 21, 12, 0, 0, 0, time.Local)
	m := api.MessageStatus{
		State: api.StateParked, Copies: api.Share{Have: 3, Want: 3},
		Parked: []api.ParkedAt{{Name: "Carol", Until: until.Add(48 * time.Hour)}, {Name: "Dave", Until: until}, {Name: "Erin", Until: until.Add(time.Hour)}},
	}
	if got, want := m.Look(), (api.Look{Stones: "●●●", Mark: "⬒ 3/3", Words: "parked with Carol, Dave and Erin until 21 Dec"}); got != want {
		t.Errorf("looks like %+v, want %+v", got, want)
	}
}

// The document that programs read is made from the code and names every operation.
func TestOpenAPI(t *testing.T) {
	b, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for path, ops := range doc.Paths {
		if !strings.HasPrefix(path, "/v1/") {
			t.Errorf("%s is outside /v1", path)
		}
		n += len(ops)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || n < 31 {
		t.Errorf("version %s with %d operations", doc.OpenAPI, n)
	}
	if bytes := string(b); strings.Contains(bytes, "$schema") {
		t.Error("answers carry $schema")
	}
}
