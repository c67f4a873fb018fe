package tests

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The lines that the README and the contract of the command line end with: two
// people on one machine, from nothing.
const twoPeople = `peer --home ./a init --name Alice --no-passphrase && peer --home ./a serve --network private:try --listen /ip4/127.0.0.1/tcp/0 --dht-server &
peer --home ./a wait --for online --timeout 20s && peer --home ./b init --name Bob --no-passphrase && peer --home ./b serve --network private:try --listen /ip4/127.0.0.1/tcp/0 --bootstrap "$(peer --home ./a id --json | jq -r .addrs[0])" &
peer --home ./b wait --for online --timeout 20s && peer --home ./b accept "$(peer --home ./a invite --json | jq -r .invite)" && peer --home ./b wait --for contact=@Alice --timeout 20s
peer --home ./b send @Alice "hello" --wait delivered --timeout 20s && peer --home ./a log @Bob
`

// filter does what the lines ask of jq: -r .KEY and -r .KEY[0], of one line.
const filter = `#!/bin/sh
key=${2#.}
exec sed -n 's/.*"'"${key%\[0\]}"'" *: *\[* *"\([^"]*\)".*/\1/p'
`

func TestTwoPeopleOnOneMachineAsWritten(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```\n"+twoPeople+"```") {
		t.Error("the README has other lines")
	}
	exe, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out, err := runLines(t, dir, twoPeople, filepath.Dir(exe)+":"+tools(t)+":"+os.Getenv("PATH"))
	if err != nil || !strings.Contains(out, "hello") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// tools is a folder with a stand-in for jq, if the machine has none.
func tools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, "jq")
	if err := os.WriteFile(at, []byte(filter), 0o700); err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]string{".addrs[0]": "/ip4/1", ".invite": "causeway:x"} {
		c := exec.Command(at, "-r", question)
		c.Stdin = strings.NewReader(`{"v":1,"addrs":["/ip4/1","/ip4/2"],"invite":"causeway:x","uses":1}` + "\n")
		if got, err := c.Output(); err != nil || strings.TrimSpace(string(got)) != want {
			t.Fatalf("the stand-in for jq says %q of %s, %v", got, question, err)
		}
	}
	if _, err := exec.LookPath("jq"); err == nil {
		return filepath.Join(dir, "none")
	}
	return dir
}

// runLines gives lines to a shell, and ends what they left in the background.
func runLines(t *testing.T, dir, lines, path string) (said string, failed error) {
	t.Helper()
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	c := exec.Command("sh", "-c", lines)
	c.Dir, c.Stdout, c.Stderr = dir, to, to
	c.Env = append(os.Environ(), "PATH="+path)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = c.Start()
	to.Close()
	if err != nil {
		t.Fatal(err)
	}
	all := make(chan string)
	go func() {
		b, _ := io.ReadAll(from)
		all <- string(b)
	}()
	failed = c.Wait()
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // the two nodes
	return <-all, failed                              // the pipe ends with the last of them
}
