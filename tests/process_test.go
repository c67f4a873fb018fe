package tests

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"causeway/api"
)

// processTime bounds what a process is waited for; nothing here takes nearly as
// long.
const processTime = time.Minute

// program is the real peer command, built once for all tests that run it.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		return "", err
	}
	programDir = dir
	exe := filepath.Join(dir, "peer")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", exe, "causeway/cmd/peer").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return exe, nil
})

var programDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if programDir != "" {
		os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// process is a user whose node runs as a process on loopback.
type process struct {
	*api.Client
	t    *testing.T
	name string
	exe  string
	home string
	meet string // address of the node to meet first; empty: none

	cmd   *exec.Cmd // nil: not running
	words *bytes.Buffer
}

// settle makes a user with a home.
func settle(t *testing.T, name, meet string) *process {
	t.Helper()
	exe, err := program()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, name: name, exe: exe, home: filepath.Join(t.TempDir(), name), meet: meet}
	if out, err := exec.Command(exe, "--home", p.home, "init", "--name", name, "--no-passphrase").CombinedOutput(); err != nil {
		t.Fatalf("%s init: %v\n%s", name, err, out)
	}
	t.Cleanup(p.kill)
	return p
}

// begin starts the node and returns its first line, which comes when the API
// answers.
func (p *process) begin() <-chan []byte {
	p.t.Helper()
	args := []string{
		"--home", p.home, "--json", "serve", "--api", "127.0.0.1:0", "--listen", "/ip4/127.0.0.1/tcp/0",
		"--network", "private:processes", "--dht-server",
	}
	if p.meet != "" {
		args = append(args, "--bootstrap", p.meet)
	}
	p.cmd, p.words = exec.Command(p.exe, args...), &bytes.Buffer{}
	p.cmd.Stderr = p.words
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	line := make(chan []byte, 1)
	go func() {
		b, _ := bufio.NewReader(out).ReadBytes('\n') // nothing, if it was killed before
		line <- b
	}()
	return line
}

// start brings the node up and waits for its line "ready".
func (p *process) start() (addr string) {
	p.t.Helper()
	line := p.begin()
	var ready struct {
		Addrs  []string `json:"addrs"`
		Socket string   `json:"socket"`
	}
	select {
	case b := <-line:
		if err := json.Unmarshal(b, &ready); err != nil || len(ready.Addrs) == 0 {
			p.kill()
			p.t.Fatalf("%s does not get ready: %q\n%s", p.name, b, p.words)
		}
	case <-time.After(processTime):
		p.kill()
		p.t.Fatalf("%s is not ready after %v\n%s", p.name, processTime, p.words)
	}
	p.Client = api.Dial(ready.Socket)
	return ready.Addrs[0]
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // "signal: killed"
	p.cmd = nil
	if p.Client != nil {
		p.Client.Close()
	}
}

// until asks again after each event of the node until the answer is yes.
func (p *process) until(what string, is func(ctx context.Context) bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), processTime)
	defer cancel()
	if is(ctx) {
		return
	}
	for _, err := range p.Events(ctx, 0) {
		if err != nil {
			p.t.Fatalf("%s waits until %s: %v\n%s", p.name, what, err, p.words)
		}
		if is(ctx) {
			return
		}
	}
	p.t.Fatalf("%s waited in vain until %s\n%s", p.name, what, p.words)
}

// meets makes two users contacts.
func (p *process) meets(other *process) {
	p.t.Helper()
	ctx := p.t.Context()
	inv, err := p.CreateInvite(ctx, 0, 1)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := other.Accept(ctx, inv.Invite, ""); err != nil {
		p.t.Fatal(err)
	}
	for _, pair := range [][2]*process{{p, other}, {other, p}} {
		pair[0].until(pair[1].name+" is a contact", func(ctx context.Context) bool {
			l, err := pair[0].Contacts(ctx)
			for _, c := range l.Contacts {
				if err == nil && c.Name == pair[1].name && c.State == "accepted" {
					return true
				}
			}
			return false
		})
	}
}

// texts lists everything said in a conversation, in display order.
func (p *process) texts(ctx context.Context, target string) ([]string, error) {
	var out []string
	for before := ""; ; {
		page, err := p.Log(ctx, target, api.Page{Limit: 1000, Before: before})
		if err != nil || len(page.Messages) == 0 {
			return out, err
		}
		before = page.Messages[0].ID
		var said []string
		for _, m := range page.Messages {
			if m.Kind == "text" {
				said = append(said, m.Text)
			}
		}
		out = append(said, out...)
	}
}
