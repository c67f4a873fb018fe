package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"causeway/api"
)

// person is one user of the demo: a home, and while it runs, a process of this same program.
type person struct {
	*api.Client
	name string
	home string
	exe  string
	net  string
	meet string // multiaddr of the node to meet first; empty for the first

	process *exec.Cmd // nil: stopped
	ready   ready
}

// command is one run of the command line with this person's home.
func (p *person) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.exe, append([]string{"--home", p.home, "--json"}, args...)...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 2 * time.Second
	return c
}

// setUp makes the user.
func (p *person) setUp(ctx context.Context) error {
	out, err := p.command(ctx, "init", "--name", p.name, "--no-passphrase").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s init: %w: %s", p.name, err, out)
	}
	return nil
}

// start runs the node and waits for its line "ready". Without a network it listens to nobody.
func (p *person) start(ctx context.Context, network bool) error {
	args := []string{"serve", "--api", "127.0.0.1:0", "--listen", "/ip4/127.0.0.1/tcp/0"}
	switch {
	case !network:
		args = append(args, "--network", "none")
	case p.meet == "":
		args = append(args, "--network", p.net, "--dht-server")
	default:
		args = append(args, "--network", p.net, "--bootstrap", p.meet)
	}
	c := p.command(context.WithoutCancel(ctx), args...) // it outlives the step that starts it
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c.Stderr = log
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	p.process = c
	defer context.AfterFunc(ctx, func() { c.Process.Kill() })() //nolint:errcheck // Wait tells
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.ready)
	}
	if err != nil {
		return fmt.Errorf("%s's node did not start: %w: %s", p.name, err, p.lastWords())
	}
	p.Client = api.Dial(p.ready.Socket)
	return nil
}

// stop ends the node as a shutdown of the machine would, and tells how long that took.
func (p *person) stop() (time.Duration, error) {
	if p.process == nil {
		return 0, nil
	}
	began := time.Now()
	c := p.process
	p.process = nil
	p.Client.Close()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	err := c.Wait()
	took := time.Since(began)
	if err != nil {
		return took, fmt.Errorf("%s's node stopped badly: %w: %s", p.name, err, p.lastWords())
	}
	return took, nil
}

// away says whether no process runs for this person and nobody answers at the socket.
func (p *person) away(ctx context.Context) bool {
	_, err := p.Client.Self(ctx)
	return p.process == nil && api.KindOf(err) == api.KindNotRunning
}

func (p *person) logFile() string { return filepath.Join(filepath.Dir(p.home), p.name+".log") }

func (p *person) lastWords() string {
	b, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], " / ")
}

// say writes texts to a target and returns the last one's id.
func say(ctx context.Context, p *person, target string, texts ...string) (id string, err error) {
	for _, text := range texts {
		sent, err := p.Send(ctx, target, text, "")
		if err != nil {
			return "", fmt.Errorf("%s to %s: %w", p.name, target, err)
		}
		id = sent.ID
	}
	return id, nil
}

// read is what stands in a conversation, oldest first.
func read(ctx context.Context, c *api.Client, target string) ([]string, error) {
	t, err := c.Log(ctx, target, api.Page{Limit: 1000})
	var texts []string
	for _, m := range t.Messages {
		if m.Kind == "text" {
			texts = append(texts, m.Text)
		}
	}
	return texts, err
}

// sees waits until a person has a text in a conversation.
func sees(ctx context.Context, p *person, target, text string) error {
	err := until(ctx, p.Client, func(ctx context.Context, c *api.Client) (bool, error) {
		t, err := c.Log(ctx, target, api.Page{Limit: 10})
		if api.KindOf(err) == api.KindNotFound {
			return false, nil
		}
		return slices.ContainsFunc(t.Messages, func(m api.Message) bool { return m.Text == text }), err
	})
	if err != nil {
		return fmt.Errorf("%s does not see %q: %w", p.name, brief(text), err)
	}
	return nil
}

// reaches waits until a message of p has come as far as state.
func reaches(ctx context.Context, p *person, id string, state api.State) (api.MessageStatus, error) {
	var m api.MessageStatus
	err := until(ctx, p.Client, func(ctx context.Context, c *api.Client) (ok bool, err error) {
		m, err = c.Message(ctx, id)
		return progress[m.State] >= progress[state], err
	})
	if err != nil {
		err = fmt.Errorf("%s's message is %s, not %s: %w", p.name, m.State, state, err)
	}
	return m, err
}
