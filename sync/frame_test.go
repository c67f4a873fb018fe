package dagsync

import (
	"bytes"
	"testing"

	"causeway/internal/wire"
	"causeway/merkle"
)

// What a frame may not say, one change at a time.
func TestFramesThatAreRefused(t *testing.T) {
	good := func(change func(f *want)) frame {
		f := &want{Sid: 2, Req: 1, Ranges: []wanted{{advert{}, 1, 2}}, IDs: []Ask{{ID: merkle.ID{1}, Depth: 8}}}
		change(f)
		return f
	}
	item1 := item{Run: 0, Height: 1, Body: []byte("body")}
	es := func(items ...item) frame { return &entries{Sid: 2, Runs: []run{{}}, Items: items} }
	for name, f := range map[string]frame{
		"hello of version 0":      &hello{Version: 0, MaxFrame: maxFrame, MaxInflight: streamCredit},
		"hello with small frames": &hello{Version: 1, MaxFrame: minFrame - 1, MaxInflight: streamCredit},
		"hello with no credit":    &hello{Version: 1, MaxFrame: maxFrame},
		"open of nothing":         &open{},
		"open with a long box":    &open{Offers: []offer{{Box: make([]byte, maxBox+1)}}},
		"open with many offers":   &open{Offers: make([]offer, maxOffers+1)},
		"rows twice":              &state{rows{Rows: []row{{Seq: 1}, {Seq: 1}}}},
		"rows out of order":       &heads{rows{Rows: []row{{Seq: 2}, {Seq: 1}}}},
		"seq too high":            &heads{rows{Rows: []row{{Seq: merkle.MaxCount + 1}}}},
		"too many rows":           &state{rows{Rows: make([]row, maxRows+1)}},
		"want of nothing":         good(func(f *want) { f.Ranges, f.IDs = nil, nil }),
		"want without number":     good(func(f *want) { f.Req = 0 }),
		"want backwards":          good(func(f *want) { f.Ranges[0].From = 3 }),
		"want too deep":           good(func(f *want) { f.IDs[0].Depth = maxDepth + 1 }),
		"want of many ids":        good(func(f *want) { f.IDs = make([]Ask, maxIDs+1) }),
		"nack without code":       &nack{},
		"run without items":       es(),
		"item without run":        es(item1, item{Run: 1}),
		"reference forward":       es(item1, item{Back: []uint64{1}}),
		"references out of order": es(item1, item1, item{Back: []uint64{1, 0}}),
		"links out of order":      es(item{Links: []merkle.ID{{2}, {1}}}),
		"17 parents":              es(item1, item{Back: []uint64{0}, Links: make([]merkle.ID, 16)}),
		"body here and gone":      es(item{Body: []byte("body"), Gone: &gone{Size: 4}}),
		"empty body gone":         es(item{Gone: &gone{}}),
		"body too long":           es(item{Body: make([]byte, merkle.MaxBody+1)}),
	} {
		if got, err := decode(encode(f)); err == nil {
			t.Errorf("%s: decodes to %+v", name, got)
		}
	}
	for _, p := range [][]byte{nil, {0}, {byte(typeNack) + 1}, {byte(typeCredit)}, append(encode(&credit{1, 2}), 0)} {
		if got, err := decode(p); err == nil {
			t.Errorf("%x decodes to %+v", p, got)
		}
	}
	if _, err := decode(encode(good(func(*want) {}))); err != nil {
		t.Errorf("the unchanged frame: %v", err)
	}
}

// The longest frames that this node sends fit what the least peer takes.
func TestOwnFramesFitTheLeastPeer(t *testing.T) {
	seq := uint64(merkle.MaxCount)
	rs := make([]row, maxRows)
	wt := want{Sid: seq, Req: seq, Ranges: make([]wanted, maxRanges), IDs: make([]Ask, maxIDs)}
	for i := range rs {
		rs[i].Seq = seq
	}
	for i := range wt.Ranges {
		wt.Ranges[i].From, wt.Ranges[i].To = seq, seq
	}
	big := merkle.Entry{Body: make([]byte, merkle.MaxBody)}
	big.Seq, big.Prev, big.Height, big.Parents = seq, merkle.ID{1}, seq, make([]merkle.ID, merkle.MaxParents)
	one := entries{Sid: seq, Req: seq}
	for name, size := range map[string]int{
		"STATE":   len(encode(&state{rows{Rows: rs}})),
		"WANT":    len(encode(&wt)),
		"ENTRIES": len(one.fill([]merkle.Entry{big})),
		"OPEN":    len(encode(&open{Offers: make([]offer, maxOffers)})) + maxOffers*(maxBox+10),
	} {
		if size > minFrame || name == "ENTRIES" && size > entryFrame {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
}

// A batch of many small entries in as many logs is no longer packed than loose.
func TestPackingAddsLittle(t *testing.T) {
	var es []merkle.Entry
	loose := 0
	for i := range maxBatch {
		e := merkle.Entry{Body: []byte{1}}
		e.Seq, e.Prev, e.Height = merkle.MaxCount, merkle.ID{byte(i), byte(i >> 8)}, merkle.MaxCount
		e.ID = merkle.ID{9, byte(i), byte(i >> 8)}
		e.BodySize = 1
		es = append(es, e)
		loose += len(e.Encode()) + len(e.Body)
	}
	var f entries
	if n := len(f.fill(es)); n > loose+frameSlack {
		t.Errorf("%d bytes packed, %d loose", n, loose)
	}
}

// What decodes re-encodes to the same bytes, and what it unpacks to packs again
// to blocks that merkle reads.
func fuzzFrame(f *testing.F, kind frameType) {
	for _, seed := range readVectors(f).Frames {
		if frameType(seed[0]) == kind {
			f.Add([]byte(seed[1:]))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := append([]byte{byte(kind)}, body...)
		got, err := decode(p)
		if err != nil {
			return
		}
		if again := encode(got); !bytes.Equal(again, p) {
			t.Fatalf("%x decodes and encodes to %x", p, again)
		}
		if es, ok := got.(*entries); ok {
			if blocks, ids := es.unpack(); len(blocks) != len(es.Items) || len(ids) != len(blocks) {
				t.Fatal("entries are lost")
			}
		}
	})
}

func FuzzHello(f *testing.F)   { fuzzFrame(f, typeHello) }
func FuzzOpen(f *testing.F)    { fuzzFrame(f, typeOpen) }
func FuzzState(f *testing.F)   { fuzzFrame(f, typeState) }
func FuzzHeads(f *testing.F)   { fuzzFrame(f, typeHeads) }
func FuzzWant(f *testing.F)    { fuzzFrame(f, typeWant) }
func FuzzEntries(f *testing.F) { fuzzFrame(f, typeEntries) }
func FuzzCredit(f *testing.F)  { fuzzFrame(f, typeCredit) }
func FuzzNack(f *testing.F)    { fuzzFrame(f, typeNack) }

func FuzzBox(f *testing.F) {
	f.Add([]byte(readVectors(f).Opens[0].Plain))
	f.Fuzz(func(t *testing.T, plain []byte) {
		var b boxed
		if wire.Unmarshal(plain, &b) != nil {
			return
		}
		again, err := wire.Marshal(b)
		if err != nil || !bytes.Equal(again, plain) {
			t.Fatalf("%x decodes and encodes to %x, %v", plain, again, err)
		}
	})
}

// An engine survives any frame.
func FuzzEngine(f *testing.F) {
	for _, seed := range readVectors(f).Frames {
		f.Add([]byte(seed))
	}
	ann := newNode(f, "ann", users("ann", "bob")...)
	ann.write(ann.user, "hello")
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, opened := range []bool{false, true} {
			r := newRaw(t, ann, newUser("bob"))
			if opened {
				r.open()
			} else {
				r.hello()
			}
			r.tryBytes(p)
			r.e.end()
		}
	})
}
