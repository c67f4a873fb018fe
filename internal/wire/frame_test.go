package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
)

func TestFrames(t *testing.T) {
	var stream bytes.Buffer
	sizes := []int{0, 1, 127, 128, MaxFrame}
	for _, n := range sizes {
		if err := WriteFrame(&stream, bytes.Repeat([]byte{byte(n)}, n)); err != nil {
			t.Fatal(err)
		}
	}
	whole := stream.Bytes()
	r := bufio.NewReader(bytes.NewReader(whole))
	for _, n := range sizes {
		p, err := ReadFrame(r, MaxFrame)
		if err != nil || len(p) != n {
			t.Fatalf("frame of %d: %d bytes, %v", n, len(p), err)
		}
	}
	if _, err := ReadFrame(r, MaxFrame); err != io.EOF {
		t.Fatalf("at the end: %v", err)
	}
	for _, cut := range []int{len(whole) - 1, len(whole) - MaxFrame, len(whole) - MaxFrame - 1} {
		r := bufio.NewReader(bytes.NewReader(whole[:cut]))
		var err error
		for err == nil {
			_, err = ReadFrame(r, MaxFrame)
		}
		if err != io.ErrUnexpectedEOF {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
	if err := WriteFrame(io.Discard, make([]byte, MaxFrame+1)); !errors.Is(err, ErrFrame) {
		t.Fatal(err)
	}
}

// A peer that claims a frame of 1 GiB is refused before memory is set aside.
func TestAttack17_LengthBomb(t *testing.T) {
	for name, b := range map[string][]byte{
		"1 GiB":             {0x80, 0x80, 0x80, 0x80, 0x04},
		"over 64 bits":      bytes.Repeat([]byte{0xff}, 11),
		"one over":          {0x81, 0x80, 0x10},
		"padded length":     {0x81, 0x00},
		"padded for ever":   bytes.Repeat([]byte{0x80}, 64),
		"over the caller's": {0x65},
	} {
		limit := MaxFrame
		if name == "over the caller's" {
			limit = 100
		}
		in := append(b, make([]byte, 1<<10)...)
		used := testing.AllocsPerRun(10, func() {
			if p, err := ReadFrame(bufio.NewReader(bytes.NewReader(in)), limit); !errors.Is(err, ErrFrame) || p != nil {
				t.Errorf("%s: %d bytes, %v", name, len(p), err)
			}
		})
		if used > 12 {
			t.Errorf("%s: %v allocations", name, used)
		}
	}
	frame := append([]byte{0x80, 0x80, 0x10}, make([]byte, MaxFrame)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadFrame(bufio.NewReader(bytes.NewReader(frame)), MaxFrame); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*MaxFrame {
		t.Errorf("a frame of %d bytes takes %d", MaxFrame, got)
	}
	if _, err := ReadFrame(bufio.NewReader(bytes.NewReader([]byte{1, 0})), -1); !errors.Is(err, ErrFrame) {
		t.Errorf("a negative limit: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{2, 'h', 'i'})
	f.Add([]byte{0x80, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		var again bytes.Buffer
		for {
			p, err := ReadFrame(r, MaxFrame)
			if err != nil {
				break
			}
			if err := WriteFrame(&again, p); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(b, again.Bytes()) {
			t.Fatalf("%x became %x", b, again.Bytes())
		}
	})
}
