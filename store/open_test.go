package store

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// cheap makes Argon2id cost next to nothing.
var cheap = cost{time: 1, memory: 8, lanes: 1}

var (
	secret  = Passphrase([]byte("correct horse"))
	testKey = Key(SpaceTest, []byte("k"))
)

func inMem(fs vfs.FS) Options { return Options{FS: fs, cost: cheap} }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func put(t testing.TB, db *DB, key, value []byte) {
	t.Helper()
	if err := db.Update(func(tx *Tx) error { return tx.Set(key, value) }); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, db *DB, key []byte) (value []byte) {
	t.Helper()
	err := db.View(func(tx *Tx) (err error) {
		value, err = tx.Get(key)
		return err
	})
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	return value
}

func closed(t testing.TB, db *DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func TestReopenOnDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "store")
	db := must(Create(dir, secret, Options{cost: cheap}))
	put(t, db, testKey, []byte("v"))
	epoch := db.Incarnation()
	closed(t, db)
	closed(t, db) // closing twice is no error
	if err := db.Update(func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("update after close: %v", err)
	}
	db = must(Open(dir, secret, Options{}))
	defer db.Close()
	if v := get(t, db, testKey); string(v) != "v" {
		t.Errorf("got %q", v)
	}
	if db.Incarnation() != epoch {
		t.Error("the incarnation changed")
	}
}

func TestIncarnationsDiffer(t *testing.T) {
	a, b := OpenMemory(), OpenMemory()
	defer a.Close()
	defer b.Close()
	if a.Incarnation() == b.Incarnation() {
		t.Error("two stores share an incarnation")
	}
}

func TestCreateRefusesAStore(t *testing.T) {
	fs := vfs.NewMem()
	closed(t, must(Create("s", secret, inMem(fs))))
	if _, err := Create("s", secret, inMem(fs)); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
}

func TestOpenNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none"), secret, Options{}); !errors.Is(err, ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if left := must(os.ReadDir(dir)); len(left) != 0 {
		t.Errorf("open left %v", left)
	}
}

func TestKeyFileStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	u := KeyFile(filepath.Join(filepath.Dir(dir), "key"))
	db := must(Create(dir, u, Options{}))
	put(t, db, testKey, []byte("v"))
	closed(t, db)
	if _, err := Open(dir, secret, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("a passphrase on a key-file store: %v", err)
	}
	db = must(Open(dir, u, Options{}))
	get(t, db, testKey)
	closed(t, db)
	if err := os.Remove(u.path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, u, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("without its key file: %v", err)
	}
}

func TestChangePassphrase(t *testing.T) {
	fs := vfs.NewMem()
	db := must(Create("s", secret, inMem(fs)))
	put(t, db, testKey, []byte("v"))
	fresh := Passphrase([]byte("battery staple"))
	if err := db.ChangePassphrase(fresh, fresh); !errors.Is(err, ErrLocked) {
		t.Errorf("change without the old one: %v", err)
	}
	if err := db.ChangePassphrase(secret, fresh); err != nil {
		t.Fatal(err)
	}
	closed(t, db)
	if _, err := Open("s", secret, inMem(fs)); !errors.Is(err, ErrLocked) {
		t.Errorf("the old one: %v", err)
	}
	db = must(Open("s", fresh, inMem(fs)))
	defer db.Close()
	get(t, db, testKey)
	if err := db.ChangePassphrase(fresh, KeyFile("key")); err != nil {
		t.Errorf("from a passphrase to a key file: %v", err)
	}
}

func TestEmptyPassphraseIsRefused(t *testing.T) {
	for _, u := range []Unlock{{}, Passphrase(nil), Passphrase(make([]byte, maxPassphrase+1))} {
		if db, err := Create("s", u, inMem(vfs.NewMem())); err == nil {
			db.Close()
			t.Error("accepted")
		}
	}
}

func TestInUseInOneProcess(t *testing.T) {
	dir := t.TempDir()
	db := must(Create(filepath.Join(dir, "s"), secret, Options{cost: cheap}))
	if _, err := Open(filepath.Join(dir, "s"), secret, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("second open: %v", err)
	}
	if err := os.Symlink("s", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(dir, "link"), secret, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("by another name: %v", err)
	}
	closed(t, db)
	closed(t, must(Open(filepath.Join(dir, "s"), secret, Options{})))
}

// TestInUseByTwoProcesses runs itself: the child tries to open what the parent holds.
func TestInUseByTwoProcesses(t *testing.T) {
	if dir := os.Getenv("STORE_TEST_OPEN"); dir != "" {
		_, err := Open(dir, secret, Options{})
		os.Stdout.WriteString(map[bool]string{true: "in use"}[errors.Is(err, ErrInUse)])
		return
	}
	dir := t.TempDir()
	db := must(Create(dir, secret, Options{cost: cheap}))
	child := func() string {
		c := exec.Command(os.Args[0], "-test.run=^TestInUseByTwoProcesses$")
		c.Env = append(os.Environ(), "STORE_TEST_OPEN="+dir)
		return string(must(c.CombinedOutput()))
	}
	if out := child(); !strings.Contains(out, "in use") {
		t.Errorf("child beside an open store: %s", out)
	}
	closed(t, db)
	if out := child(); strings.Contains(out, "in use") {
		t.Errorf("child after close: %s", out)
	}
}

func TestNewerSchema(t *testing.T) { otherSchema(t, Schema+1, ErrNewer) }

func TestOlderSchema(t *testing.T) { otherSchema(t, Schema-1, ErrOlder) }

func otherSchema(t *testing.T, schema uint32, want error) {
	fs := vfs.NewMem()
	closed(t, must(Create("s", secret, inMem(fs))))
	k := must(decodeKeys(must(readFile(fs, "s/keys"))))
	root, _, err := k.unlock(secret)
	if err != nil {
		t.Fatal(err)
	}
	k.meta = sealMeta(root, meta{schema: schema})
	if err := writeFile(fs, "s/keys", k.encode()); err != nil {
		t.Fatal(err)
	}
	before := fs.String()
	if _, err := Open("s", secret, inMem(fs)); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	if fs.String() != before {
		t.Error("a store of another schema was touched")
	}
}

// TestUnfinishedCreate holds that Create may be repeated after it was cut
// short, but never clears a store that has merely lost its keys file.
func TestUnfinishedCreate(t *testing.T) {
	fs := vfs.NewMem()
	db := must(Create("s", secret, inMem(fs)))
	put(t, db, testKey, []byte("v"))
	closed(t, db)
	if err := fs.Rename("s/keys", "s/elsewhere"); err != nil {
		t.Fatal(err)
	}
	if _, err := Create("s", secret, inMem(fs)); !errors.Is(err, ErrDamaged) {
		t.Errorf("create over a store without keys: %v", err)
	}
	if _, err := Open("s", secret, inMem(fs)); !errors.Is(err, ErrDamaged) {
		t.Errorf("open of a store without keys: %v", err)
	}
	if err := fs.Rename("s/elsewhere", "s/keys.new"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("s", secret, inMem(fs)); !errors.Is(err, ErrNotExist) {
		t.Errorf("open of an unfinished store: %v", err)
	}
	closed(t, must(Create("s", secret, inMem(fs))))
}

func TestAttack43_OtherLocalUserReadsTheDatabase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	canary, name := []byte("CANARY-TEXT-of-a-message"), []byte("CANARY-KEY-of-a-contact")
	u := KeyFile(filepath.Join(filepath.Dir(dir), "key"))
	db := must(Create(dir, u, Options{}))
	for i := range uint64(2000) {
		put1 := func(tx *Tx) error {
			return errors.Join(tx.Set(Key(SpaceTest, name, i), bytes.Repeat(canary, 40)))
		}
		if i%100 != 0 {
			continue
		}
		if err := db.Update(put1); err != nil {
			t.Fatal(err)
		}
	}
	scanForCanaries(t, dir, canary, name) // while it runs: the WAL
	closed(t, db)
	scanForCanaries(t, dir, canary, name) // after: the tables
	if m := must(os.Stat(u.path)).Mode().Perm(); m != 0o600 {
		t.Errorf("key file has mode %o", m)
	}
	if _, err := Open(dir, Passphrase([]byte("guess")), Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("without the secret: %v", err)
	}
}

func scanForCanaries(t *testing.T, dir string, canaries ...[]byte) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		info := must(d.Info())
		if d.IsDir() {
			if info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %o", path, info.Mode().Perm())
			}
			return err
		}
		files++
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		content := must(os.ReadFile(path))
		for _, c := range canaries {
			if bytes.Contains(content, c) || strings.Contains(path, string(c)) {
				t.Errorf("%s holds %q", path, c)
			}
		}
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("walked %d files: %v", files, err)
	}
}

func TestAttack45_WrongPassphraseDamageAndReadOnlyDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	db := must(Create(dir, secret, Options{cost: cheap}))
	put(t, db, testKey, []byte("v"))
	closed(t, db)
	sentence := func(what string, want error) {
		t.Helper()
		_, err := Open(dir, secret, Options{})
		if !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Open(dir, Passphrase([]byte("wrong")), Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("wrong passphrase: %v", err)
	}
	keys := filepath.Join(dir, keysName)
	whole := must(os.ReadFile(keys))
	for _, n := range []int{0, 1, 40, len(whole) - 1} {
		if err := os.WriteFile(keys, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		sentence("truncated keys file", ErrDamaged)
	}
	if err := os.WriteFile(keys, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	tables := must(filepath.Glob(filepath.Join(dir, engineName, "*.sst")))
	if len(tables) == 0 {
		t.Fatal("close left no table")
	}
	table := must(os.ReadFile(tables[0]))
	if err := os.Truncate(tables[0], int64(len(table)/2)); err != nil {
		t.Fatal(err)
	}
	sentence("truncated table", ErrDamaged)
	if err := os.Remove(tables[0]); err != nil {
		t.Fatal(err)
	}
	sentence("missing table", ErrDamaged)
	if err := os.WriteFile(tables[0], table, 0o600); err != nil {
		t.Fatal(err)
	}
	db = must(Open(dir, secret, Options{})) // the cause is gone
	defer db.Close()
	get(t, db, testKey)
}
