package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stage is one end in one phase, run in this process.
type stage struct {
	t     *testing.T
	quit  io.Closer
	lines *bufio.Scanner
	tell  io.Writer
	done  chan error
}

func begin(t *testing.T, phase string, p played) *stage {
	t.Helper()
	toRig, out := io.Pipe()
	in, fromRig := io.Pipe()
	p.out, p.in, p.measured = out, in, func() error { return nil }
	s := &stage{t, fromRig, bufio.NewScanner(toRig), fromRig, make(chan error, 1)}
	go func() {
		err := phases[phase](&p)
		out.CloseWithError(err)
		s.done <- err
	}()
	return s
}

// says waits for a result.
func (s *stage) says() map[string]any {
	s.t.Helper()
	if !s.lines.Scan() {
		s.t.Fatalf("ended early: %v", s.lines.Err())
	}
	said, ok := strings.CutPrefix(s.lines.Text(), "@@")
	var m map[string]any
	if err := json.Unmarshal([]byte(said), &m); err != nil || !ok {
		s.t.Fatalf("said %q: %v", s.lines.Text(), err)
	}
	return m
}

func (s *stage) end() {
	s.t.Helper()
	s.quit.Close()
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Fatal(err)
		}
	case <-time.After(time.Minute):
		s.t.Fatal("does not end")
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// All phases as the rig plays them, on a short log.
func TestPhases(t *testing.T) {
	dir := t.TempDir()
	a := played{home: home(filepath.Join(dir, "A")), port: freePort(t), count: 60, writers: 4}
	b := a
	b.home = home(filepath.Join(dir, "B"))
	for _, h := range []home{a.home, b.home} {
		if err := os.Mkdir(string(h), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w := begin(t, "append", a)
	if m := w.says(); m["append_s"] == nil {
		t.Fatalf("append says %v", m)
	}
	w.end()
	for _, held := range []bool{false, true} {
		w, r := begin(t, "serve", a), (*stage)(nil)
		w.says()
		r = begin(t, "pull", b)
		if m := r.says(); m["pull_s"] == nil || m["held0"] != held || m["rx"] == 0.0 {
			t.Fatalf("pull says %v", m)
		}
		r.end()
		w.end()
	}
}

func TestTextsAreNumbered(t *testing.T) {
	for _, i := range []int{0, 1, 999_999} {
		if got, ok := number(text(i)); !ok || got != i || len(text(i)) != textBytes {
			t.Errorf("text %d is read as %d, %v", i, got, ok)
		}
	}
	if i, ok := number(text(3)[:199] + "!"); ok {
		t.Errorf("a text that is not ours is number %d", i)
	}
	now := time.Unix(1_800_000_000, 0)
	if ms, ok := latency(liveText(7, now), now.Add(3*time.Millisecond)); !ok || ms != 3 {
		t.Errorf("latency %v, %v, want 3", ms, ok)
	}
}

func TestRatiosAreOursDividedByTheirs(t *testing.T) {
	in := strings.NewReader(`{"sys":"hypercore","N":10,"phase":"catchup","per_s":100,"lo_b_msg":400}
{"sys":"causeway","N":10,"phase":"catchup","per_s":900,"lo_b_msg":400}
{"sys":"causeway","N":10,"phase":"catchup","per_s":1000,"lo_b_msg":400}
{"sys":"causeway","N":10,"phase":"catchup","per_s":5000,"lo_b_msg":400}
`)
	var out strings.Builder
	if err := ratios(in, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if f := strings.Fields(lines[2]); f[0] != "hypercore" || f[3] != "100" || f[4] != "10.0" {
		t.Errorf("the rival's line is %q", lines[2])
	}
}
