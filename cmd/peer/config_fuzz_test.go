package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"causeway/api"
)

// FuzzConfig reads any config file. What is read can be changed one key at a
// time, and then reads back as it was but for that key.
func FuzzConfig(f *testing.F) {
	f.Add([]byte("# hello\nnetwork = [\"lan\"]\ndht_server = true\n"), byte(4), "json")
	f.Add([]byte("network = [\n  \"private:x\", # why\n  \"lan\",\n]\nlog_level='debug'"), byte(6), "none")
	f.Add([]byte("api = \"127.0.0.1:1\"\r\n\"listen\" = []\r\n"), byte(3), "/ip4/0.0.0.0/tcp/1")
	f.Add([]byte("log_format = \"\"\"\ntext\"\"\"\n[network]\nx = 1\n"), byte(2), "true")
	f.Fuzz(func(t *testing.T, file []byte, which byte, value string) {
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := readConfig(path)
		if err != nil {
			if api.KindOf(err) != api.KindInvalid {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		s := settings[int(which)%len(settings)]
		if s.check(value) != nil {
			return
		}
		if err := writeSetting(path, s.key, []string{value}); err != nil {
			t.Fatal(err)
		}
		after, err := readConfig(path)
		if err != nil {
			t.Fatalf("%q with %s = %q does not read any more: %v", file, s.key, value, err)
		}
		want := maps.Clone(before.values)
		want[s.key] = []string{value}
		if !maps.EqualFunc(want, after.values, slices.Equal) {
			t.Fatalf("%q with %s = %q reads as %v, want %v", file, s.key, value, after.values, want)
		}
	})
}
