package node

import (
	"context"
	"iter"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// race tries peers as they are found, a few side by side, since records of an
// earlier start of a node linger under keys that nobody answers for. It returns
// the first result, or none if no try succeeded before find ended, which it does
// with its context. The tries that lose are given to drop.
func race[T any](ctx context.Context, find func(context.Context) iter.Seq[peer.AddrInfo], try func(context.Context, peer.AddrInfo) (T, error), drop func(T)) (won T, ok bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex // guards won and ok
	var tries sync.WaitGroup
	slots := make(chan struct{}, raceAtOnce)
	for p := range find(ctx) {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		tries.Go(func() {
			defer func() { <-slots }()
			t, err := try(ctx, p)
			if err != nil {
				return
			}
			mu.Lock()
			lost := ok
			if !lost {
				won, ok = t, true
				cancel()
			}
			mu.Unlock()
			if lost {
				drop(t) // which may take its time
			}
		})
	}
	tries.Wait()
	return won, ok
}
