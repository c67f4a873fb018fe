package seal

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func drawContext(t *rapid.T) Context {
	bytes32 := func(name string) [32]byte { return [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name)) }
	c := Context{Log: bytes32("log"), Seq: rapid.Uint64Range(0, 1<<53).Draw(t, "seq")}
	if rapid.Bool().Draw(t, "has prev") {
		c.Prev = bytes32("prev")
	}
	return c
}

// open does all that a reader does.
func open(body []byte, secret [32]byte, c Context) ([]byte, error) {
	s, err := Parse(body)
	if err != nil {
		return nil, err
	}
	key, ok := s.Try(secret)
	if !ok {
		return nil, ErrOpen
	}
	return s.Open(key, c)
}

func TestSealOpenRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := NewKey().K
		c := drawContext(t)
		plain := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "plain")
		slots := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "slots")
		body, key, err := Seal(secret, NewSalt(), c, slots, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := open(body, secret, c)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x: %v", got, err)
		}
		s, err := Parse(body)
		if err != nil || !bytes.Equal(s.Slots, slots) {
			t.Fatal(err)
		}
		if got, err := s.Open(key, c); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("with the entry's key alone: %v", err)
		}
	})
}

func TestNothingElseOpens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := NewKey().K
		c := drawContext(t)
		body, key, err := Seal(secret, NewSalt(), c, []byte("slots"), []byte("plain"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		for name, wrong := range map[string]Context{
			"seq": {c.Log, c.Seq + 1, c.Prev}, "log": {[32]byte{1, 2, 3}, c.Seq, c.Prev}, "prev": {c.Log, c.Seq, [32]byte{4, 5}}} {
			if _, err := s.Open(key, wrong); !errors.Is(err, ErrOpen) {
				t.Fatalf("opened with another %s: %v", name, err)
			}
		}
		if _, ok := s.Try(NewKey().K); ok {
			t.Fatal("another secret fits")
		}
		if _, err := s.Open(NewKey().K, c); !errors.Is(err, ErrOpen) {
			t.Fatal("another entry key fits")
		}
		bit := rapid.IntRange(0, 8*len(body)-1).Draw(t, "bit")
		body[bit/8] ^= 1 << (bit % 8)
		if _, err := open(body, secret, c); err == nil {
			t.Fatalf("bit %d flipped and opened", bit)
		}
	})
}

func TestZeroSecretSealsNothing(t *testing.T) {
	if _, _, err := Seal([32]byte{}, NewSalt(), Context{}, nil, nil); !errors.Is(err, ErrNoKey) {
		t.Error(err)
	}
	body, _, err := Seal(id(1), NewSalt(), Context{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Try([32]byte{}); ok {
		t.Error("zero secret fits")
	}
	if _, err := s.Open([32]byte{}, Context{}); !errors.Is(err, ErrOpen) {
		t.Error(err)
	}
}

func TestPaddingHidesLength(t *testing.T) {
	for n, want := range map[int]int{0: 256, 1: 256, 255: 256, 256: 272, 271: 272, 272: 288, 1000: 1024, 4095: 4096, 4096: 4352, MaxPlain: 63 << 11} {
		if got := paddedSize(n); got != want {
			t.Errorf("%d bytes are padded to %d, want %d", n, got, want)
		}
	}
	for n := range 70000 {
		p := paddedSize(n)
		if p <= n || n > 256 && float64(p) > 1.12*float64(n+1) || p < paddedSize(max(n-1, 0)) {
			t.Fatalf("%d bytes are padded to %d", n, p)
		}
	}
}

func TestSealLimits(t *testing.T) {
	body, _, err := Seal(id(1), NewSalt(), Context{}, nil, make([]byte, MaxPlain))
	if err != nil || len(body) > MaxBody {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	if _, err := open(body, id(1), Context{}); err != nil {
		t.Fatal(err)
	}
	for name, sizes := range map[string][2]int{"plain": {0, MaxPlain + 1}, "slots": {MaxBody, 0}, "both": {MaxBody / 2, MaxBody / 2}} {
		if _, _, err := Seal(id(1), NewSalt(), Context{}, make([]byte, sizes[0]), make([]byte, sizes[1])); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(make([]byte, MaxBody+1)); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

func TestPadToUnpad(t *testing.T) {
	for _, plain := range [][]byte{nil, {0}, {0x80}, {1, 0x80, 0, 0}} {
		padded, err := PadTo(plain, 8)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Unpad(padded); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%x: %x, %v", plain, got, err)
		}
	}
	for _, bad := range [][]byte{nil, {0, 0}, {0x80, 1}, {1}} {
		if _, err := Unpad(bad); !errors.Is(err, ErrFormat) {
			t.Errorf("%x: %v", bad, err)
		}
	}
	if _, err := PadTo(make([]byte, 8), 8); !errors.Is(err, ErrTooLarge) {
		t.Error("no room for the marker")
	}
}

func FuzzParse(f *testing.F) {
	for _, slots := range [][]byte{nil, []byte("slots"), make([]byte, 200)} {
		body, _, err := Seal(id(1), [16]byte{1}, Context{}, slots, []byte("plain"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		again := append(append([]byte(nil), s.Salt[:]...), s.commit[:]...)
		again = appendUvarint(again, len(s.Slots))
		again = append(append(again, s.Slots...), s.ct...)
		if !bytes.Equal(again, b) {
			t.Fatalf("%x encodes as %x", b, again)
		}
		if _, err := s.Open(id(2), Context{}); err == nil {
			t.Fatal("opened with a key from nowhere")
		}
	})
}

func appendUvarint(b []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func BenchmarkTry(b *testing.B) {
	body, _, err := Seal(id(1), NewSalt(), Context{}, nil, make([]byte, 200))
	if err != nil {
		b.Fatal(err)
	}
	s, err := Parse(body)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.Try(id(2))
	}
}

func BenchmarkOpen(b *testing.B) {
	body, key, err := Seal(id(1), NewSalt(), Context{}, nil, make([]byte, 200))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Parse(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Open(key, Context{}); err != nil {
			b.Fatal(err)
		}
	}
}
