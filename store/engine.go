package store

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// engineOptions tunes Pebble for one person's computer: small memory, one
// compaction at a time, no timer while idle. Its logger is silent because its
// lines name keys; what matters of them arrives in the fault.
func engineOptions(fs *sealedFS, f *fault, s *scheduler) *pebble.Options {
	o := &pebble.Options{
		FS:                          fs,
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		CacheSize:                   cacheBytes,
		MemTableSize:                memTableBytes,
		MaxOpenFiles:                maxOpenFiles,
		Logger:                      engineLog{f},
		EventListener:               engineEvents(f),
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		MaxConcurrentDownloads:      func() int { return 1 },
		TargetByteDeletionRate:      0,
		DisableAutomaticCompactions: false,
	}
	o.Experimental.CompactionScheduler = s
	o.EnsureDefaults()
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].FilterType = pebble.TableFilter
	}
	return o
}

// engineEvents turns a failure in the background into the fault.
func engineEvents(f *fault) *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) { f.set(readError("background work", err)) },
		// The reader that met the damage reports it.
		DataCorruption: func(pebble.DataCorruptionInfo) {},
	}
}

// engineLog receives what Pebble has to say. After Fatalf Pebble counts on the
// process being gone; here only the goroutine stays behind.
type engineLog struct{ fault *fault }

func (engineLog) Infof(string, ...any)  {}
func (engineLog) Errorf(string, ...any) {}

func (l engineLog) Fatalf(format string, args ...any) {
	l.fault.set(engineFailure(format, args))
	select {}
}

// scheduler lets Pebble run one compaction at a time, and none after a failure.
// (Pebble's own wakes ten times a second for ever.) None begins before Open is
// through: an Open that fails frees the cache of tables that it reads by, and
// the whole process would end (open.go of v2.1.7, from its line 529 on).
type scheduler struct {
	fault *fault
	db    pebble.DBForCompaction

	mu      sync.Mutex // guards began, running, closed
	began   bool
	running bool
	closed  bool

	granting sync.Mutex // held while a grant is offered, so that Unregister can wait
}

func (s *scheduler) Register(_ int, db pebble.DBForCompaction) { s.db = db }

func (s *scheduler) Unregister() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.granting.Lock()
	defer s.granting.Unlock()
}

// TrySchedule is called with locks of the engine held.
func (s *scheduler) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.began || s.running || s.closed || s.fault.get() != nil {
		return false, nil
	}
	s.running = true
	return true, s
}

// Done ends a compaction and offers the place to one that was refused meanwhile.
func (s *scheduler) Done() {
	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
	s.offer()
}

// begin is called once Open is through.
func (s *scheduler) begin() {
	s.mu.Lock()
	s.began = true
	s.mu.Unlock()
	s.offer()
}

func (s *scheduler) offer() {
	s.granting.Lock()
	defer s.granting.Unlock()
	for {
		if ok, _ := s.TrySchedule(); !ok {
			return
		}
		waiting, _ := s.db.GetWaitingCompaction()
		if waiting && s.db.Schedule(s) {
			return
		}
		s.mu.Lock()
		s.running = false
		s.mu.Unlock()
		if !waiting {
			return
		}
	}
}

func (s *scheduler) UpdateGetAllowedWithoutPermission()                {}
func (s *scheduler) Started()                                          {}
func (s *scheduler) MeasureCPU(pebble.CompactionGoroutineKind)         {}
func (s *scheduler) CumulativeStats(pebble.CompactionGrantHandleStats) {}
