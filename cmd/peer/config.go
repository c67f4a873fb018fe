package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"causeway/api"
	"causeway/dht"
	"causeway/node"

	"github.com/pelletier/go-toml/v2"
)

// config is how a node runs: defaults, then the file, then the environment, then flags.
type config struct {
	values map[string][]string
	from   map[string]string // key to "default", "file", "environment" or "flag"
}

// setting is one key of the config file.
type setting struct {
	key, help string
	fallback  []string
	list      bool
	boolean   bool
	check     func(string) error
	together  func([]string) error // of a list, whose values may each be right; nil: nothing
}

var settings = []setting{
	{key: "api", help: "127.0.0.1:PORT of the local API; chosen at the first start", check: api.CheckAddr},
	{key: "bootstrap", help: "multiaddrs of nodes to meet first", list: true, check: func(s string) error { _, err := node.ParseBootstrap(s); return err }},
	{key: "dht_server", help: "serve the DHT to others", fallback: []string{"false"}, boolean: true, check: isBool},
	{key: "listen", help: "multiaddrs to listen on; empty: any port", list: true, check: func(s string) error { _, err := node.ParseListen(s); return err }},
	{key: "log_format", help: "text or json", fallback: []string{"text"}, check: isOneOf("text", "json")},
	{key: "log_level", help: "debug, info, warn or error", fallback: []string{"warn"}, check: isOneOf("debug", "info", "warn", "error")},
	{key: "network", help: "public, private:NAME, lan or none; several at once", fallback: []string{"public"}, list: true, check: func(s string) error { _, err := dht.ParseNetwork(s); return err }, together: networksAgree},
}

func networksAgree(words []string) error {
	var list []dht.Network
	for _, w := range words {
		list = append(list, dht.Network(w))
	}
	return dht.CheckNetworks(list)
}

func isBool(s string) error {
	if s != "true" && s != "false" {
		return fmt.Errorf("%q is neither true nor false", s)
	}
	return nil
}

func isOneOf(words ...string) func(string) error {
	return func(s string) error {
		var got string
		return oneOf{&got, words}.Set(s)
	}
}

func settingKeys() []string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	return keys
}

func findSetting(key string) (setting, error) {
	for _, s := range settings {
		if s.key == key {
			return s, nil
		}
	}
	return setting{}, usage("there is no setting %q%s (`peer config list` shows all)", key, meant(key, settingKeys()))
}

// put checks values for a key and keeps them.
func (c *config) put(key, from string, values []string) error {
	s, err := findSetting(key)
	if err != nil {
		return err
	}
	if !s.list && len(values) != 1 {
		return usage("the setting %s takes one value", key)
	}
	for _, v := range values {
		if err := s.check(v); err != nil {
			return usage("%s: %s", key, err)
		}
	}
	if s.together != nil {
		if err := s.together(values); err != nil {
			return usage("%s: %s", key, err)
		}
	}
	c.values[key], c.from[key] = values, from
	return nil
}

func (c *config) one(key string) string {
	if v := c.values[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (c *config) list(key string) []string { return c.values[key] }

func (c *config) yes(key string) bool { return c.one(key) == "true" }

// readConfig reads the config of a home. A key that nobody knows is an error: a typing error must
// not silently leave a default in force.
func readConfig(path string) (*config, error) {
	c := &config{values: map[string][]string{}, from: map[string]string{}}
	for _, s := range settings {
		c.values[s.key], c.from[s.key] = s.fallback, "default"
	}
	if err := c.readFile(path); err != nil {
		return nil, err
	}
	for _, s := range settings {
		env := "CAUSEWAY_" + strings.ToUpper(s.key)
		text, ok := os.LookupEnv(env)
		if !ok || text == "" {
			continue
		}
		values := []string{text}
		if s.list {
			values = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
		}
		if err := c.put(s.key, "environment", values); err != nil {
			return nil, usage("%s: %s", env, err)
		}
	}
	return c, nil
}

func (c *config) readFile(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var file map[string]any
	if err := toml.Unmarshal(b, &file); err != nil {
		return usage("%s is not TOML (%s): put it right or take it away; nothing was changed", path, strings.TrimPrefix(err.Error(), "toml: "))
	}
	for _, key := range sortedKeys(file) {
		values, err := words(file[key])
		if err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		} else {
			err = c.put(key, "file", values)
		}
		if err != nil {
			return usage("%s: %s", path, err)
		}
	}
	return nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func words(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case []any:
		out := []string{}
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil, fmt.Errorf("a list holds texts in quotes, not %v", x)
			}
			out = append(out, s)
		}
		return out, nil
	case map[string]any:
		return nil, errors.New("a value is a text, a list of texts, true or false, and there are no [sections]")
	}
	return nil, fmt.Errorf("a value is a text in quotes, a list of texts, true or false, not %v", v)
}

// writeSetting puts one key into the file and leaves every other line, and all comments, alone.
// Without values the key goes.
func writeSetting(path, key string, values []string) error {
	s, err := findSetting(key)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lines := strings.SplitAfter(string(b), "\n")
	out := new(strings.Builder)
	for i := 0; i < len(lines); i++ {
		name, _, found := strings.Cut(lines[i], "=")
		if !found || strings.Trim(strings.TrimSpace(name), `"'`) != key {
			out.WriteString(lines[i])
			continue
		}
		i += linesOf(lines[i:]) - 1
	}
	if len(values) > 0 {
		if out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") {
			out.WriteByte('\n')
		}
		fmt.Fprintf(out, "%s = %s\n", key, s.encode(values))
	}
	return replaceFile(path, []byte(out.String()))
}

// linesOf is the number of lines that the setting at the start of lines takes.
func linesOf(lines []string) int {
	for n := 1; n <= len(lines); n++ {
		var v map[string]any
		if toml.Unmarshal([]byte(strings.Join(lines[:n], "")), &v) == nil {
			return n
		}
	}
	return 1
}

func (s setting) encode(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = tomlString(v)
	}
	switch {
	case s.boolean:
		return values[0]
	case s.list:
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return quoted[0]
}

func tomlString(s string) string {
	b, err := toml.Marshal(map[string]string{"x": s})
	if err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(b)), "x ="))
}

// replaceFile writes a private file in one step: after a crash it is the old one or the new one.
func replaceFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
