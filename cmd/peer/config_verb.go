package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"causeway/api"

	"github.com/spf13/cobra"
)

// settingView is one line of `peer config list`.
type settingView struct {
	Key    string   `json:"key"`
	Value  []string `json:"value"`
	Source string   `json:"source"`
	Help   string   `json:"help"`
}

func (a *app) config() (*config, paths, error) {
	p, err := a.paths()
	if err != nil {
		return nil, p, err
	}
	c, err := readConfig(p.Config)
	return c, p, err
}

func (a *app) configVerb() *cobra.Command {
	list := verb("list", "All settings, and where each comes from", nothing, func(context.Context, []string) error {
		return a.configList()
	})
	get := verb("get KEY", "One setting", count(1, 1, "KEY"), func(_ context.Context, args []string) error {
		return a.configGet(args[0])
	})
	set := verb("set KEY [VALUE]…", "Change a setting; without VALUE back to the default", count(1, 100, "KEY and VALUE"), func(_ context.Context, args []string) error {
		return a.configSet(args[0], args[1:])
	})
	set.Example = "  peer config set network lan private:friends\n  peer config set dht_server true"
	keys := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return settingKeys(), cobra.ShellCompDirectiveNoFileComp
	}
	get.ValidArgsFunction, set.ValidArgsFunction = keys, keys
	return family("config", "Settings of this home", get, set, list)
}

func (a *app) configList() error {
	c, _, err := a.config()
	if err != nil {
		return err
	}
	var all []settingView
	for _, s := range settings {
		all = append(all, settingView{s.key, append([]string{}, c.list(s.key)...), c.from[s.key], s.help})
	}
	return a.show(struct {
		V        api.V1        `json:"v"`
		Settings []settingView `json:"settings"`
	}{Settings: all}, func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, s := range all {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Key, api.InertLine(strings.Join(s.Value, " ")), s.Source, a.faint(s.Help))
		}
		t.Flush()
	})
}

func (a *app) configGet(key string) error {
	c, _, err := a.config()
	if err != nil {
		return err
	}
	s, err := findSetting(key)
	if err != nil {
		return err
	}
	view := struct {
		V api.V1 `json:"v"`
		settingView
	}{settingView: settingView{key, append([]string{}, c.list(key)...), c.from[key], s.help}}
	return a.show(view, func(w io.Writer) {
		for _, v := range view.Value {
			fmt.Fprintln(w, api.InertLine(v))
		}
	})
}

func (a *app) configSet(key string, values []string) error {
	c, p, err := a.config()
	if err != nil {
		return err
	}
	if len(values) > 0 {
		if err := c.put(key, "file", values); err != nil {
			return err
		}
	}
	if err := writeSetting(p.Config, key, values); err != nil {
		return err
	}
	return a.done("written to %s; a running node takes it at its next start", p.Config)
}
