package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

type sample struct {
	_     struct{} `cbor:",toarray"`
	N     uint64
	I     int64
	Name  string
	Raw   []byte
	Key   [4]byte
	Maybe *[4]byte
	Rows  []row
	Yes   bool
}

type row struct {
	_ struct{} `cbor:",toarray"`
	A uint64
	B []uint64
}

func TestRoundTrip(t *testing.T) {
	for _, v := range []sample{
		{},
		{N: math.MaxUint64, I: math.MinInt64, Name: "Zoë", Raw: []byte{1}, Key: [4]byte{1, 2, 3, 4}, Yes: true},
		{N: 24, I: -1, Maybe: &[4]byte{9}, Rows: []row{{A: 1, B: []uint64{23, 24, 255, 256, 65536}}, {}}},
	} {
		b, err := Marshal(&v)
		if err != nil {
			t.Fatal(err)
		}
		var got sample
		if err := Unmarshal(b, &got); err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		again, err := Marshal(got)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x became %x, %v", b, again, err)
		}
	}
}

func TestMarshalRefusesWhatTheSubsetLacks(t *testing.T) {
	for _, v := range []any{1.5, map[string]int{"a": 1}, "\xff", struct{ A int }{1}, cbor.Tag{Number: 1, Content: 1}} {
		if b, err := Marshal(v); err == nil {
			t.Errorf("%#v encodes as %x", v, b)
		}
	}
}

// Each line is well-formed CBOR or nearly so, and no canonical value.
func TestAttack16_OtherEncodings(t *testing.T) {
	for name, s := range map[string]string{
		"nothing":                  "",
		"integer on two bytes":     "1800",
		"integer on three bytes":   "190001",
		"integer on five bytes":    "1a0000ffff",
		"integer on nine bytes":    "1b00000000ffffffff",
		"long length of bytes":     "580100",
		"long length of array":     "980100",
		"endless array":            "9f00ff",
		"endless bytes":            "5f4100ff",
		"map":                      "a0",
		"float16":                  "f90000",
		"float64":                  "fb0000000000000000",
		"undefined":                "f7",
		"simple on two bytes":      "f816",
		"stray tag":                "c100",
		"tag 42 over an integer":   "d82a00",
		"tag 42 over short bytes":  "d82a4100",
		"tag 42 with another hash": "d82a582500017113" + "20" + strings.Repeat("00", 32),
		"two values":               "0000",
		"text that is no UTF-8":    "61ff",
		"bytes past the end":       "4200",
		"array past the end":       "8200",
		"reserved argument":        "1c",
		"nine arrays deep":         strings.Repeat("81", 9) + "00",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(b); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var v sample
	good, err := Marshal(sample{})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"a field less":        append([]byte{good[0] - 1}, good[1:len(good)-1]...),
		"a field more":        append(append([]byte{good[0] + 1}, good[1:]...), 0),
		"null for bytes":      bytes.Replace(good, []byte{0x60, 0x40}, []byte{0x60, 0xf6}, 1),
		"a key of five bytes": bytes.Replace(good, []byte{0x44, 0, 0, 0, 0}, []byte{0x45, 0, 0, 0, 0, 0}, 1),
		"a key of three":      bytes.Replace(good, []byte{0x44, 0, 0, 0, 0}, []byte{0x43, 0, 0, 0}, 1),
	} {
		if bytes.Equal(b, good) {
			t.Fatalf("%s: nothing changed", name)
		}
		if err := Unmarshal(b, &v); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDepth(t *testing.T) {
	deep := append(bytes.Repeat([]byte{0x81}, MaxDepth), 0x80)
	if err := Check(deep[1:]); err != nil {
		t.Fatal(err)
	}
	if err := Check(deep); err == nil {
		t.Fatal("too deep, and taken")
	}
}

func TestHandLaidAgreesWithTheCodec(t *testing.T) {
	digest := [32]byte{1, 2, 3}
	hand := AppendArray(nil, 5)
	hand = AppendUint(hand, 1<<40)
	hand = AppendBytes(hand, digest[:])
	hand = AppendNull(hand)
	hand = AppendLink(hand, DagCBOR, digest)
	hand = AppendLink(hand, Raw, digest)
	link := func(c Codec) cbor.Tag {
		return cbor.Tag{Number: 42, Content: append([]byte{0, 1, byte(c), 0x12, 0x20}, digest[:]...)}
	}
	oracle, err := Marshal([]any{uint64(1 << 40), digest[:], nil, link(DagCBOR), link(Raw)})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(hand, oracle) {
		t.Fatalf("hand %x\ncodec %x", hand, oracle)
	}
	d := NewDecoder(hand)
	if n := d.Array(5); n != 5 {
		t.Fatal(n)
	}
	n, b, null := d.Uint(1<<40), d.Bytes(32), d.Null()
	one, two := d.Link(DagCBOR), d.Link(Raw)
	if err := d.End(); err != nil {
		t.Fatal(err)
	}
	if n != 1<<40 || !bytes.Equal(b, digest[:]) || !null || one != digest || two != digest {
		t.Fatal("decoded otherwise")
	}
}

func TestDecoderKeepsTheFirstError(t *testing.T) {
	d := NewDecoder([]byte{0x83, 0x01, 0x41, 0x00, 0xf6})
	d.Array(3)
	d.Uint(0)
	first := d.Err()
	if first == nil {
		t.Fatal("1 is over 0")
	}
	d.Fixed(make([]byte, 4))
	d.Link(Raw)
	if d.Null() || d.Uint(9) != 0 || d.Array(9) != 0 || d.Bytes(9) != nil || d.End() != first {
		t.Fatal("it went on after an error")
	}
}

func FuzzValue(f *testing.F) {
	for _, v := range []any{sample{}, []any{1, "a", []byte{2}, nil, true}, -5} {
		b, err := Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v any
		if err := Unmarshal(b, &v); err == nil {
			again, err := Marshal(v)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%x became %x, %v", b, again, err)
			}
		}
		var s sample
		if err := Unmarshal(b, &s); err == nil {
			again, err := Marshal(s)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("%x became %x, %v", b, again, err)
			}
		}
	})
}
