package dht

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Tags says what is to be published on a day (see [Day]). An Advertiser calls
// it from its own goroutine; it must return at once.
type Tags func(day int64) []Tag

// Fixed publishes the same tags every day.
func Fixed(tags ...Tag) Tags { return func(int64) []Tag { return tags } }

// Advertiser keeps a set of tags published: every 6 to 11 hours, when the
// addresses of the host change, when a network is entered (again), and with the
// tags of the new day within half an hour after midnight UTC. Failures go to
// the Finder's Report and are retried.
// See docs/spec/05-finding.md, section 5.
type Advertiser struct {
	finder *Finder
	part   string // of Report; the network's name follows
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // run and its publishers
	swaps  chan Tags      // the newest set, not yet taken by run
	done   chan outcome

	mu      sync.Mutex
	up, all int
}

type outcome struct {
	posting
	err error
}

// NewAdvertiser starts with nothing to publish. Its failures are reported as
// the part name and network, such as "publish public"; several Advertisers of
// one Finder need different names. Close it before the Finder.
func NewAdvertiser(f *Finder, name string) *Advertiser {
	a := &Advertiser{finder: f, part: name, swaps: make(chan Tags, 1), done: make(chan outcome)}
	a.ctx, a.cancel = context.WithCancel(f.ctx)
	a.wg.Go(a.run)
	return a
}

// Set replaces what is published. A tag that goes is not taken back: its
// records run out within 48 hours.
func (a *Advertiser) Set(tags Tags) {
	for {
		select {
		case a.swaps <- tags:
			return
		case <-a.swaps: // an older set that run has not seen
		}
	}
}

// Standing returns how many tags are published on at least one network, and
// how many should be.
func (a *Advertiser) Standing() (up, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.up, a.all
}

// Close stops publishing and waits for what is under way.
func (a *Advertiser) Close() error {
	a.cancel()
	a.wg.Wait()
	return nil
}

// board is the state of run, which alone touches it.
type board struct {
	*plan
	tags    Tags
	day     int64     // whose tags are in the plan
	turn    time.Time // when to go on to the next day's
	entries []int     // by overlay: entrances already answered
	running int
}

func (a *Advertiser) run() {
	overlays := a.finder.overlays
	b := board{plan: newPlan(len(overlays)), tags: Fixed(), entries: make([]int, len(overlays))}
	b.newDay(wall())
	for {
		moved, entered := a.finder.moved.wait(), a.finder.entered.wait()
		now := wall()
		b.noteDay(now)
		a.noteEntrances(&b, now)
		a.launch(&b, now)
		timer := time.NewTimer(max(0, b.wake(now).Sub(now)))
		select {
		case <-a.ctx.Done():
			timer.Stop()
			for ; b.running > 0; b.running-- {
				<-a.done
			}
			return
		case b.tags = <-a.swaps:
			b.replace(b.tags(b.day), wall())
		case <-moved:
			for i := range overlays {
				b.hurry(i, now, addressSettle)
			}
		case <-entered:
		case o := <-a.done:
			b.running--
			a.settle(&b, o)
		case <-timer.C:
		}
		timer.Stop()
		a.tell(&b)
	}
}

// wall is the wall clock without the monotonic one, which stops while a
// machine sleeps.
func wall() time.Time { return time.Now().Round(0) }

func (b *board) newDay(now time.Time) {
	b.day = Day(now)
	midnight := time.Unix((b.day+1)*24*60*60, 0)
	b.turn = midnight.Add(rand.N(dayJitter))
}

// noteDay goes on to the tags of another day when its turn has come, or when
// the clock jumped.
func (b *board) noteDay(now time.Time) {
	if today := Day(now); now.Before(b.turn) && (today == b.day || today == b.day+1) {
		return
	}
	b.newDay(now)
	b.replace(b.tags(b.day), now)
}

// noteEntrances publishes anew on networks that were entered again: a small one
// may have lost its memory meanwhile.
func (a *Advertiser) noteEntrances(b *board, now time.Time) {
	for i, o := range a.finder.overlays {
		if n := o.entrances(); n != b.entries[i] {
			b.entries[i] = n
			b.hurry(i, now, 0)
		}
	}
}

func (a *Advertiser) launch(b *board, now time.Time) {
	for _, post := range b.take(now, publishAtOnce-b.running) {
		b.running++
		a.wg.Go(func() {
			a.done <- outcome{post, a.finder.overlays[post.overlay].publish(a.ctx, post.tag)}
		})
	}
}

// wake is when run has to look again: not for what is due if no publisher is
// free to take it.
func (b *board) wake(now time.Time) time.Time {
	if b.running == publishAtOnce {
		return now.Add(clockCheck)
	}
	if at := b.next(now); at.Before(b.turn) {
		return at
	}
	return b.turn
}

func (a *Advertiser) settle(b *board, o outcome) {
	if a.ctx.Err() != nil {
		return
	}
	b.plan.settle(o.posting, o.err, wall())
	if o.err != nil && !errors.Is(o.err, ErrNoPeers) {
		a.finder.health.set(a.partOn(o.overlay), o.err)
	}
}

func (a *Advertiser) partOn(overlay int) string {
	return a.part + " " + string(a.finder.overlays[overlay].network)
}

// tell keeps Standing and the end of failures up to date.
func (a *Advertiser) tell(b *board) {
	for i := range a.finder.overlays {
		if !b.failing(i) {
			a.finder.health.set(a.partOn(i), nil)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.up, a.all = b.standing()
}
