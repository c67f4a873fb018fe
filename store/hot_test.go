package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What is known by heart is handed from one Update to the next, unless one fails:
// then what it changed may not have happened.
func TestHot(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	loads := 0
	count := func(tx *Tx) *int {
		n, _ := tx.Hot("n", func() any { loads++; return new(int) }).(*int)
		return n
	}
	step := func(why error) {
		err := db.Update(func(tx *Tx) error {
			n := count(tx)
			if *n++; count(tx) != n {
				t.Error("two of one thing")
			}
			return errors.Join(why, tx.Set(testKey, []byte("v")))
		})
		if !errors.Is(err, why) {
			t.Fatal(err)
		}
	}
	expect := func(n, l int) {
		t.Helper()
		if err := db.Update(func(tx *Tx) error {
			if got := *count(tx); got != n || loads != l {
				t.Errorf("%d after %d loads, want %d after %d", got, loads, n, l)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	step(nil)
	step(nil)
	expect(2, 1)
	step(errors.New("changed my mind"))
	expect(0, 2)
	func() {
		defer func() { recover() }()
		db.Update(func(tx *Tx) error { *count(tx)++; panic("mistake") })
	}()
	expect(0, 3)
	step(nil)
	db.Update(func(tx *Tx) error { tx.Forget("n"); return nil }) // not even looked at
	expect(0, 4)
	db.View(func(tx *Tx) error {
		if count(tx) != nil {
			t.Error("a View knows something by heart")
		}
		return nil
	})
}

// Near finds what Get finds, whatever the order.
func TestNear(t *testing.T) {
	db := rows(t, 5)
	same := func(tx *Tx) error {
		for _, prefix := range []byte{5, 6} {
			for _, i := range []uint64{0, 1, 4, 2, 9, 3, 3, 0} {
				p, k := Key(SpaceTest, prefix), Key(SpaceTest, prefix, i)
				want, werr := tx.Get(k)
				got, gerr := tx.Near(p, k)
				if string(got) != string(want) || !errors.Is(gerr, werr) {
					t.Errorf("%d/%d: %x, %v, want %x, %v", prefix, i, got, gerr, want, werr)
				}
			}
		}
		return nil
	}
	if err := errors.Join(db.View(same), db.Update(func(tx *Tx) error {
		return errors.Join(tx.Delete(Key(SpaceTest, byte(5), uint64(3))), same(tx))
	})); err != nil {
		t.Fatal(err)
	}
}

// Who comes after a failure is told once.
func TestUpdatesAfterAFailure(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	db.fault.set(diskError("sync", ErrFull))
	for _, update := range []func(func(*Tx) error) error{db.Update, db.UpdateLater} {
		if err := update(func(*Tx) error { return nil }); !errors.Is(err, ErrFull) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q", err)
		}
	}
}

// UpdateLater comes back before the disk has it; the next Update sees it, hooks
// run once it is durable, and an error did nothing.
func TestUpdateLater(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	landed := make(chan int, 100)
	for i := range cap(landed) {
		if err := db.UpdateLater(func(tx *Tx) error {
			if v, err := tx.Get(testKey); i > 0 && (err != nil || string(v) != fmt.Sprint(i-1)) {
				t.Errorf("update %d sees %q, %v", i, v, err)
			}
			tx.OnCommit(func() { landed <- i })
			return tx.Set(testKey, []byte(fmt.Sprint(i)))
		}); err != nil {
			t.Fatal(err)
		}
	}
	why := errors.New("changed my mind")
	if err := db.UpdateLater(func(tx *Tx) error { return errors.Join(why, tx.Set(testKey, nil)) }); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	for i := range cap(landed) {
		if got := <-landed; got != i {
			t.Fatalf("commit %d is told as the %dth", got, i)
		}
	}
	db.View(func(tx *Tx) error {
		if v, err := tx.Get(testKey); err != nil || string(v) != fmt.Sprint(cap(landed)-1) {
			t.Errorf("%q, %v", v, err)
		}
		return nil
	})
}
