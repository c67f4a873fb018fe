package dagsync

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"causeway/internal/wire"
	"causeway/merkle"
)

func TestAttack02_ForkShownToOnePeer(t *testing.T) {
	us := users("ann", "bob", "mallory")
	ann, bob := newNode(t, "ann", us...), newNode(t, "bob", us...)
	w := newWorld(t, 2, ann, bob)
	shared := logOf(us[2], 20)
	ann.keep(shared)
	bob.keep(shared)
	for i := range 3 { // two branches of equal height
		ann.write(us[2], fmt.Sprint("to ann ", i))
		bob.write(us[2], fmt.Sprint("to bob ", i))
	}
	wants := map[*node]int{}
	w.spy = func(from, _ *node, f []byte) {
		if frameType(f[0]) == typeWant {
			wants[from]++
		}
	}
	w.dial(ann, bob)
	w.settle(time.Second)
	w.same(ann, bob)
	for _, n := range w.nodes {
		if len(n.ids()) != 26 {
			t.Errorf("%s has %d entries", n.name, len(n.ids()))
		}
		if wants[n] > 2 {
			t.Errorf("%s needed %d requests to see the fork", n.name, wants[n])
		}
		if n.forks == 0 {
			t.Errorf("%s has no proof of the fork", n.name)
		}
	}
}

// A liar advertises logs of many authors whose last signatures are bad.
func TestAttack05_LastSignatureFails(t *testing.T) {
	var authors []user
	for i := range maxStrikes {
		authors = append(authors, newUser(fmt.Sprint("author ", i)))
	}
	all := append(users("ann", "mallory", "cleo"), authors...)
	ann, cleo := newNode(t, "ann", all...), newNode(t, "cleo", all...)
	r := newRaw(t, ann, all[1])
	r.open()
	es, st := entries{Sid: r.sid, Req: 1, Flags: flagLast}, state{rows{Sid: r.sid}}
	var forged []merkle.Entry
	for _, a := range authors {
		b := logOf(a, 1)
		cleo.keep(b)
		e := entriesOf(t, b)[0]
		e.Sig[7] ^= 1
		e.ID = e.Header.ID()
		forged = append(forged, e)
		st.Rows = append(st.Rows, row{r.salt.log(e.Log), r.salt.head(e.ID), 0})
	}
	es.fill(forged)
	slices.SortFunc(st.Rows, compareRows)
	got := r.send(&st)
	if _, ok := find[*want](got); !ok {
		t.Fatal("ann does not ask")
	}
	_, err := r.try(&es)
	wantProtocolError(t, err)
	if n := len(ann.ids()); n != 0 {
		t.Fatalf("%d forged entries were delivered", n)
	}

	w := newWorld(t, 5, ann, cleo)
	w.dial(ann, cleo)
	w.settle(time.Second)
	w.same(ann, cleo) // the authors are not blamed
}

func TestAttack05_BackoffDoubles(t *testing.T) {
	l, now := newLedger(), time.Unix(1_800_000_000, 0)
	want := backoffLeast
	for range 12 {
		l.banish("mallory", now)
		if got := l.away("mallory", now); got != min(want, backoffMost) {
			t.Fatalf("away for %v, want %v", got, want)
		}
		now = now.Add(l.away("mallory", now))
		want *= 2
	}
	if l.away("mallory", now) != 0 || l.away("bob", now) != 0 {
		t.Error("still away")
	}
	for i := range maxStrikes {
		if enough := l.strike("bob", 1, now); enough != (i == maxStrikes-1) {
			t.Fatalf("strike %d: enough %t", i+1, enough)
		}
	}
}

// Entries that nobody asked for are dropped before anything in them is verified.
func TestAttack06_UnaskedEntriesAreDropped(t *testing.T) {
	us := users("ann", "mallory")
	ann := newNode(t, "ann", us...)
	r := newRaw(t, ann, us[1])
	r.open()
	es := entries{Sid: r.sid, Req: 7}
	es.fill(entriesOf(t, logOf(us[1], 3)))
	var err error
	sent := 0
	for ; err == nil && sent <= maxStrikes; sent++ {
		_, err = r.try(&es)
	}
	wantProtocolError(t, err)
	if sent != maxStrikes || ann.added != 0 {
		t.Errorf("the stream ended after %d frames, and %d entries were looked at", sent, ann.added)
	}
}

// The withholder of a parent is never counted as synced; others' logs go on, and
// an honest peer brings the rest.
func TestAttack08_ParentNeverArrives(t *testing.T) {
	us := users("ann", "bob", "cleo")
	ann, bob, cleo := newNode(t, "ann", us...), newNode(t, "bob", us...), newNode(t, "cleo", us...)
	held := bob.write(us[2], "the parent that bob withholds")
	bob.write(bob.user, "its child")
	free := logOf(newUser("dan"), 3)
	bob.keep(free)
	w := newWorld(t, 8, ann, bob, cleo)
	bob.withhold = map[merkle.ID]bool{held.ID: true}
	w.dial(ann, bob)
	w.settle(2 * time.Minute)
	if n := len(ann.ids()); n != len(free) {
		t.Fatalf("ann has %d entries, want those of dan's log", n)
	}
	if w.hasEvent(Synced, ann, bob) {
		t.Error("the withholder counts as synced")
	}
	bob.withhold = nil
	c := w.dial(bob, cleo)
	w.settle(time.Second)
	w.cut(c)
	bob.withhold = map[merkle.ID]bool{held.ID: true}
	w.dial(ann, cleo)
	w.settle(time.Second)
	w.same(ann, bob, cleo)
}

func TestAttack17_NoFrameCostsMuchMoreThanItsBytes(t *testing.T) {
	for kind := typeHello; kind <= typeNack; kind++ {
		for _, count := range []int{100, maxRows, 200 << 10, math.MaxInt32} {
			p := appendUints(append([]byte{byte(kind)}, wire.AppendArray(nil, 3)...), 2, 0)
			p = wire.AppendArray(p, count)
			p = append(p, bytes.Repeat([]byte{0x80}, min(count, maxFrame-len(p)))...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decode(p)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatalf("type %d with %d elements decodes", kind, count)
			}
			if cost := after.TotalAlloc - before.TotalAlloc; cost > 2*maxFrame {
				t.Errorf("type %d with %d elements in %d bytes costs %d", kind, count, len(p), cost)
			}
		}
	}
}

// False claims cost a request each, are never stored as truth, and hinder nobody.
func TestAttack19_ClaimsMoreThanItHas(t *testing.T) {
	us := users("ann", "mallory", "cleo")
	ann, cleo := newNode(t, "ann", us...), newNode(t, "cleo", us...)
	cleo.keep(logOf(us[2], 200))
	w := newWorld(t, 19, ann, cleo)
	r := rawOver(t, ann, us[1], config{ledger: w.ledgers[ann], leases: w.leases[ann]})
	r.now = w.now
	r.open()
	got := r.claim(us[2].log(), merkle.ID{9}, 1_000_000)
	q, ok := find[*want](got)
	if !ok {
		t.Fatal("ann does not ask")
	}
	w.dial(ann, cleo)
	w.settle(5 * time.Second) // the liar still holds the lease
	r.now = w.now
	r.send(&entries{Sid: r.sid, Req: q.Req, Flags: flagLast})
	w.settle(5 * time.Second)
	w.same(ann, cleo)
	if len(ann.seen[us[1].log()]) != 0 {
		t.Error("a false claim counts as seen")
	}
	if again := r.claim(us[2].log(), merkle.ID{9}, 1_000_000); len(again) > 1 {
		t.Errorf("the same claim is believed again: %v", again)
	}
}

// A liar who says nothing for 15 s while it owes an answer loses its stream, and
// the lease with it.
func TestAttack19_LeaseTimesOut(t *testing.T) {
	us := users("ann", "mallory")
	ann := newNode(t, "ann", us...)
	r := newRaw(t, ann, us[1])
	r.open()
	r.claim(us[1].log(), merkle.ID{9}, 1_000_000)
	r.now = r.now.Add(progressTime)
	if _, err := r.drain(); !errors.Is(err, errStalled) {
		t.Fatalf("error %v", err)
	}
	r.e.end()
	if !r.e.leases.hold(group, nil, r.now) {
		t.Error("the lease outlives the stream")
	}
}

func TestAttack20_LiesThatAllIsEqual(t *testing.T) {
	us := users("ann", "mallory", "cleo")
	ann, cleo := newNode(t, "ann", us...), newNode(t, "cleo", us...)
	e := cleo.write(cleo.user, "what mallory hides")
	w := newWorld(t, 20, ann, cleo)
	r := newRaw(t, ann, us[1])
	r.open()
	_, err := r.try(&state{rows{Sid: r.sid, Flags: flagEqual}})
	wantProtocolError(t, err) // the digests differ
	w.dial(ann, cleo)
	w.settle(time.Second)
	if !ann.ids()[e.ID] {
		t.Error("ann does not have what mallory hid")
	}
}

func TestAttack21_NeverGrantsCredit(t *testing.T) {
	us := users("ann", "mallory")
	ann := newNode(t, "ann", us...)
	ann.keep(logOf(us[0], 4000))
	r := newRaw(t, ann, us[1])
	r.credit = minFrame
	got := r.open()
	st, ok := find[*state](got)
	if !ok {
		t.Fatal("no STATE")
	}
	r.send(&state{rows{Sid: r.sid}})
	w := want{Sid: r.sid, Req: 1, Ranges: []wanted{{advert{st.Rows[0].Log, st.Rows[0].Head}, 0, st.Rows[0].Seq}}}
	sent := 0
	for _, f := range r.send(&w) {
		if _, ok := f.(*entries); ok {
			sent += len(encode(f))
		}
	}
	if sent == 0 || sent > minFrame {
		t.Fatalf("%d bytes sent on a credit of %d", sent, minFrame)
	}
	r.now = r.now.Add(progressTime)
	if _, err := r.drain(); !errors.Is(err, errStalled) {
		t.Fatalf("error %v", err)
	}
}

func TestAttack21_SaysNothing(t *testing.T) {
	ann := newNode(t, "ann")
	for greets := range 2 {
		r := newRaw(t, ann, newUser("mallory"))
		wait, want := progressTime, errStalled
		if greets == 1 {
			r.hello()
			wait, want = idleTime, errIdle
		}
		r.now = r.now.Add(wait)
		if _, err := r.drain(); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}

// What was recorded from one stream opens nothing on another.
func TestAttack22_Replay(t *testing.T) {
	us := users("ann", "bob")
	ann, bob := newNode(t, "ann", us...), newNode(t, "bob", us...)
	ann.write(ann.user, "hello")
	bob.write(bob.user, "hello")
	w := newWorld(t, 22, ann, bob)
	var record [][]byte
	w.spy = func(from, _ *node, f []byte) {
		if from == bob {
			record = append(record, f)
		}
	}
	w.dial(bob, ann)
	w.settle(time.Second)
	added := ann.added
	r := newRaw(t, ann, us[1])
	for _, f := range record {
		got, err := r.tryBytes(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range got {
			if n, ok := g.(*nack); (!ok || n.Code != nackUnknown) && g.kind() != typeHello {
				t.Errorf("a replayed frame of type %d is answered by %#v", f[0], g)
			}
		}
	}
	if ann.added != added || r.e.proven {
		t.Error("a replay was believed")
	}
}

// A stranger gets the same answer to everything it tries, and little of it.
func TestAttack23_StrangerProbes(t *testing.T) {
	ann := newNode(t, "ann", users("ann", "bob")...)
	stranger := newUser("stranger")
	probe := func(change func(r *raw, o *offer)) []byte {
		r := newRaw(t, ann, stranger)
		r.hello()
		o := r.offerBy(synKey(group, 1))
		change(r, &o)
		got := r.send(&open{Offers: []offer{o}})
		if len(got) != 1 {
			t.Fatalf("answered by %v", got)
		}
		return encode(got[0])
	}
	tag := probe(func(_ *raw, o *offer) { o.Tag[0] ^= 1 })
	for name, change := range map[string]func(*raw, *offer){
		"box":       func(_ *raw, o *offer) { o.Box[0] ^= 1 },
		"no box":    func(_ *raw, o *offer) { o.Box = nil },
		"other sid": func(_ *raw, o *offer) { o.Box = append([]byte(nil), o.Box[:len(o.Box)-1]...) },
		"signature": func(r *raw, o *offer) {
			k := synKey(group, 1)
			b := boxed{Log: newUser("bob").log(), Sig: stranger.Sign(ProofMessage(o.Tag[:])), Credit: sessionCredit}
			o.Box = sealBox(boxKey(k.Syn, dialer, o.Sid, r.ends), o.Tag, b)
		},
	} {
		if got := probe(change); !bytes.Equal(got, tag) {
			t.Errorf("%s: answered by %x, not %x", name, got, tag)
		}
	}
	r := newRaw(t, ann, stranger)
	r.hello()
	for i := range opensFailed + 3 {
		o := r.offerBy(synKey(Conv{77}, 1))
		got, _ := find[*nack](r.send(&open{Offers: []offer{o}}))
		if want := i < opensFailed; (got.Code == nackUnknown) != want {
			t.Errorf("try %d: code %d", i+1, got.Code)
		}
	}
	r.now = r.now.Add(time.Minute / opensFailed)
	if got, _ := find[*nack](r.send(&open{Offers: []offer{r.offerBy(synKey(Conv{77}, 1))}})); got.Code != nackUnknown {
		t.Errorf("after a pause: code %d", got.Code)
	}
}

// Announcements never cause more than one pull in 300 ms.
func TestAttack30_FloodOfHeads(t *testing.T) {
	us := users("ann", "mallory")
	ann := newNode(t, "ann", us...)
	r := newRaw(t, ann, us[1])
	r.open()
	r.send(&state{rows{Sid: r.sid}})
	wants := 0
	for i := range 100 {
		h := heads{rows{Sid: r.sid, Rows: []row{{r.salt.log(us[1].log()), headTag{byte(i)}, uint64(i)}}}}
		got := r.send(&h)
		if q, ok := find[*want](got); ok {
			wants++
			r.send(&entries{Sid: r.sid, Req: q.Req, Flags: flagLast})
		}
		r.now = r.now.Add(10 * time.Millisecond)
	}
	if wants == 0 || wants > int(time.Second/pullPause)+1 {
		t.Errorf("%d pulls in a second", wants)
	}
}
