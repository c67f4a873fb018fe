package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"causeway/api"
	"causeway/dht"
	"causeway/node"
	"causeway/store"

	"github.com/spf13/cobra"
)

const closeWait = 1500 * time.Millisecond // a stopped node has this long; what it acknowledged is on disk already

// ready is the line that `peer serve` prints when the API answers.
type ready struct {
	V      api.V1   `json:"v"`
	Event  string   `json:"event"`
	UID    string   `json:"uid"`
	Name   string   `json:"name"`
	PeerID string   `json:"peer_id"`
	Addrs  []string `json:"addrs"`
	API    string   `json:"api"`
	URL    string   `json:"url"`
	Socket string   `json:"socket"`
	Home   string   `json:"home,omitempty"` // with --temp
}

// serving is how one run of a node was asked for.
type serving struct {
	secrets
	opens   *store.Unlock // known already: nobody has to be asked
	temp    bool
	name    string // with --temp
	onReady func(context.Context, ready)
}

func (a *app) serveVerb() *cobra.Command {
	var s serving
	flags := map[string]*[]string{"listen": new([]string), "network": new([]string), "bootstrap": new([]string)}
	var addr string
	var server bool
	c := verb("serve", "Run the node in the foreground", nothing, nil)
	c.RunE = func(c *cobra.Command, _ []string) error {
		given := map[string][]string{}
		for key, values := range flags {
			if c.Flags().Changed(key) {
				given[key] = *values
			}
		}
		if c.Flags().Changed("api") {
			given["api"] = []string{addr}
		}
		if c.Flags().Changed("dht-server") {
			given["dht_server"] = []string{fmt.Sprint(server)}
		}
		return a.serve(c.Context(), s, given)
	}
	c.Example = "  peer serve\n  peer serve --network private:friends --listen /ip4/0.0.0.0/udp/4001/quic-v1 --dht-server\n  peer serve --temp --network lan"
	f := c.Flags()
	f.StringArrayVar(flags["listen"], "listen", nil, "listen on the multiaddr `MA` (may be repeated)")
	f.StringArrayVar(flags["network"], "network", nil, "`NET` is public, private:NAME, lan or none (may be repeated)")
	f.StringArrayVar(flags["bootstrap"], "bootstrap", nil, "meet the node at `MA` first (may be repeated)")
	f.BoolVar(&server, "dht-server", false, "serve the DHT to others: for a box that is reachable")
	f.StringVar(&addr, "api", "", "`127.0.0.1:PORT` for the local API (port 0: any)")
	f.BoolVar(&s.temp, "temp", false, "a throw-away home, deleted at the end: for trying out")
	f.StringVar(&s.name, "name", "Guest", "who you are with --temp")
	s.flags(c)
	return c
}

// serve runs the node until ctx ends.
func (a *app) serve(ctx context.Context, s serving, given map[string][]string) error {
	if s.temp {
		end, err := a.throwAway(&s)
		if err != nil {
			return err
		}
		defer end()
	}
	cfg, p, err := a.config()
	if err != nil {
		return err
	}
	for key, values := range given {
		if err := cfg.put(key, "flag", values); err != nil {
			return err
		}
	}
	if s.opens == nil {
		unlock, err := s.unlock(a, p)
		if err != nil {
			return err
		}
		s.opens = &unlock
	}
	forgetTry(p.Store)
	room := func() bool { return hasRoom(p.Store) }
	return lasting(ctx, func(ctx context.Context) error {
		defer func() { s.onReady = nil }() // is for the first run
		return a.runNode(ctx, s, cfg, p, room)
	}, room)
}

// runNode runs a node until ctx ends, or its disk was full and has room again (errRoom).
func (a *app) runNode(ctx context.Context, s serving, cfg *config, p paths, room func() bool) error {
	n, err := a.start(ctx, cfg, p, *s.opens)
	if err != nil {
		return err
	}
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		if roomAgain(run, n, room) {
			stop(errRoom)
		}
	}()
	err = a.open(run, n, cfg, p, s)
	if ctx.Err() == nil && errors.Is(context.Cause(run), errRoom) {
		a.say("there is room on the disk again: the node starts anew")
		_ = closeUntil(ctx, n.Close) // says once more that the disk was full
		return errRoom
	}
	stop(nil)
	return errors.Join(err, closeUntil(run, n.Close))
}

// start joins the settings into a node.
func (a *app) start(ctx context.Context, c *config, p paths, unlock store.Unlock) (*node.Node, error) {
	nc := node.Config{Dir: p.Store, Unlock: unlock, DHTServer: c.yes("dht_server"), Logger: a.logger(c)}
	node.HearLibrary(nc.Logger)
	for _, s := range c.list("listen") {
		m, err := node.ParseListen(s)
		if err != nil {
			return nil, err
		}
		nc.Listen = append(nc.Listen, m)
	}
	for _, s := range c.list("bootstrap") {
		info, err := node.ParseBootstrap(s)
		if err != nil {
			return nil, err
		}
		nc.Bootstrap = append(nc.Bootstrap, info)
	}
	for _, s := range c.list("network") {
		net, err := dht.ParseNetwork(s)
		if err != nil {
			return nil, err
		}
		nc.Networks = append(nc.Networks, net)
	}
	return node.Start(ctx, nc)
}

func (a *app) logger(c *config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.one("log_level"))); err != nil {
		level = slog.LevelWarn
	}
	o := &slog.HandlerOptions{Level: level}
	if c.one("log_format") == "json" {
		return slog.New(slog.NewJSONHandler(a.err, o))
	}
	return slog.New(slog.NewTextHandler(a.err, o))
}

// open opens the local API, says so, and serves until ctx ends.
func (a *app) open(ctx context.Context, n *node.Node, c *config, p paths, s serving) error {
	if err := os.MkdirAll(p.State, 0o700); err != nil {
		return err
	}
	token, err := api.Token(p.Token)
	if err != nil {
		return err
	}
	doors, err := a.listen(c, p, token, s.temp)
	if err != nil {
		return err
	}
	self, err := n.Self(ctx)
	if err != nil {
		return errors.Join(err, doors.Close())
	}
	r := ready{
		Event: "ready", UID: self.UID.String(), Name: self.Name, PeerID: self.PeerID, Addrs: append([]string{}, self.Addrs...),
		API: doors.Addr(), URL: doors.URL(), Socket: p.Socket,
	}
	if s.temp {
		r.Home = a.home
	}
	if err := a.sayReady(r); err != nil {
		return errors.Join(err, doors.Close())
	}
	if s.onReady != nil {
		go s.onReady(ctx, r)
	}
	return doors.Serve(ctx, n)
}

func (a *app) sayReady(r ready) error {
	if a.json {
		return a.line(r)
	}
	a.say("%s  %s\nAPI %s   socket %s", api.InertLine(r.Name), r.UID, r.URL, r.Socket)
	if r.Home != "" {
		a.say("throw-away home: use it with `peer --home %s …`", quote(r.Home))
	}
	_, err := fmt.Fprintln(a.out, "ready")
	return err
}

// listen opens the doors. The first start probes for a free port and keeps it; when that port is
// taken later, this run takes another one and says so.
func (a *app) listen(c *config, p paths, token string, temp bool) (*api.Server, error) {
	addr := c.one("api")
	if temp && addr == "" {
		addr = "127.0.0.1:0"
	}
	doors, err := api.Listen(p.Socket, addr, token)
	if err != nil && c.from["api"] == "file" {
		if doors, again := api.Listen(p.Socket, "", token); again == nil {
			a.say("%s; this run takes another port", err)
			return doors, nil
		}
	}
	if err != nil || addr != "" {
		return doors, err
	}
	if err := writeSetting(p.Config, "api", []string{doors.Addr()}); err != nil {
		return nil, errors.Join(err, doors.Close())
	}
	return doors, nil
}

// closeUntil closes the node, but once ctx ended waits no longer than SIGTERM may take; the store loses
// nothing then, because what was acknowledged was synced before.
func closeUntil(ctx context.Context, shut func() error) error {
	done := make(chan error, 1)
	go func() { done <- shut() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(closeWait):
		return nil
	}
}

// throwAway makes a home that lasts as long as this run.
func (a *app) throwAway(s *serving) (end func(), err error) {
	if a.home != "" || a.profile != "" || s.given() {
		return nil, usage("--temp makes a home of its own: leave --home, --profile and the passphrase out")
	}
	if a.home, err = os.MkdirTemp("", "peer-"); err != nil {
		return nil, err
	}
	end = func() { os.RemoveAll(a.home) }
	quiet := *a
	quiet.quiet = true
	_, unlock, err := quiet.create(s.name, &secrets{fd: -1, none: true})
	if err != nil {
		end()
		return nil, err
	}
	s.opens = &unlock
	return end, nil
}
