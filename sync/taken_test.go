package dagsync

import (
	"fmt"
	"testing"
	"time"
)

// opened opens the group, tells that it has nothing and asks for entries of each
// log that the victim has; it returns the ENTRIES that come.
func (r *raw) opened(from, to uint64) (got []*entries) {
	r.t.Helper()
	st, ok := find[*state](r.open())
	if !ok {
		r.t.Fatal("no STATE")
	}
	r.send(&state{rows{Sid: r.sid}})
	w := &want{Sid: r.sid, Req: 1}
	for _, row := range st.Rows {
		w.Ranges = append(w.Ranges, wanted{advert{row.Log, row.Head}, from, to})
	}
	for _, f := range r.send(w) {
		if es, ok := f.(*entries); ok {
			got = append(got, es)
		}
	}
	return got
}

func size(es *entries) uint64 { return uint64(len(encode(es))) }

// later lets the time pass after which the victim tells what was taken.
func (r *raw) later() {
	r.t.Helper()
	r.now = r.now.Add(relayDelay)
	if _, err := r.drain(); err != nil {
		r.t.Fatal(err)
	}
}

// Only entries of frames that CREDIT covers to the last byte count as taken, and
// not before their receipt has had the time to come.
func TestCreditSaysWhatWasTaken(t *testing.T) {
	us := users("ann", "bob")
	ann := newNode(t, "ann", us...)
	ann.keep(logOf(us[0], 3000))
	r := newRaw(t, ann, us[1])
	got := r.opened(0, 2999)
	if len(got) < 3 {
		t.Fatalf("3000 entries come in %d frames", len(got))
	}
	steps := []struct {
		credit uint64
		frames int
	}{{1, 0}, {size(got[0]) - 2, 0}, {1, 1}, {0, 1}, {size(got[1]) + 7, 2}, {size(got[2]) - 8, 2}, {1, 3}}
	for i, s := range steps {
		r.send(&credit{r.sid, s.credit})
		before := ann.hasTaken(us[1].log())
		r.later()
		items := 0
		for _, es := range got[:s.frames] {
			items += len(es.Items)
		}
		if n := ann.hasTaken(us[1].log()); n != uint64(items) {
			t.Errorf("step %d: %d entries count as taken, want %d", i, n, items)
		} else if i == 2 && before != 0 {
			t.Error("it was told at once")
		}
	}
}

// What the connection's end leaves without a receipt is told then.
func TestTakenIsToldWhenTheStreamEnds(t *testing.T) {
	us := users("ann", "bob")
	ann := newNode(t, "ann", us...)
	ann.keep(logOf(us[0], 5))
	for _, covered := range []bool{false, true} {
		r := newRaw(t, ann, us[1])
		es := r.opened(0, 4)[0]
		part := size(es)
		if !covered {
			part--
		}
		r.send(&credit{r.sid, part})
		r.e.end()
		if n := ann.hasTaken(us[1].log()); n > 0 != covered || covered && n != 5 {
			t.Errorf("covered %t: %d entries count as taken", covered, n)
		}
	}
}

// A receipt says more, so nothing else is told of what it covers.
func TestReceiptStandsForTaken(t *testing.T) {
	us := users("ann", "bob")
	ann := newNode(t, "ann", us...)
	blocks := logOf(us[0], 5)
	ann.keep(blocks)
	r := newRaw(t, ann, us[1])
	es := r.opened(0, 4)[0]
	r.send(&credit{r.sid, size(es)})
	last := entriesOf(t, blocks)[4]
	r.send(&heads{rows{Sid: r.sid, Rows: []row{{r.salt.log(last.Log), r.salt.head(last.ID), 4}}}})
	r.later()
	if !ann.hasSeen(us[1].log(), last) {
		t.Error("no receipt")
	}
	if n := ann.hasTaken(us[1].log()); n != 0 {
		t.Errorf("%d entries were told to be taken besides", n)
	}
}

// Credit counts for the session in which it is granted and for nobody else.
func TestCreditOfOneSessionIsNoneOfAnother(t *testing.T) {
	us := users("ann", "bob", "cleo")
	ann := newNode(t, "ann", us...)
	ann.keep(logOf(us[0], 5))
	var peers []*raw
	var frames []*entries
	for _, u := range us[1:] {
		r := newRaw(t, ann, u)
		frames = append(frames, r.opened(0, 4)[0])
		peers = append(peers, r)
	}
	peers[0].send(&credit{peers[0].sid, size(frames[0]) - 1})
	peers[1].send(&credit{peers[1].sid, size(frames[1])})
	for _, r := range peers {
		r.e.end()
	}
	if b, c := ann.hasTaken(us[1].log()), ann.hasTaken(us[2].log()); b != 0 || c != 5 {
		t.Errorf("bob has taken %d, cleo %d", b, c)
	}
	again := newRaw(t, ann, us[1])
	again.open()
	if _, err := again.try(&credit{again.sid, 1}); err == nil {
		t.Error("the byte that the last session owed is taken in this one")
	}
	again.e.end()
	if n := ann.hasTaken(us[1].log()); n != 0 {
		t.Errorf("bob has taken %d entries by two halves", n)
	}
}

// A liar that grants credit for what it was never sent is cut off, and no mark
// goes beyond what was sent: not above it, not below it, not of others' logs.
func TestAttack38_CreditForWhatWasNotSent(t *testing.T) {
	us := users("ann", "bob", "cleo")
	ann := newNode(t, "ann", us...)
	ann.keep(logOf(us[0], 200))
	ann.keep(logOf(us[2], 200))
	r := newRaw(t, ann, us[1])
	r.open()
	_, err := r.try(&credit{r.sid, 1})
	wantProtocolError(t, err)

	r = newRaw(t, ann, us[1])
	es := r.opened(150, 160)[0]
	_, err = r.try(&credit{r.sid, size(es) + 1})
	wantProtocolError(t, err)
	r.e.end()
	if rs := ann.taken[us[1].log()]; len(rs) != 0 {
		t.Errorf("the liar has taken %v", rs)
	}

	r = newRaw(t, ann, us[1])
	es = r.opened(150, 160)[0]
	r.send(&credit{r.sid, size(es)})
	r.e.end()
	rs := ann.taken[us[1].log()]
	if len(rs) != 1 || rs[0].From != 150 || rs[0].To != 160 || rs[0].Log != ann.log() {
		t.Errorf("it has taken %v, want 150 to 160 of ann's log", rs)
	}
}

// However fast somebody writes, nothing that goes unasked is dropped: so nothing
// is credited that was not taken.
func TestHonestSenderKeepsBelowTheEagerRate(t *testing.T) {
	ann, bob, w := pair(t)
	w.synced(ann, bob)
	var taken bucket
	pushed := 0
	w.spy = func(from, _ *node, p []byte) {
		f, err := decode(p)
		if es, ok := f.(*entries); ok && err == nil && from == ann && es.Req == 0 {
			pushed++
			if !taken.take(w.now, eagerRate, eagerBurst) {
				t.Fatalf("seed %d: push %d is beyond the rate", w.seed, pushed)
			}
		}
	}
	for i := range 500 {
		ann.write(ann.user, fmt.Sprint("message ", i))
		w.announce(ann)
		for range 20 {
			w.round()
		}
		w.now = w.now.Add(time.Duration(i%7) * time.Millisecond)
	}
	w.settle(time.Minute)
	w.same(ann, bob)
	if pushed < pushBurst {
		t.Errorf("only %d of 500 messages went unasked", pushed)
	}
}

// Credit is for what was taken: what is dropped gets none.
func TestDroppedEntriesGetNoCredit(t *testing.T) {
	us := users("ann", "bob")
	ann := newNode(t, "ann", us...)
	ann.removals[us[1].log()] = ann.write(us[0], "bob is removed").ID
	r := newRaw(t, ann, us[1])
	r.open()
	es := entries{Sid: r.sid, Req: 7}
	es.fill(entriesOf(t, logOf(us[1], 3)))
	if c, ok := find[*credit](r.send(&es)); ok {
		t.Errorf("a removed one gets %d bytes of credit", c.Bytes)
	}
	ann = newNode(t, "ann", us...)
	r = newRaw(t, ann, us[1])
	r.open()
	es.Sid = r.sid
	if c, ok := find[*credit](r.send(&es)); ok {
		t.Errorf("what nobody asked for gets %d bytes of credit", c.Bytes)
	}
}
