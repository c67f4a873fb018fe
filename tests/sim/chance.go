package sim

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"

	"causeway/seal"
)

// A source is the randomness of the process while a run lasts: that of the node
// whose turn it is.
type source struct {
	mu  sync.Mutex
	now *rand.ChaCha8
	sys io.Reader
}

func (s *source) Read(p []byte) (int, error) {
	if byStore() {
		return s.sys.Read(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.Read(p)
}

func (s *source) turn(r *rand.ChaCha8) {
	s.mu.Lock()
	s.now = r
	s.mu.Unlock()
}

// byStore reports whether the store asks: it seals its files when its engine
// likes, in goroutines of its own, and nobody sees with what.
func byStore() bool {
	var at [8]uintptr
	frames := runtime.CallersFrames(at[:runtime.Callers(3, at[:])])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "causeway/store.") {
			return !strings.HasSuffix(f.Function, ".Update") && !strings.HasSuffix(f.Function, ".stage")
		}
		if !more {
			return false
		}
	}
}

// running is held while a run lasts: the source is that of the whole process.
var running sync.Mutex

// takeOver makes s the randomness of the process, until the function that it
// returns is called.
func (s *source) takeOver() (giveBack func()) {
	running.Lock()
	was := cryptorand.Reader
	s.sys = was
	cryptorand.Reader = s
	seal.Derandomise(s)
	return func() {
		cryptorand.Reader = was
		seal.Derandomise(nil)
		running.Unlock()
	}
}

// chance returns the source of one purpose under a seed.
func chance(seed uint64, purpose string) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], purpose)
	return rand.NewChaCha8(key)
}
