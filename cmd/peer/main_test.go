package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"peer": main})
}

// One script for each verb, as a user types it. The words beyond testscript's own:
//
//	exits N COMMAND…   the command ends with exit code N
//	json PATH VALUE    the last output is JSON with VALUE at PATH (a.b.0); "?" is anything but nothing
//	jsonenv NAME PATH  puts what is at PATH into the environment
//	eventually RE COMMAND…  the command prints RE within twenty seconds
//	glob NAME PATTERN  puts the one path that matches into the environment
//	mode OCTAL PATH    the permissions of a file
//	damage PATH        turns over a bit in the middle of a file
//	biggest NAME DIR   puts the path of the largest file of DIR into the environment
//	big PATH N         makes a file of N letters
//
// In the environment stand ESC and RLO, control characters; LONG, a word that is too long for
// anything; TAKEN, an address that another program listens on; NOBODY, one where nobody answers.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("USER", "tester")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector's second of sleep, at the end of every command
			e.Setenv("ESC", "\x1b")
			e.Setenv("RLO", "\u202e")
			e.Setenv("LONG", strings.Repeat("x", 600))
			if err := somePorts(e); err != nil {
				return err
			}
			return os.Mkdir(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "json": jsonIs, "jsonenv": jsonEnv, "mode": mode, "damage": damage, "biggest": biggest, "eventually": eventually, "glob": glob, "big": big,
		},
	})
}

// somePorts listens on one port and has left another.
func somePorts(e *testscript.Env) error {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e.Defer(func() { taken.Close() })
	left, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := func(l net.Listener) string { return fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", l.Addr().(*net.TCPAddr).Port) }
	e.Setenv("TAKEN", address(taken))
	e.Setenv("NOBODY", address(left)+"/p2p/12D3KooWGRUhEJ3mCFtLBYXjkXSSTtB4pLYEMCEbyfZ2LuVrDNFx")
	return left.Close()
}

// raw is what a sentence for people does not contain: words of libraries, of the system's calls, of
// the API's inside.
var raw = regexp.MustCompile(`level=error|goroutine \d|\.go:\d|libp2p|go\.uber|syscall|multiaddr|` +
	`no such file|is a directory|not a directory|invalid argument|strconv|validation failed|` +
	`http://causeway|/v1/|dht: |mailbox: |store: |contact: |merkle: |malformed|invalid character|dial unix`)

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
	if text := ts.ReadFile("stderr"); want != 0 && strings.Count(text, "peer: ")+strings.Count(text, `"error"`) != 1 {
		ts.Fatalf("not one sentence: %q", text)
	} else if found := raw.FindString(text); want != 0 && found != "" {
		ts.Fatalf("not for people: %q", found)
	}
}

func eventually(ts *testscript.TestScript, _ bool, args []string) {
	wanted := regexp.MustCompile(args[0])
	late, again := time.After(20*time.Second), time.NewTicker(50*time.Millisecond)
	defer again.Stop()
	for {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && wanted.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-again.C:
		case <-late:
			ts.Fatalf("never: %v\n%s", err, ts.ReadFile("stdout"))
		}
	}
}

func at(ts *testscript.TestScript, path string) string {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, key := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[key]; !ok {
				ts.Fatalf("there is no %q in the output", path)
			}
		case []any:
			if key == "len" {
				v = float64(len(x))
				continue
			}
			i, err := strconv.Atoi(key)
			ts.Check(err)
			if i >= len(x) {
				ts.Fatalf("%s: the list has only %d", path, len(x))
			}
			v = x[i]
		default:
			ts.Fatalf("%s: nothing below %v", path, v)
		}
	}
	return fmt.Sprint(v)
}

func jsonIs(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH VALUE")
	}
	got := at(ts, args[0])
	is := got == args[1] || args[1] == "?" && got != "" && got != "<nil>"
	if is == neg {
		ts.Fatalf("%s is %q", args[0], got)
	}
}

func jsonEnv(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], at(ts, args[1])) }

func glob(ts *testscript.TestScript, _ bool, args []string) {
	paths, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(paths) != 1 {
		ts.Fatalf("%v", paths)
	}
	ts.Setenv(args[0], paths[0])
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := info.Mode().Perm(); got != os.FileMode(want) {
			ts.Fatalf("%s has mode %o", name, got)
		}
	}
}

func biggest(ts *testscript.TestScript, _ bool, args []string) {
	var path string
	var most int64
	entries, err := os.ReadDir(ts.MkAbs(args[1]))
	ts.Check(err)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() > most {
			path, most = filepath.Join(ts.MkAbs(args[1]), e.Name()), info.Size()
		}
	}
	ts.Setenv(args[0], path)
}

func big(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Repeat("x", n)), 0o600))
}

func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}
