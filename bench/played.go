package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"causeway/merkle"
	"causeway/node"
)

// pullTime bounds one catch-up.
const pullTime = 15 * time.Minute

// settleTime is how long an end that has nothing to fetch is listened to, to
// count what is said besides.
const settleTime = 300 * time.Millisecond

// played is one end in one phase.
type played struct {
	home     home
	port     int
	count    int // messages
	writers  int // of append: how many write at once
	out      io.Writer
	in       io.Reader
	measured func() error // ends the profile; called when the figure is taken
}

// append makes the two users and writes all messages, each durable before its
// writer goes on. The last one is written after all others.
func (p *played) append() error {
	ctx := context.Background()
	if err := p.home.meet(ctx); err != nil {
		return fmt.Errorf("make two contacts: %w", err)
	}
	n, err := node.Start(ctx, node.Config{Dir: p.home.store(), Unlock: p.home.unlock(), Listen: listen(0)})
	if err != nil {
		return err
	}
	began := time.Now()
	if err := write(ctx, n, p.count, p.writers); err != nil {
		return errors.Join(err, n.Close())
	}
	took := time.Since(began)
	closing := time.Now()
	if err := errors.Join(p.measured(), n.Close()); err != nil {
		return err
	}
	closed := time.Since(closing)
	if err := p.home.copyTo(p.home.freshWriter()); err != nil {
		return err
	}
	return p.says(map[string]any{"append_s": took.Seconds(), "close_s": closed.Seconds()})
}

func write(ctx context.Context, n *node.Node, count, writers int) error {
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, writers)
	for w := range writers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(count-1) && errs[w] == nil; i = next.Add(1) - 1 {
				_, errs[w] = n.Send(ctx, node.Outgoing{Target: "@bob", Text: text(int(i))})
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err := n.Send(ctx, node.Outgoing{Target: "@bob", Text: text(count - 1)})
	return err
}

// says prints a result and waits until the rig has no more use for this end.
func (p *played) says(result map[string]any) error {
	if err := emit(p.out, result); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, p.in)
	return err
}

// serves starts the writing end, which keeps its transport identity. Before a
// catch-up it is put back to where it was after append: what a reader wrote in
// an earlier one would prove that the new reader has forked its log.
func (p *played) serves(ctx context.Context) (*node.Node, error) {
	if p.home.beside("B").isEmpty() {
		if err := p.home.freshWriter().copyTo(p.home); err != nil {
			return nil, err
		}
	}
	return node.Start(ctx, node.Config{Dir: p.home.store(), Unlock: p.home.unlock(), Listen: listen(p.port), DHTServer: true})
}

// serve waits for the reading end.
func (p *played) serve() error {
	n, err := p.serves(context.Background())
	if err != nil {
		return err
	}
	return errors.Join(p.says(map[string]any{"ready": 1}), n.Close())
}

// reader is the reading end: its node and what it is measured by.
type reader struct {
	*node.Node
	host   *counted
	opened time.Time // before its store was opened
	ready  time.Time // when the node was up
}

// reads starts the reading end, which dials the writing end at once.
func (p *played) reads(ctx context.Context) (*reader, error) {
	r := &reader{host: &counted{}, opened: time.Now()}
	db, err := p.home.reads(p.port)
	if err != nil {
		return nil, err
	}
	r.Node, err = node.Start(ctx, node.Config{DB: db, Listen: listen(0), Hosts: r.host.make})
	r.ready = time.Now()
	return r, err
}

// pull measures from when the host is ready to dial to the moment when the last
// message can be read, which comes after all others, or, when nothing is
// missing, until both ends know that.
func (p *played) pull() error {
	ctx, cancel := context.WithTimeout(context.Background(), pullTime)
	defer cancel()
	r, err := p.reads(ctx)
	if err != nil {
		return err
	}
	return errors.Join(p.pulled(ctx, r), r.Close())
}

func (p *played) pulled(ctx context.Context, r *reader) error {
	held, err := r.newest(ctx, 50, p.count-1)
	if err != nil {
		return err
	}
	result := map[string]any{"held0": held, "ready_ms": ms(r.ready.Sub(r.opened)), "screen_ms": ms(time.Since(r.opened))}
	if held {
		err = until(ctx, 200*time.Microsecond, func() (bool, error) { return r.Synced(ctx, "@ann") })
	} else {
		err = until(ctx, p.look(), func() (bool, error) { return r.newest(ctx, 1, p.count-1) })
	}
	if err != nil {
		return err
	}
	result["pull_s"] = time.Since(r.host.made).Seconds()
	if result["cpu_s"], result["peak_mb"], err = spent(); err != nil {
		return err
	}
	if err := p.measured(); err != nil {
		return err
	}
	if held {
		<-time.After(settleTime)
	} else {
		middle, err := p.readable(ctx, r.Node)
		if err != nil {
			return err
		}
		if result["page_ms"], err = r.turn(ctx, node.Page{}); err != nil {
			return err
		}
		if result["deep_ms"], err = r.turn(ctx, node.Page{Before: middle}); err != nil {
			return err
		}
	}
	result["rx"], result["tx"] = r.host.total()
	return p.says(result)
}

// look is how often a catch-up is looked at: seldom enough that looking costs
// nothing, often enough for a figure of three digits.
func (p *played) look() time.Duration {
	return min(max(time.Duration(p.count)*200*time.Nanosecond, time.Millisecond), 50*time.Millisecond)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// newest reads the last page and reports whether a message is its last line.
func (r *reader) newest(ctx context.Context, page, i int) (bool, error) {
	t, err := r.Log(ctx, "@ann", node.Page{Limit: page})
	if err != nil || len(t.Messages) == 0 {
		return false, err
	}
	return t.Messages[len(t.Messages)-1].Text == text(i), nil
}

// turn returns how long a page of 50 takes, the median of several, in ms.
func (r *reader) turn(ctx context.Context, at node.Page) (float64, error) {
	var took []time.Duration
	for range 21 {
		began := time.Now()
		if _, err := r.Log(ctx, "@ann", at); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return ms(took[len(took)/2]), nil
}

// readable reads the whole conversation back, page by page, and finds every
// message once. It returns which one stands in the middle.
func (p *played) readable(ctx context.Context, n *node.Node) (middle merkle.ID, err error) {
	seen := make([]bool, p.count)
	at, found := node.Page{Limit: 1000}, 0
	for {
		page, err := n.Log(ctx, "@ann", at)
		if err != nil {
			return middle, err
		}
		if len(page.Messages) == 0 {
			break
		}
		at.Before = page.Messages[0].ID
		for _, m := range page.Messages {
			i, ok := number(m.Text)
			if !ok {
				continue
			}
			if i >= p.count || seen[i] {
				return middle, fmt.Errorf("message %d is there twice, or should not be", i)
			}
			seen[i], found = true, found+1
		}
		if found <= p.count/2 {
			middle = at.Before
		}
	}
	if found < p.count {
		return middle, fmt.Errorf("message %d is not there, nor %d others", slices.Index(seen, false), p.count-found-1)
	}
	return middle, nil
}
