package mailbox

import (
	"fmt"
	"sync/atomic"
	"testing"

	"causeway/store"
)

// BenchmarkDeposit: parcels of 4 KiB from 64 senders at once, each with its
// receipt, over in-process links.
func BenchmarkDeposit(b *testing.B) {
	b.Run("memory", func(b *testing.B) { benchDeposit(b, store.OpenMemory()) })
	b.Run("disk", func(b *testing.B) {
		dir := b.TempDir()
		db, err := store.Create(dir+"/s", store.KeyFile(dir+"/key"), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		benchDeposit(b, db)
	})
}

func benchDeposit(b *testing.B, db *store.DB) {
	const senders = 64
	r := newRigOn(b, db, Terms{MaxBytes: MaxGrantBytes, MaxParcels: MaxGrantParcels})
	jobs := make([][]Parcel, senders)
	deps := make([]*Depositor, senders)
	tickets := make([]Ticket, senders)
	for i := range tickets {
		tickets[i] = r.ticket(fmt.Sprint(i))
	}
	for i := range b.N {
		k := i % senders
		ps, err := tickets[k].Slot.Seal([]byte("x"), 0)
		if err != nil {
			b.Fatal(err)
		}
		jobs[k] = append(jobs[k], ps[0])
	}
	b.ResetTimer()
	var failed atomic.Int64
	done := make(chan struct{})
	for i := range senders {
		go func() {
			defer func() { done <- struct{}{} }()
			for n, p := range jobs[i] {
				if n%60 == 0 { // a session has a bound
					d, err := OpenSlot(r.ctx, r.dial("x"), tickets[i])
					if err != nil {
						failed.Add(1)
						return
					}
					deps[i] = d
				}
				if _, err := deps[i].Deposit(p); err != nil {
					failed.Add(1)
					return
				}
			}
		}()
	}
	for range senders {
		<-done
	}
	b.StopTimer()
	if failed.Load() > 0 {
		b.Fatalf("%d failed", failed.Load())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deposits/s")
}
