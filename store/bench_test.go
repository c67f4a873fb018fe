package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// The workload of DESIGN.md, section 9: entries of 300 bytes under a hash.

func benchDB(b *testing.B) *DB {
	b.Helper()
	dir := b.TempDir()
	db := must(Create(filepath.Join(dir, "s"), KeyFile(filepath.Join(dir, "key")), Options{}))
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	b.ResetTimer()
	return db
}

func benchKey(n uint64) []byte {
	r := rand.New(rand.NewPCG(n, 0))
	return Key(SpaceTest, r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
}

func benchValue(n uint64) []byte {
	r := rand.New(rand.NewPCG(n, 1))
	v := make([]byte, 0, 300)
	for len(v) < 296 {
		v = fmt.Append(v, r.Uint64())
	}
	return v[:300]
}

func fill(b *testing.B, db *DB, n int) {
	b.Helper()
	for at := 0; at < n; at += 1000 {
		err := db.Update(func(tx *Tx) error {
			for i := at; i < min(at+1000, n); i++ {
				if err := tx.Set(benchKey(uint64(i)), benchValue(uint64(i))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// plain is Pebble under the same options on the disk as it is, to compare with.
func plain(b *testing.B) *pebble.DB {
	b.Helper()
	o := engineOptions(nil, newFault(), &scheduler{fault: newFault(), began: true})
	o.FS = vfs.Default
	p := must(pebble.Open(b.TempDir(), o))
	b.Cleanup(func() { p.Close() })
	b.ResetTimer()
	return p
}

func fillPlain(b *testing.B, p *pebble.DB, n int) {
	b.Helper()
	for at := 0; at < n; at += 1000 {
		batch := p.NewBatch()
		for i := at; i < min(at+1000, n); i++ {
			if err := batch.Set(benchKey(uint64(i)), benchValue(uint64(i)), nil); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Commit(pebble.Sync); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBulkPlain(b *testing.B) {
	p := plain(b)
	fillPlain(b, p, b.N)
}

func BenchmarkGetPlain(b *testing.B) {
	p := plain(b)
	fillPlain(b, p, benchRows)
	b.ResetTimer()
	for i := range b.N {
		_, c, err := p.Get(benchKey(uint64(i*7919) % benchRows))
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// rss is the memory of the whole test program in MB, garbage given back.
func rss() float64 {
	debug.FreeOSMemory()
	status, _ := os.ReadFile("/proc/self/status") // not there: 0
	var kb float64
	if _, after, ok := strings.Cut(string(status), "VmRSS:"); ok {
		fmt.Sscan(after, &kb)
	}
	return kb / 1024
}

// BenchmarkBulk: entries written by transactions of 1,000, each synced.
func BenchmarkBulk(b *testing.B) {
	db := benchDB(b)
	fill(b, db, b.N)
}

// BenchmarkAppend: durable transactions of one entry, by so many writers.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db := benchDB(b)
			var next atomic.Int64
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						k, v := benchKey(uint64(n)), benchValue(uint64(n))
						if err := db.Update(func(tx *Tx) error { return tx.Set(k, v) }); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

const benchRows = 200_000

func BenchmarkGet(b *testing.B) {
	before := rss()
	db := benchDB(b)
	fill(b, db, benchRows)
	b.ResetTimer()
	defer func() { b.ReportMetric(rss()-before, "MB-more") }()
	err := db.View(func(tx *Tx) error {
		for i := range b.N {
			if _, err := tx.Get(benchKey(uint64(i*7919) % benchRows)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkScan(b *testing.B) {
	db := benchDB(b)
	fill(b, db, benchRows)
	b.ResetTimer()
	for n := 0; n < b.N; {
		err := db.View(func(tx *Tx) error {
			for range tx.Scan([]byte{byte(SpaceTest)}) {
				if n++; n == b.N {
					break
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
