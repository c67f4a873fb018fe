package merkle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"causeway/store"
)

func TestCARRoundTrip(t *testing.T) {
	d := draw(t, talk)
	p := newPeer(t)
	p.add(d)
	p.update(func(tx *store.Tx) error { return p.DropBody(tx, d.id("b0")) })
	all := see(p, func(tx *store.Tx) ([]Entry, error) { return p.ByOffset(tx, 0, 100) })
	var file bytes.Buffer
	if err := WriteCAR(&file, entries(all)); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(file.Bytes())
	var blocks []Block
	if err := ReadCAR(&file, func(b Block) error { blocks = append(blocks, b); return nil }); err != nil {
		t.Fatal(err)
	}
	q := newPeer(t)
	if r := q.give(blocks...); len(r.Delivered) != 7 || r.Delivered[1].Body != nil {
		t.Fatalf("%+v", r)
	}
	for cut := range whole {
		n := 0
		err := ReadCAR(bytes.NewReader(whole[:cut]), func(b Block) error {
			n++
			if n == 7 && b.Body != nil {
				t.Errorf("cut at %d, and all is there", cut)
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrCAR) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	stop := errors.New("stop")
	if err := ReadCAR(bytes.NewReader(whole), func(Block) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	failing := func(yield func(Entry, error) bool) { yield(Entry{}, stop) }
	if err := WriteCAR(io.Discard, failing); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestBadCAR(t *testing.T) {
	d := draw(t, "a0")
	good := archive(t, d.blocks())
	head := len(carHeader) + 1
	section := func(data []byte, cid ...byte) []byte {
		b := binary.AppendUvarint(nil, uint64(len(cid)+len(data)))
		return append(append(b, cid...), data...)
	}
	body := section([]byte("x"), carCID(0x55, sum([]byte("x")))...)
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for name, b := range map[string][]byte{
		"empty":           {},
		"another head":    append([]byte{byte(len(carHeader))}, make([]byte, len(carHeader))...),
		"long head":       {0xff, 0xff, 0xff, 0x7f},
		"a flipped bit":   flipped,
		"a body first":    append(bytes.Clone(good[:head]), body...),
		"two bodies":      append(bytes.Clone(good), body...),
		"a short section": append(bytes.Clone(good), 1, 0),
		"a huge section":  append(bytes.Clone(good), 0xff, 0xff, 0xff, 0xff, 0x0f),
		"another codec":   append(bytes.Clone(good), section([]byte("x"), carCID(0x70, sum([]byte("x")))...)...),
	} {
		if err := ReadCAR(bytes.NewReader(b), func(Block) error { return nil }); !errors.Is(err, ErrCAR) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCAR(f *testing.F) {
	d := draw(f, talk)
	var b bytes.Buffer
	var es []Entry
	for _, n := range d.order {
		e := d.entry(n)
		es = append(es, Entry{ID: e.id, Header: e.Header, Body: e.body})
	}
	if err := WriteCAR(&b, entries(es)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:len(b.Bytes())/2])
	f.Fuzz(func(t *testing.T, in []byte) {
		var got []Entry
		err := ReadCAR(bytes.NewReader(in), func(b Block) error {
			h, err := DecodeHeader(b.Header)
			if err == nil && b.Body != nil && sum(b.Body) != h.Body {
				err = ErrBody
			}
			got = append(got, Entry{Header: h, Body: b.Body})
			return err
		})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteCAR(&out, entries(got)); err != nil || !bytes.Equal(out.Bytes(), in) {
			t.Fatalf("%x became %x, %v", in, out.Bytes(), err)
		}
	})
}
