package node

import (
	"context"
	"sync"

	"causeway/contact"
)

// single lets one at a time work on an invite.
type single struct {
	mu   sync.Mutex
	busy map[contact.InviteID]chan struct{} // guarded by mu: closed when the work is done
}

// enter waits for its turn; an error says that ctx has ended first.
func (s *single) enter(ctx context.Context, id contact.InviteID) error {
	for {
		s.mu.Lock()
		done, taken := s.busy[id]
		if !taken {
			if s.busy == nil {
				s.busy = map[contact.InviteID]chan struct{}{}
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

func (s *single) leave(id contact.InviteID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.busy[id])
	delete(s.busy, id)
}
