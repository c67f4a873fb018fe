package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

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

// reads starts the reading end, which dials the writing end at once. The count
// begins when its host is ready to dial.
func (p *played) reads(ctx context.Context) (*node.Node, *counted, error) {
	db, err := p.home.reads(p.port)
	if err != nil {
		return nil, nil, err
	}
	c := &counted{}
	n, err := node.Start(ctx, node.Config{DB: db, Listen: listen(0), Hosts: c.make})
	return n, c, err
}

// pull measures from the dial to the moment when the last message can be read,
// which comes after all others, or, when nothing is missing, until both ends
// know that.
func (p *played) pull() error {
	ctx, cancel := context.WithTimeout(context.Background(), pullTime)
	defer cancel()
	n, c, err := p.reads(ctx)
	if err != nil {
		return err
	}
	return errors.Join(p.pulled(ctx, n, c), n.Close())
}

func (p *played) pulled(ctx context.Context, n *node.Node, c *counted) error {
	held, err := newest(ctx, n, p.count-1)
	if err != nil {
		return err
	}
	if held {
		err = until(ctx, 200*time.Microsecond, func() (bool, error) { return n.Synced(ctx, "@ann") })
	} else {
		err = until(ctx, 5*time.Millisecond, func() (bool, error) { return newest(ctx, n, p.count-1) })
	}
	if err != nil {
		return err
	}
	result := map[string]any{"pull_s": time.Since(c.made).Seconds(), "held0": held}
	if err := p.measured(); err != nil {
		return err
	}
	if held {
		<-time.After(settleTime)
	}
	in, out := c.total()
	result["rx"], result["tx"] = in, out
	if err := emit(p.out, result); err != nil {
		return err
	}
	if err := p.readable(ctx, n); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, p.in)
	return err
}

// newest reports whether a message is the last line of the conversation.
func newest(ctx context.Context, n *node.Node, i int) (bool, error) {
	page, err := n.Log(ctx, "@ann", node.Page{Limit: 1})
	if err != nil || len(page.Messages) == 0 {
		return false, err
	}
	return page.Messages[0].Text == text(i), nil
}

// readable reads the whole conversation back, page by page, and finds every
// message once.
func (p *played) readable(ctx context.Context, n *node.Node) error {
	seen := make([]bool, p.count)
	var at node.Page
	at.Limit = 1000
	for {
		page, err := n.Log(ctx, "@ann", at)
		if err != nil {
			return err
		}
		if len(page.Messages) == 0 {
			break
		}
		at.Before = page.Messages[0].ID
		for _, m := range page.Messages {
			if i, ok := number(m.Text); ok && i < p.count && !seen[i] {
				seen[i] = true
			} else if m.Kind == "text" && ok {
				return fmt.Errorf("message %d is there twice, or should not be", i)
			}
		}
	}
	for i, yes := range seen {
		if !yes {
			return fmt.Errorf("message %d is not there", i)
		}
	}
	return nil
}
