package store

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"
)

// slowSync holds every sync of the WAL until it is let go.
type slowSync struct {
	armed   atomic.Bool
	waiting chan struct{} // one for each sync that waits
	letGo   chan struct{}
	syncs   atomic.Int64
}

func (s *slowSync) MaybeError(op errorfs.Op) error {
	if s.armed.Load() && op.Kind == errorfs.OpFileSyncData {
		s.syncs.Add(1)
		s.waiting <- struct{}{}
		<-s.letGo
	}
	return nil
}

func (s *slowSync) String() string { return "slow sync" }

func openSlow(t *testing.T) (*DB, *slowSync) {
	t.Helper()
	s := &slowSync{waiting: make(chan struct{}), letGo: make(chan struct{})}
	db := must(Create("s", secret, inMem(errorfs.Wrap(vfs.NewMem(), s))))
	s.armed.Store(true)
	return db, s
}

// TestManyWritersShareOneSync holds that writers do not wait for each other's
// sync, and that nothing is acknowledged or visible before its own.
func TestManyWritersShareOneSync(t *testing.T) {
	db, slow := openSlow(t)
	const writers = 32
	var (
		wg      sync.WaitGroup
		applied sync.WaitGroup
		order   []int // by the hooks
		done    atomic.Int64
	)
	applied.Add(writers)
	for i := range writers {
		wg.Go(func() {
			err := db.Update(func(tx *Tx) error {
				defer applied.Done()
				n := 0
				for range tx.Scan([]byte{byte(SpaceTest)}) {
					n++
				}
				tx.OnCommit(func() { order = append(order, n) })
				return tx.Set(Key(SpaceTest, uint64(i)), nil)
			})
			if err != nil {
				t.Error(err)
			}
			done.Add(1)
		})
	}
	<-slow.waiting // the first sync is held
	applied.Wait() // and yet all have run
	if err := db.View(func(tx *Tx) error {
		for range tx.Scan([]byte{byte(SpaceTest)}) {
			t.Error("a view shows what is not synced")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if done.Load() != 0 {
		t.Error("acknowledged before the sync")
	}
	slow.letGo <- struct{}{}
	go func() {
		for range slow.waiting {
			slow.letGo <- struct{}{}
		}
	}()
	wg.Wait()
	if n := slow.syncs.Load(); n > 4 {
		t.Errorf("%d syncs for %d writers", n, writers)
	}
	if len(order) != writers || !slices.IsSorted(order) {
		t.Errorf("hooks ran in the order %v", order)
	}
	slow.armed.Store(false)
	closed(t, db)
	close(slow.waiting)
}

// TestAFailedUpdateWaitsForWhatItSaw: its verdict may rest on a transaction
// that is not durable yet.
func TestAFailedUpdateWaitsForWhatItSaw(t *testing.T) {
	db, slow := openSlow(t)
	taken := errors.New("taken")
	ran := make(chan bool, 2)
	claim := func() error {
		return db.Update(func(tx *Tx) error {
			ran <- true
			if ok, err := tx.Has(testKey); ok || err != nil {
				return errors.Join(taken, err)
			}
			return tx.Set(testKey, nil)
		})
	}
	first, second := make(chan error), make(chan error)
	go func() { first <- claim() }()
	<-slow.waiting
	go func() { second <- claim() }()
	<-ran
	<-ran
	select {
	case err := <-second:
		t.Errorf("answered before the first was durable: %v", err)
	default:
	}
	slow.armed.Store(false)
	slow.letGo <- struct{}{}
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := <-second; !errors.Is(err, taken) {
		t.Errorf("second: %v", err)
	}
	closed(t, db)
}

// step is one write of a random transaction.
type step struct{ Key, Value, Kind byte }

func (s step) abort() bool  { return s.Kind == 3 }
func (s step) delete() bool { return s.Kind == 0 }

var (
	errAbort   = errors.New("abort")
	counterKey = Key(SpaceTest, byte(1))
	modelSpace = Key(SpaceTest, byte(2))
)

var transactions = rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
	return step{
		Key:   rapid.ByteRange(0, 9).Draw(t, "key"),
		Value: rapid.Byte().Draw(t, "value"),
		Kind:  rapid.ByteRange(0, 20).Draw(t, "kind"),
	}
}), 1, 6), 1, 24)

// run makes one transaction of steps and returns its number among those that
// happened.
func run(db *DB, steps []step, committed func(n uint64)) (n uint64, err error) {
	err = db.Update(func(tx *Tx) error {
		v, err := tx.Get(counterKey)
		if err == nil {
			n = binary.BigEndian.Uint64(v)
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		n++
		for _, s := range steps {
			key := Key(SpaceTest, byte(2), s.Key)
			switch {
			case s.abort():
				return errAbort
			case s.delete():
				err = tx.Delete(key)
			default:
				err = tx.Set(key, []byte{s.Value})
			}
			if err != nil {
				return err
			}
		}
		tx.OnCommit(func() { committed(n) })
		return tx.Set(counterKey, binary.BigEndian.AppendUint64(nil, n))
	})
	return n, err
}

// look returns what a View shows and the number of the last transaction in it.
func look(db *DB) (n uint64, state map[byte]byte, err error) {
	state = map[byte]byte{}
	err = db.View(func(tx *Tx) error {
		for k, v := range tx.Scan(modelSpace) {
			state[k[2]] = v[0]
		}
		v, err := tx.Get(counterKey)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		n = binary.BigEndian.Uint64(v)
		return err
	})
	return n, state, err
}

// TestConcurrentTransactionsAgreeWithAMap runs random transactions from three
// goroutines. Each Update counts itself in one key, and a map replays them in
// that order: each View must show exactly the state after one of them, and none
// older than what was acknowledged when it began.
func TestConcurrentTransactionsAgreeWithAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := transactions.Draw(rt, "transactions")
		db := OpenMemory()
		defer db.Close()
		type view struct {
			n     uint64
			state map[byte]byte
		}
		var (
			wg    sync.WaitGroup
			acked atomic.Uint64
			mu    sync.Mutex
			done  = map[uint64][]step{}
			views []view
		)
		committed := func(n uint64) {
			if !acked.CompareAndSwap(n-1, n) {
				rt.Errorf("the hook of %d ran after that of %d", n, acked.Load())
			}
		}
		for w := range 3 {
			wg.Go(func() {
				for i := w; i < len(script); i += 3 {
					n, err := run(db, script[i], committed)
					if err != nil && !errors.Is(err, errAbort) {
						rt.Errorf("update: %v", err)
					}
					floor := acked.Load()
					seen, state, failed := look(db)
					if failed != nil || seen < floor || err == nil && seen < n {
						rt.Errorf("after %d, with %d acknowledged, a view shows %d, %v", n, floor, seen, failed)
					}
					mu.Lock()
					if err == nil {
						done[n] = script[i]
					}
					views = append(views, view{seen, state})
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		states := replay(done)
		for _, v := range views {
			if !maps.Equal(v.state, states[v.n]) {
				rt.Fatalf("a view after %d shows %v, want %v", v.n, v.state, states[v.n])
			}
		}
	})
}

// replay gives the state after each transaction; states[0] is the empty one.
func replay(done map[uint64][]step) []map[byte]byte {
	states := []map[byte]byte{{}}
	for n := uint64(1); done[n] != nil; n++ {
		state := maps.Clone(states[n-1])
		for _, s := range done[n] {
			if s.delete() {
				delete(state, s.Key)
			} else {
				state[s.Key] = s.Value
			}
		}
		states = append(states, state)
	}
	return states
}

// TestAFailureAndAnAcknowledgementNeverDisagree: of the two, whichever comes
// first holds for the one that waits, too.
func TestAFailureAndAnAcknowledgementNeverDisagree(t *testing.T) {
	for _, failFirst := range []bool{true, false} {
		db, c := &DB{fault: newFault()}, newCommit()
		if failFirst {
			db.fault.set(ErrFull)
		}
		acked := db.fault.acknowledge(c)
		db.fault.set(ErrFull)
		if acked {
			close(c.done)
		}
		if err := db.wait(c); acked == failFirst || acked != (err == nil) {
			t.Errorf("failed first %v: acknowledged %v, %v", failFirst, acked, err)
		}
	}
}

// OnApply runs before the next Update, in order, and not if nothing happened.
func TestOnApplyRunsBeforeTheNextUpdate(t *testing.T) {
	db := OpenMemory()
	defer db.Close()
	applied := 0 // guarded by the writer lock
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			err := db.Update(func(tx *Tx) error {
				before, ran := applied, false
				tx.OnCommit(func() {
					if !ran {
						t.Error("durable before it was applied")
					}
				})
				tx.OnApply(func() {
					ran = true
					if applied != before {
						t.Errorf("another transaction was applied in between")
					}
					applied++
				})
				if i%5 == 0 {
					return errors.New("no")
				}
				return tx.Set(Key(SpaceTest, uint64(i)), []byte{1})
			})
			if (err != nil) != (i%5 == 0) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if applied != 40 {
		t.Errorf("%d applied, want 40", applied)
	}
}
