package mailbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"causeway/store"
)

func countKeys(t *testing.T, db *store.DB, prefix []byte) (n int) {
	t.Helper()
	err := db.View(func(tx *store.Tx) error {
		for range tx.Scan(prefix) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var keyFile = store.KeyFile("s.key")

// disk is a custodian on a disk that can be copied at the moment of a crash.
type disk struct {
	*rig
	mem *vfs.MemFS
}

func newDisk(t *testing.T) *disk {
	mem := vfs.NewCrashableMem()
	db, err := store.Create("s", keyFile, store.Options{FS: mem})
	if err != nil {
		t.Fatal(err)
	}
	return &disk{newRigOn(t, db, Terms{}), mem}
}

// crash is the power cut: what was not synced is lost in part, and the custodian
// starts again from what remains. The disk itself goes on.
func (d *disk) crash(rng *rand.Rand) *rig {
	d.t.Helper()
	image := d.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng})
	db, err := store.Open("s", keyFile, store.Options{FS: image})
	if err != nil {
		d.t.Fatal(err)
	}
	after := &rig{t: d.t, ctx: d.ctx, db: db, now: d.now, grant: d.grant, box: d.box}
	if after.c, err = NewCustodian(db); err != nil {
		d.t.Fatal(err)
	}
	return after
}

// A custodian that crashes between any two steps of a deposit has the parcel if
// it gave the receipt, has it at most once, and its books are right; the sender
// repeats the deposit and the owner has one parcel.
func TestCrashBetweenAnyTwoSteps(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, seed))
	d := newDisk(t)
	bob := d.ticket("bob")
	p := sizedParcel(t, bob.Slot, 256<<10)

	afterCrash := func(step string, promised bool) {
		t.Helper()
		r := d.crash(rng)
		defer r.db.Close()
		r.audit()
		_, there := r.collect()[p.ID]
		if promised && !there {
			t.Fatalf("%s: lost after its receipt (seed %d)", step, seed)
		}
		r.park(bob, p)
		if n := len(r.collect()); n != 1 {
			t.Fatalf("%s: %d parcels", step, n)
		}
		b := r.owner()
		if err := b.Delete(p.ID); err != nil {
			t.Fatal(err)
		}
		r.audit()
	}
	afterCrash("before", false)

	s := &session{c: d.c, self: []byte("custodian"), peer: []byte("bob")}
	step := func(name string, f any) any {
		t.Helper()
		b, err := encodeFrame(f)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := s.step(b, d.now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var last any
		if len(answer) > 0 {
			last = answer[len(answer)-1]
		}
		_, promised := last.(*receiptFrame)
		afterCrash(name, promised)
		return last
	}
	step("hello", &helloFrame{Version: version, Box: bob.Box})
	step("deposit", &depositFrame{Slot: bob.Slot.ID(bob.Custodian), Parcel: p.ID, Size: uint64(len(p.Sealed))})
	var last any
	for i := 0; i < len(p.Sealed); i += chunk {
		last = step(fmt.Sprintf("bytes %d", i), &bytesFrame{Data: p.Sealed[i : i+chunk]})
	}
	if _, ok := last.(*receiptFrame); !ok {
		t.Fatalf("%T at the end", last)
	}
}

// An owner that crashes between collecting and deleting collects again, and a
// deletion that was acknowledged holds after a crash.
func TestCrashAroundCollectAndDelete(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, seed))
	d := newDisk(t)
	bob := d.ticket("bob")
	first, second := sealed(t, bob.Slot, "1"), sealed(t, bob.Slot, "2")
	d.park(bob, first)
	d.park(bob, second)

	b := d.owner()
	stop := errors.New("the owner crashes")
	_, err := b.Collect(Collecting{}, func(Held, []byte) error { return stop })
	wantErr(t, "collect", err, stop)
	r := d.crash(rng)
	if len(r.collect()) != 2 {
		t.Fatal("collecting lost something")
	}
	r.db.Close()

	b = d.owner()
	if err := b.Delete(first.ID); err != nil {
		t.Fatal(err)
	}
	r = d.crash(rng)
	defer r.db.Close()
	r.audit()
	if got := r.collect(); len(got) != 1 {
		t.Fatalf("%d parcels (seed %d)", len(got), seed)
	}
	var gone *Gone
	if _, err := r.deposit(bob, first); !errors.As(err, &gone) {
		t.Fatal(err)
	}
}

// Everything that was promised before a crash in the middle of many things at
// once is there after it, and the books are right.
func TestCrashAmongManyDepositors(t *testing.T) {
	const seed = 13
	rng := rand.New(rand.NewPCG(seed, seed))
	d := newDisk(t)
	const senders = 8
	promised := make(chan ParcelID, 1000)
	done := make(chan struct{})
	for i := range senders {
		k := d.ticket(fmt.Sprint("sender ", i))
		go func() {
			defer func() { done <- struct{}{} }()
			dep, err := OpenSlot(d.ctx, d.dial("x"), k)
			for err == nil && len(promised) < 100 {
				ps, _ := k.Slot.Seal([]byte("m"), 0)
				if _, err = dep.Deposit(ps[0]); err == nil {
					promised <- ps[0].ID
				}
			}
		}()
	}
	var kept []ParcelID
	for len(kept) < 50 {
		kept = append(kept, <-promised)
	}
	r := d.crash(rng)
	defer r.db.Close()
	r.audit()
	got := r.collect()
	for _, id := range kept {
		if _, ok := got[id]; !ok {
			t.Fatalf("%v was promised (seed %d)", id, seed)
		}
	}
	for range senders {
		<-done
	}
}

// A sweep that is cut short goes on where it stopped.
func TestCrashDuringSweep(t *testing.T) {
	const seed = 17
	rng := rand.New(rand.NewPCG(seed, seed))
	d := newDisk(t)
	for i := range 3 {
		k := d.ticket(fmt.Sprint(i))
		d.park(k, sealed(t, k.Slot, "x"))
		other := d.enter(NewBoxKey(), Personal)
		other.Close()
	}
	if err := d.c.Withdraw(alice, d.now); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(WithdrawNotice)
	for more := true; more; {
		err := d.db.Update(func(tx *store.Tx) (err error) {
			_, more, err = sweepSome(tx, d.now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r := d.crash(rng)
		r.audit()
		r.now = r.now.Add(time.Second)
		r.sweep()
		if n := countKeys(t, r.db, key(subBox)) + countKeys(t, r.db, key(subGrant)) + countKeys(t, r.db, key(subBytes)); n != 0 {
			t.Fatalf("%d records left (seed %d)", n, seed)
		}
		r.db.Close()
	}
}
