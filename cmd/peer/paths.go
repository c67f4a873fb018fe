package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"text/tabwriter"

	"causeway/api"

	"github.com/spf13/cobra"
)

// paths are the places of one home.
type paths struct {
	V      api.V1 `json:"v"`
	Config string `json:"config"` // file
	Data   string `json:"data"`   // folder of the next two
	Store  string `json:"store"`  // the encrypted database
	Key    string `json:"key"`    // its key, only with --no-passphrase
	State  string `json:"state"`  // folder of the next one
	Token  string `json:"token"`  // of the loopback port
	Socket string `json:"socket"` // of the local API
}

const (
	program       = "causeway"
	maxSocketPath = 107 // sun_path holds 108 bytes with its final zero
)

var goodProfile = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

// paths finds the places for --home and --profile, else those of the XDG rules.
func (a *app) paths() (paths, error) {
	profile := first(a.profile, os.Getenv("CAUSEWAY_PROFILE"))
	if profile != "" && !goodProfile.MatchString(profile) {
		return paths{}, usage("%q cannot be a profile: use letters, digits, '.', '-' and '_'", profile)
	}
	if home := first(a.home, os.Getenv("CAUSEWAY_HOME")); home != "" {
		return underHome(home, profile)
	}
	return xdg(first(profile, "default"))
}

func underHome(home, profile string) (paths, error) {
	dir, err := filepath.Abs(filepath.Join(home, profile))
	if err == nil {
		err = isFolder(dir)
	}
	if err != nil {
		return paths{}, err
	}
	return places(filepath.Join(dir, "config.toml"), filepath.Join(dir, "data"), filepath.Join(dir, "state"), filepath.Join(dir, "run", "peer.sock")), nil
}

func xdg(profile string) (paths, error) {
	base := func(env, fallback string) (string, error) {
		if dir := os.Getenv(env); filepath.IsAbs(dir) {
			return filepath.Join(dir, program), nil
		}
		home, err := os.UserHomeDir()
		if err != nil || !filepath.IsAbs(home) {
			return "", usage("this user has no home folder: say with --home DIR where to keep things")
		}
		return filepath.Join(home, fallback, program), nil
	}
	config, err := base("XDG_CONFIG_HOME", ".config")
	if err != nil {
		return paths{}, err
	}
	data, err := base("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return paths{}, err
	}
	state, err := base("XDG_STATE_HOME", ".local/state")
	if err != nil {
		return paths{}, err
	}
	socket := filepath.Join(state, profile, "run", "peer.sock")
	if dir := runtimeDir(); dir != "" {
		socket = filepath.Join(dir, program, profile+".sock")
	}
	return places(filepath.Join(config, profile, "config.toml"), filepath.Join(data, profile), filepath.Join(state, profile), socket), nil
}

func places(config, data, state, socket string) paths {
	return paths{
		Config: config, Data: data, Store: filepath.Join(data, "store"), Key: filepath.Join(data, "store.key"),
		State: state, Token: filepath.Join(state, "api-token"), Socket: shortSocket(socket),
	}
}

// shortSocket keeps path if the system can bind it; otherwise the socket moves to a short place
// that every verb finds again, because its name is a hash of the path.
func shortSocket(path string) string {
	if len(path) <= maxSocketPath {
		return path
	}
	dir := runtimeDir()
	if dir == "" {
		dir = filepath.Join("/tmp", program+"-"+strconv.Itoa(os.Getuid()))
	} else {
		dir = filepath.Join(dir, program)
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(dir, hex.EncodeToString(sum[:10])+".sock")
}

// runtimeDir is the folder for sockets of this user, also for a job that runs without the
// environment of a login.
func runtimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return dir
	}
	dir := filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	if info, err := os.Stat(dir); err == nil && info.IsDir() && info.Mode().Perm() == 0o700 {
		return dir
	}
	return ""
}

func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

func (a *app) pathsVerb() *cobra.Command {
	return verb("paths", "Where config, data, state and socket are", nothing, func(context.Context, []string) error {
		p, err := a.paths()
		if err != nil {
			return err
		}
		return a.show(p, func(w io.Writer) {
			t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
			for _, row := range [][2]string{
				{"config", p.Config}, {"data", p.Data}, {"store", p.Store}, {"key", p.Key},
				{"state", p.State}, {"token", p.Token}, {"socket", p.Socket},
			} {
				fmt.Fprintf(t, "%s\t%s\n", row[0], api.InertLine(row[1]))
			}
			t.Flush()
		})
	})
}
