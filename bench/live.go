package main

import (
	"context"
	"errors"
	"time"

	"causeway/node"
)

// Live, as the rig has it: so many messages, one every so often.
const (
	liveCount = 500
	liveEvery = 50 * time.Millisecond
)

// writeLive waits for a line and then writes a message every liveEvery.
func (p *played) writeLive() error {
	ctx := context.Background()
	n, err := p.serves(ctx)
	if err != nil {
		return err
	}
	return errors.Join(p.wroteLive(ctx, n), n.Close())
}

func (p *played) wroteLive(ctx context.Context, n *node.Node) error {
	if err := emit(p.out, map[string]any{"ready": 1}); err != nil {
		return err
	}
	if _, err := p.in.Read(make([]byte, 8)); err != nil {
		return err
	}
	t := time.NewTicker(liveEvery)
	defer t.Stop()
	for i := range liveCount {
		if _, err := n.Send(ctx, node.Outgoing{Target: "@bob", Text: liveText(i, time.Now())}); err != nil {
			return err
		}
		<-t.C
	}
	return p.says(map[string]any{"wrote": liveCount})
}

// readLive measures, for each message, from before it is written at one end
// until the event of the other end shows it, durable at both.
func (p *played) readLive() error {
	ctx, cancel := context.WithTimeout(context.Background(), pullTime)
	defer cancel()
	r, err := p.reads(ctx)
	if err != nil {
		return err
	}
	return errors.Join(p.readsLive(ctx, r.Node), r.Close())
}

func (p *played) readsLive(ctx context.Context, n *node.Node) error {
	if err := until(ctx, 5*time.Millisecond, func() (bool, error) { return n.Synced(ctx, "@ann") }); err != nil {
		return err
	}
	st, err := n.Status(ctx)
	if err != nil {
		return err
	}
	if err := emit(p.out, map[string]any{"synced": 1}); err != nil {
		return err
	}
	var lat []float64
	for ev, err := range n.Events(ctx, st.Events) {
		if err != nil {
			return err
		}
		if ev.Kind != "message" || ev.Message == nil {
			continue
		}
		if ms, ok := latency(ev.Message.Text, time.Now()); ok {
			lat = append(lat, ms)
		}
		if len(lat) == liveCount {
			break
		}
	}
	return p.says(map[string]any{"lat": lat})
}
