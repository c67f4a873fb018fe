package dagsync

import (
	"errors"
	"slices"
	"testing"
	"time"

	"causeway/merkle"
	"causeway/store"
)

// dice are decisions that the fuzzer makes; when they are used up all are 0.
type dice struct{ rest []byte }

func (d *dice) roll(n int) int {
	if len(d.rest) == 0 {
		return 0
	}
	v := int(d.rest[0])
	d.rest = d.rest[1:]
	return v % n
}

// hostile is a member that has proven itself, so that all it says reaches the
// handlers behind the tags, and then says what the dice say: of true entries,
// rows and requests, in any order, with any numbers.
type hostile struct {
	*raw
	dice  dice
	logs  []merkle.LogKey
	known []merkle.Entry // that exist
	alien []merkle.Entry // of somebody who is no member
}

func (h *hostile) log() merkle.LogKey { return h.logs[h.dice.roll(len(h.logs))] }

func (h *hostile) entry() merkle.Entry {
	all := h.known
	if h.dice.roll(8) == 7 {
		all = h.alien
	}
	return all[h.dice.roll(len(all))]
}

// number is small, or one of those at which something begins or ends.
func (h *hostile) number() uint64 {
	edges := []uint64{0, 1, 2, 3, uint64(h.dice.roll(200)), maxBatch, merkle.MaxCount, 1 << 62}
	return edges[h.dice.roll(len(edges))]
}

func (h *hostile) rows() rows {
	r := rows{Sid: h.session(), Flags: uint64(h.dice.roll(32))}
	for range h.dice.roll(6) {
		e := h.entry()
		log, seq := e.Log, e.Seq
		if h.dice.roll(4) == 3 {
			log, seq = h.log(), min(h.number(), merkle.MaxCount)
		}
		r.Rows = append(r.Rows, row{h.salt.log(log), h.salt.head(e.ID), seq})
	}
	slices.SortFunc(r.Rows, compareRows)
	r.Rows = slices.CompactFunc(r.Rows, func(a, b row) bool { return compareRows(a, b) == 0 })
	return r
}

func (h *hostile) session() uint64 {
	if h.dice.roll(10) == 9 {
		return h.number()
	}
	return h.sid
}

func (h *hostile) want() *want {
	w := &want{Sid: h.session(), Req: 1 + uint64(h.dice.roll(4))}
	for range h.dice.roll(3) {
		e := h.entry()
		from := uint64(h.dice.roll(int(e.Seq) + 1))
		w.Ranges = append(w.Ranges, wanted{advert{h.salt.log(e.Log), h.salt.head(e.ID)}, from, from + uint64(h.dice.roll(5))})
	}
	for range h.dice.roll(3) {
		w.IDs = append(w.IDs, Ask{ID: h.entry().ID, Depth: uint64(h.dice.roll(maxDepth + 1))})
	}
	if len(w.Ranges)+len(w.IDs) == 0 {
		w.IDs = []Ask{{ID: h.entry().ID, Depth: firstDepth}}
	}
	return w
}

func (h *hostile) entries() *entries {
	f := &entries{Sid: h.session(), Req: uint64(h.dice.roll(4)), Flags: uint64(h.dice.roll(32))}
	var es []merkle.Entry
	for range 1 + h.dice.roll(5) {
		e := h.entry()
		switch h.dice.roll(12) {
		case 10:
			e.Sig[3] ^= 1
			e.ID = e.Header.ID()
		case 11:
			e.Body = append(slices.Clone(e.Body), 'x')
		}
		if !slices.ContainsFunc(es, func(o merkle.Entry) bool { return o.ID == e.ID }) {
			es = append(es, e)
		}
	}
	slices.SortFunc(es, func(a, b merkle.Entry) int { return int(a.Height) - int(b.Height) })
	f.fill(es)
	return f
}

// say does one thing and returns what the victim answers.
func (h *hostile) say() ([]frame, error) {
	switch h.dice.roll(11) {
	case 0, 1:
		return h.try(&state{h.rows()})
	case 2:
		return h.try(&heads{h.rows()})
	case 3, 4:
		return h.try(h.want())
	case 5, 6:
		return h.try(h.entries())
	case 7:
		return h.try(&credit{h.session(), h.number()})
	case 8:
		return h.try(&nack{h.session(), uint64(h.dice.roll(4)), nackCode(1 + h.dice.roll(8)), h.number()})
	case 9:
		return h.try(&open{Offers: []offer{h.offerBy(synKey(group, byte(1+h.dice.roll(2))))}})
	}
	h.now = h.now.Add(time.Duration(h.dice.roll(200)) * time.Second)
	return h.drain()
}

// FuzzSession has a proven member say anything: the victim ends the stream for
// what breaks the protocol, for idling and for nothing else, sends no ENTRIES
// over a session's credit, and takes true entries only, all of which still come in
// afterwards.
func FuzzSession(f *testing.F) {
	f.Add([]byte{0, 0, 3, 1, 1, 1}, false)
	f.Add([]byte{5, 0, 0, 0, 2, 1, 1, 0, 3, 1, 2, 0, 9, 10, 1, 7, 3}, false)
	f.Add(slices.Repeat([]byte{3, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, 9), true)
	us := users("ann", "bob", "carol", "mallory")
	source := newNode(f, "source", us[:3]...)
	for i := range 12 {
		source.write(us[i%3], text(i))
	}
	var known []merkle.Entry
	if err := source.view(func(tx *store.Tx) (err error) { known, err = source.dag(group).ByOffset(tx, 0, 100); return err }); err != nil {
		f.Fatal(err)
	}
	alien := entriesOf(f, logOf(us[3], 3))
	f.Fuzz(func(t *testing.T, b []byte, some bool) {
		ann := newNode(t, "ann", us[:3]...)
		if some {
			ann.keep(blocksOf(known[:7]))
		}
		h := &hostile{raw: newRaw(t, ann, us[1]), dice: dice{b}, known: known, alien: alien}
		for _, u := range us {
			h.logs = append(h.logs, u.log())
		}
		h.open()
		for len(h.dice.rest) > 0 {
			got, err := h.say()
			if err != nil && !errors.Is(err, errProtocol) && !errors.Is(err, errIdle) && !errors.Is(err, errStalled) {
				t.Fatalf("the victim fails by itself: %v", err)
			}
			for _, g := range got {
				if es, ok := g.(*entries); ok && len(encode(es)) > sessionCredit {
					t.Fatalf("an ENTRIES of %d bytes", len(encode(es)))
				}
			}
			if err != nil {
				break
			}
		}
		h.e.end()
		honest(t, ann, known, alien)
	})
}

// honest holds that a node has true entries only, and that all of them still
// find their way in.
func honest(t *testing.T, ann *node, known, alien []merkle.Entry) {
	t.Helper()
	real := map[merkle.ID]bool{}
	for _, e := range slices.Concat(known, alien) {
		real[e.ID] = true
	}
	for id := range ann.ids() {
		if !real[id] {
			t.Fatalf("%v was never written", id)
		}
	}
	err := ann.update(func(tx *store.Tx) error {
		_, err := ann.dag(group).Add(tx, blocksOf(known))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range known {
		if !ann.holds(e.ID) {
			t.Fatalf("entry %d of %v does not come in any more", e.Seq, e.Log)
		}
	}
}

func blocksOf(es []merkle.Entry) (out []merkle.Block) {
	for _, e := range es {
		out = append(out, e.Block())
	}
	return out
}
