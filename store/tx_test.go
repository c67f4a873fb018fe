package store

import (
	"errors"
	"testing"
)

func TestUpdateThenView(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	k := Key(SpaceTest, uint64(1), []byte("a"))
	if err := db.Update(func(tx *Tx) error { return tx.Set(k, []byte("v")) }); err != nil {
		t.Fatal(err)
	}
	err := db.View(func(tx *Tx) error {
		v, err := tx.Get(k)
		if err != nil || string(v) != "v" {
			t.Errorf("got %q, %v", v, err)
		}
		if _, err := tx.Get([]byte{1}); !errors.Is(err, ErrNotFound) {
			t.Errorf("absent: %v", err)
		}
		n := 0
		for range tx.Scan([]byte{byte(SpaceTest)}) {
			n++
		}
		if n != 1 {
			t.Errorf("scan found %d", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
