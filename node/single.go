package node

import (
	"context"
	"sync"
)

// single lets one at a time work on each thing, such as an invite.
type single[K comparable] struct {
	mu   sync.Mutex
	busy map[K]chan struct{} // guarded by mu: closed when the work is done
}

// enter waits for its turn; an error says that ctx has ended first.
func (s *single[K]) enter(ctx context.Context, id K) error {
	for {
		s.mu.Lock()
		done, taken := s.busy[id]
		if !taken {
			if s.busy == nil {
				s.busy = map[K]chan struct{}{}
			}
			s.busy[id] = make(chan struct{})
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *single[K]) leave(id K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.busy[id])
	delete(s.busy, id)
}
