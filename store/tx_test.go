package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestKeysKeepTheOrderOfTheirParts(t *testing.T) {
	type id [32]byte
	type small uint16
	for _, c := range []struct {
		parts []any
		want  string
	}{
		{nil, "f0"},
		{[]any{byte(1), uint32(2), uint64(3)}, "f0 01 00000002 0000000000000003"},
		{[]any{small(258), []byte{9}}, "f0 0102 09"},
		{[]any{id{31: 7}}, "f0 " + strings.Repeat("00", 31) + "07"},
		{[]any{[16]byte{15: 1}, &id{}}, "panic"},
		{[]any{"text"}, "panic"},
		{[]any{-1}, "panic"},
	} {
		got := func() (s string) {
			defer func() {
				if recover() != nil {
					s = "panic"
				}
			}()
			return fmt.Sprintf("%x", Key(SpaceTest, c.parts...))
		}()
		if got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%v: %s", c.parts, got)
		}
	}
}

// rows fills a store with n rows k0..., v0..., and a neighbour on each side.
func rows(t *testing.T, n uint64) *DB {
	t.Helper()
	db := OpenMemory()
	t.Cleanup(func() { closed(t, db) })
	err := db.Update(func(tx *Tx) error {
		for i := range n {
			if err := tx.Set(Key(SpaceTest, byte(5), i), []byte{byte(i)}); err != nil {
				return err
			}
		}
		return errors.Join(tx.Set(Key(SpaceTest, byte(4), ^uint64(0)), nil), tx.Set(Key(SpaceTest, byte(6)), nil))
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestScans(t *testing.T) {
	db := rows(t, 5)
	prefix := Key(SpaceTest, byte(5))
	at := func(i uint64) []byte { return Key(SpaceTest, byte(5), i) }
	err := db.View(func(tx *Tx) error {
		for _, c := range []struct {
			name string
			seq  func(func(k, v []byte) bool)
			want string
		}{
			{"all", tx.Scan(prefix), "01234"},
			{"from 2", tx.ScanFrom(prefix, at(2)), "234"},
			{"from before", tx.ScanFrom(prefix, Key(SpaceTest)), "01234"},
			{"from after", tx.ScanFrom(prefix, Key(SpaceTest, byte(9))), ""},
			{"back", tx.ScanBack(prefix, nil), "43210"},
			{"back before 2", tx.ScanBack(prefix, at(2)), "10"},
			{"back before the first", tx.ScanBack(prefix, at(0)), ""},
			{"back before the prefix", tx.ScanBack(prefix, Key(SpaceTest)), ""},
			{"back before a later key", tx.ScanBack(prefix, Key(SpaceTest, byte(9))), "43210"},
			{"nothing", tx.Scan(Key(SpaceTest, byte(7))), ""},
		} {
			got := ""
			for k, v := range c.seq {
				got += fmt.Sprint(v[0])
				if !bytes.Equal(k, at(uint64(v[0]))) {
					t.Errorf("%s: key %x", c.name, k)
				}
				clear(k[:cap(k)]) // the caller's: must not reach the value
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		n := 0
		for range tx.Scan(nil) {
			if n++; n == 3 {
				break
			}
		}
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnUpdateSeesItsOwnWritesAndMayChangeWhatItScans(t *testing.T) {
	db := rows(t, 5)
	prefix := Key(SpaceTest, byte(5))
	err := db.Update(func(tx *Tx) error {
		seen := 0
		for k := range tx.Scan(prefix) {
			seen++
			if err := errors.Join(tx.Delete(k), tx.Set(append(k, 1), nil)); err != nil {
				return err
			}
		}
		left := slices.Collect(func(yield func([]byte) bool) {
			for k := range tx.Scan(prefix) {
				if !yield(k) {
					return
				}
			}
		})
		if seen != 5 || len(left) != 5 || len(left[0]) != len(prefix)+9 {
			t.Errorf("saw %d, then %x", seen, left)
		}
		if ok, err := tx.Has(Key(SpaceTest, byte(5), uint64(0))); ok || err != nil {
			t.Errorf("deleted key: %v, %v", ok, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFailedUpdateDidNothing(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	why := errors.New("changed my mind")
	hooked := false
	set := func(tx *Tx) error {
		tx.OnCommit(func() { hooked = true })
		return tx.Set(testKey, []byte("v"))
	}
	if err := db.Update(func(tx *Tx) error { return errors.Join(set(tx), why) }); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { recover() }()
		db.Update(func(tx *Tx) error { set(tx); panic("mistake") })
	}()
	db.View(func(tx *Tx) error {
		if _, err := tx.Get(testKey); !errors.Is(err, ErrNotFound) || hooked {
			t.Errorf("after rollback: %v, hook %v", err, hooked)
		}
		return nil
	})
	if err := db.Update(set); err != nil || !hooked {
		t.Errorf("after a panic: %v, hook %v", err, hooked)
	}
}

func TestMisuseIsRefused(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	var kept *Tx
	err := db.View(func(tx *Tx) error {
		kept = tx
		return tx.Set(testKey, nil)
	})
	if !errors.Is(err, ErrReadOnly) {
		t.Errorf("set in a view: %v", err)
	}
	if _, err := kept.Get(testKey); !errors.Is(err, ErrClosed) {
		t.Errorf("get after the end: %v", err)
	}
	for range kept.Scan(nil) {
		t.Error("a row after the end")
	}
	for _, f := range []func(tx *Tx) error{
		func(tx *Tx) error { return tx.Set(nil, nil) },
		func(tx *Tx) error { return tx.Set(make([]byte, MaxKey+1), nil) },
		func(tx *Tx) error { return tx.Set(testKey, make([]byte, MaxValue+1)) },
		func(tx *Tx) error {
			for i := range uint64(MaxTx / MaxValue) {
				if err := tx.Set(Key(SpaceTest, i), make([]byte, MaxValue)); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		if err := db.Update(f); !errors.Is(err, ErrTooLarge) {
			t.Errorf("got %v", err)
		}
	}
}

func TestLargestValueAndLargeTransaction(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	v := bytes.Repeat([]byte{7}, MaxValue)
	err := db.Update(func(tx *Tx) error {
		for i := range uint64(3) {
			if err := tx.Set(Key(SpaceTest, i), v); err != nil {
				return err
			}
		}
		return tx.Set(testKey, []byte{})
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(get(t, db, Key(SpaceTest, uint64(2))), v) {
		t.Error("the value changed")
	}
	if got := get(t, db, testKey); got == nil || len(got) != 0 {
		t.Errorf("an empty value came back as %v", got)
	}
}
