package chat

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"causeway/merkle"
	"causeway/store"
)

// What a conversation costs for each message of 200 bytes, between two people:
// go test -run '^$' -bench . -benchmem ./chat
const benchText = 200

var benchSays = strings.Repeat("a quiet river ", benchText)[:benchText]

// onDisk moves a user who has not done anything yet to a store on the disk.
func (u *user) onDisk(b *testing.B) *user {
	dir := b.TempDir()
	db, err := store.Create(filepath.Join(dir, "store"), store.KeyFile(filepath.Join(dir, "key")), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	u.db = db
	u.reopen()
	return u
}

// tellStep is how many messages tells writes in one transaction.
const tellStep = 100

// tells has u write so many messages, a second apart for each tellStep.
func (u *user) tells(c merkle.ID, count int) {
	u.t.Helper()
	for at := 0; at < count; at += tellStep {
		_, err := u.at(tellTime(at), c, func(w *Writer) error {
			for range min(tellStep, count-at) {
				if _, err := w.Say(Text{Text: benchSays}); err != nil {
					return err
				}
			}
			return w.KeepOrder()
		})
		if err != nil {
			u.t.Fatal(err)
		}
	}
}

// tellTime is when tells writes message i.
func tellTime(i int) time.Time { return begin.Add(time.Duration(i/tellStep) * time.Second) }

// Everything between a frame and a readable conversation: verify, open, place,
// keep, in frames of 500 over a store in memory.
func BenchmarkReceive(b *testing.B) {
	const count, frame = 5000, 500
	alice, bob := newUser(b, "Alice"), newUser(b, "Bob")
	c := befriend(alice, bob)
	had := len(alice.blocks(c))
	alice.tells(c, count)
	blocks := alice.blocks(c)[had:]
	empty := bob.db
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		bob.db = copyStore(b, empty)
		bob.reopen()
		b.StartTimer()
		for part := range slices.Chunk(blocks, frame) {
			_, err := bob.at(tellTime(count), c, func(w *Writer) error { _, err := w.Receive(part); return errors.Join(err, w.KeepOrder()) })
			if err != nil {
				b.Fatal(err)
			}
		}
		n += len(blocks)
	}
	perMessage(b, n)
}

// perMessage reports what one of n messages took.
func perMessage(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/msg")
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "msg/s")
}

// Durable messages on the disk, by so many writers: each waits for its own.
func BenchmarkSay(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			alice, bob := newUser(b, "Alice").onDisk(b), newUser(b, "Bob")
			c := befriend(alice, bob)
			var next atomic.Int64
			var all sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range writers {
				all.Go(func() {
					for next.Add(1) <= int64(b.N) {
						if _, err := alice.try(c, func(w *Writer) error { _, err := w.Say(Text{Text: benchSays}); return err }); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			perMessage(b, b.N)
		})
	}
}

// A page of 50, at the end and in the middle. MESSAGES names the lengths of the
// conversation: MESSAGES="10000 100000 1000000".
func BenchmarkPage(b *testing.B) {
	sizes := strings.Fields(os.Getenv("MESSAGES"))
	if len(sizes) == 0 {
		sizes = []string{"10000"}
	}
	for _, size := range sizes {
		count, err := strconv.Atoi(size)
		if err != nil {
			b.Fatal(err)
		}
		alice, bob := newUser(b, "Alice").onDisk(b), newUser(b, "Bob")
		c := befriend(alice, bob)
		alice.tells(c, count)
		b.Run("newest/messages="+size, func(b *testing.B) { alice.turns(b, c, Page{Limit: 50}) })
		b.Run("middle/messages="+size, func(b *testing.B) {
			alice.turns(b, c, Page{Limit: 50, Before: alice.saidAt(c, count/2)})
		})
	}
}

// turns reads one page again and again.
func (u *user) turns(b *testing.B, c merkle.ID, p Page) {
	b.ReportAllocs()
	for b.Loop() {
		err := u.db.View(func(tx *store.Tx) error {
			page, err := u.set.Get(c).Timeline(tx, p)
			if len(page) != p.Limit {
				b.Fatalf("%d messages on the page", len(page))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// saidAt finds the message with that many before it, as tells wrote them.
func (u *user) saidAt(c merkle.ID, i int) (id merkle.ID) {
	u.t.Helper()
	err := u.db.View(func(tx *store.Tx) error {
		page, err := u.set.Get(c).Timeline(tx, Page{Limit: 1 << 30, Since: tellTime(i)})
		if err == nil {
			id = page[0].ID
		}
		return err
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return id
}
