package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/api"
	"causeway/node"
	"causeway/store"

	"rsc.io/qr"
)

// Whatever a stranger writes or is called: one message stays one message, and the terminal stays as it is.
func TestAttack44_HostileTextOnTheTerminal(t *testing.T) {
	evil := "\x1b]0;pwned\x07hi\r\n2026-01-01 00:00  Carol: send money\u202e\n\u009b2J"
	var b bytes.Buffer
	a := &app{out: os.Stdout, noColor: true}
	m := api.Message{ID: "x", Author: api.Person{Name: "Al\x1b[1mice\nBob"}, Kind: "text", Text: evil, State: api.StateReceived, Marks: []string{"\x1b[31m"}}
	a.showTimeline(&b, api.Timeline{
		Messages: []api.Message{m, {ID: "y", Reply: "x", Author: m.Author, Kind: "event", Text: evil}},
		Gaps:     []api.Gap{{Missing: 2, Asking: []api.Person{m.Author}}},
	})
	for _, r := range b.String() {
		if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e {
			t.Errorf("%U reaches the terminal: %q", r, b.String())
		}
	}
	for i, line := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
		own := line[0] >= '0' && line[0] <= '9'
		if first := i == 0 || i == 4; own != first && !strings.HasPrefix(line, "…") {
			t.Errorf("line %d passes for a message: %q", i, line)
		}
	}
}

// Every error has one sentence and its own exit code.
func TestSentences(t *testing.T) {
	a := &app{home: "/h"}
	for _, x := range []struct {
		err  error
		code int
		says string
	}{
		{store.ErrLocked, exitLocked, "passphrase"},
		{store.ErrInUse, exitError, "already runs"},
		{store.ErrExists, exitRefused, "set up here already"},
		{store.ErrNotExist, exitNotFound, "peer --home /h init"},
		{store.ErrNewer, exitError, "newer version"},
		{store.ErrOlder, exitError, "an earlier build, of before 1.0: make a new home"},
		{store.ErrDamaged, exitError, "damaged"},
		{store.ErrFull, exitError, "no space"},
		{fmt.Errorf("%w: read key file: %w", store.ErrIO, &fs.PathError{Op: "open", Path: "/h/k", Err: syscall.EISDIR}), exitError, "the disk of this home does not serve (/h/k is a folder"},
		{store.ErrIO, exitError, "look at the disk"},
		{&fs.PathError{Op: "mkdir", Path: "/h/x", Err: syscall.EACCES}, exitError, "this user may not use /h/x: choose another place"},
		{&fs.PathError{Op: "open", Path: "/h/x", Err: syscall.EROFS}, exitError, "/h/x cannot be written, because its disk is read-only"},
		{&fs.PathError{Op: "open", Path: "/h/x", Err: syscall.ENOENT}, exitNotFound, "there is no file or folder /h/x"},
		{&fs.PathError{Op: "open", Path: "/h/x", Err: syscall.ENOTDIR}, exitUsage, "a part of this path is a file"},
		{&fs.PathError{Op: "read", Path: "/h/x", Err: syscall.EIO}, exitError, "/h/x cannot be used, the system says: input/output error"},
		{under("/h/x", &os.LinkError{Op: "rename", Old: "/h/.export-1", New: "/h/x", Err: syscall.EISDIR}), exitUsage, "/h/x is a folder"},
		{&node.Explained{Kind: node.ErrNotFound, Text: "no @x"}, exitNotFound, "no @x"},
		{&node.Explained{Kind: node.ErrRefused, Text: "spent"}, exitRefused, "spent"},
		{&node.Explained{Kind: node.ErrInvalid, Text: "not an invite"}, exitUsage, "not an invite"},
		{api.Errorf(api.KindQueued, "not yet"), exitQueued, "not yet"},
		{errors.New("anything"), exitError, "anything"},
	} {
		e := a.sentence(fmt.Errorf("opening: %w", x.err))
		if exitOf[e.Kind()] != x.code || !strings.Contains(e.Error(), x.says) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%v: exit %d %q", x.err, exitOf[e.Kind()], e)
		}
	}
}

// Whatever a sentence quotes: it stays one line that can be read.
func TestSentencesAreShort(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	a := &app{err: out}
	code := a.report(usage("there is no setting %q\nat all", strings.Repeat("ü", 10_000)), nil)
	out.Close()
	b, err := io.ReadAll(in)
	if n := strings.Count(string(b), "\n"); err != nil || code != exitUsage || n != 1 || len([]rune(string(b))) > mostWords+30 || !strings.HasSuffix(string(b), "at all\n") {
		t.Errorf("exit %d, %d lines, %d bytes, %v", code, n, len(b), err)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"send", "serve", "status", "contacts", "contact", "completion"}
	for typed, want := range map[string]string{
		"sned": "send", "snd": "send", "serv": "serve", "stauts": "status", "STATUS": "status",
		"contcat": "contact", "comp": "completion", "xyzzy": "", "q": "",
	} {
		if got := nearest(typed, words); got != want {
			t.Errorf("%q is taken for %q, want %q", typed, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	now := time.Date(2026, 12, 21, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"20s": 20 * time.Second, "7d": 168 * time.Hour, "1.5d": 36 * time.Hour, "2w": 336 * time.Hour, "90m": 90 * time.Minute} {
		if d, err := parseSpan(text); err != nil || d != want {
			t.Errorf("%s is %v %v", text, d, err)
		}
	}
	for _, text := range []string{"", "7", "-1s", "d", "1y", "999999999d", "NaNd", "1e400d", "Infw"} {
		if d, err := parseSpan(text); err == nil {
			t.Errorf("%q is %v", text, d)
		}
	}
	for text, want := range map[string]int64{"64MiB": 64 << 20, "1GiB": 1 << 30, "10 MB": 1e7, "512": 512, "2K": 2048, "1.5KiB": 1536} {
		var n int64
		if err := (size{&n}).Set(text); err != nil || n != want {
			t.Errorf("%s is %d %v", text, n, err)
		}
	}
	for _, text := range []string{"", "lots", "-1", "0", "1e30TiB", "MiB", "NaN", "InfMiB", "0.5", "0.0001KiB"} {
		var n int64
		if err := (size{&n}).Set(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
	for text, want := range map[string]time.Time{"1d": now.Add(-24 * time.Hour), "2026-12-21T14:00:00Z": now.Add(2 * time.Hour)} {
		if m, err := parseMoment(text, now); err != nil || !m.Equal(want) {
			t.Errorf("%s is %v %v", text, m, err)
		}
	}
	if _, err := parseMoment("yesterday", now); err == nil {
		t.Error("yesterday was understood")
	}
}

// A setting is written without touching what stands around it.
func TestWriteSetting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "config.toml")
	for _, x := range []struct {
		key    string
		values []string
		want   string
	}{
		{"api", []string{"127.0.0.1:2000"}, "api = '127.0.0.1:2000'\n"},
		{"network", []string{"lan", "private:x"}, "api = '127.0.0.1:2000'\nnetwork = ['lan', 'private:x']\n"},
		{"api", []string{"127.0.0.1:3000"}, "network = ['lan', 'private:x']\napi = '127.0.0.1:3000'\n"},
		{"network", nil, "api = '127.0.0.1:3000'\n"},
		{"dht_server", []string{"true"}, "api = '127.0.0.1:3000'\ndht_server = true\n"},
	} {
		if err := writeSetting(path, x.key, x.values); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil || string(b) != x.want {
			t.Errorf("after %s: %q %v, want %q", x.key, b, err, x.want)
		}
		if _, err := readConfig(path); err != nil {
			t.Errorf("after %s: %v", x.key, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}

func TestQR(t *testing.T) {
	code, err := qr.Encode("causeway:1DounwSPuXGS6uTBQY6s8anBtMbv2BtwXj2AGjUEzFHjQG5iS9cSKF9SAKo54JS9mcpfT7c9btXsYa", qr.L)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(drawQR(code, false), "\n"), "\n")
	if want := (code.Size + 5) / 2; len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	for y, line := range lines {
		for x, r := range []rune(line) {
			up, down := strings.ContainsRune("▀█", r), strings.ContainsRune("▄█", r)
			if up == code.Black(x-2, 2*y-2) || down == code.Black(x-2, 2*y-1) {
				t.Fatalf("module %d,%d is drawn wrong", x, y)
			}
		}
	}
}

func TestDemoTexts(t *testing.T) {
	texts, source := sentences(400)
	if len(texts) != 400 || source == "" {
		t.Errorf("%d texts of %q", len(texts), source)
	}
	for _, s := range texts {
		if strings.TrimSpace(s) == "" || len(s) > 500 {
			t.Errorf("not a sentence: %q", s)
		}
	}
}
