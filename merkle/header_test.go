package merkle

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// oracle is the header as a general CBOR codec writes it.
type oracle struct {
	_        struct{} `cbor:",toarray"`
	Version  uint64
	Log      [32]byte
	Seq      uint64
	Prev     *cbor.Tag
	Parents  []cbor.Tag
	Height   uint64
	Body     cbor.Tag
	BodySize uint64
	Sig      [64]byte
}

func link(codec byte, digest [32]byte) cbor.Tag {
	return cbor.Tag{Number: 42, Content: append([]byte{0, 1, codec, 0x12, 0x20}, digest[:]...)}
}

func oracleOf(h Header) oracle {
	o := oracle{
		Version: 1, Log: h.Log, Seq: h.Seq, Height: h.Height,
		Body: link(0x55, h.Body), BodySize: h.BodySize, Sig: h.Sig,
	}
	if h.Prev != (ID{}) {
		prev := link(0x71, h.Prev)
		o.Prev = &prev
	}
	for _, p := range h.Parents {
		o.Parents = append(o.Parents, link(0x71, p))
	}
	return o
}

func bytesOf[T ~[32]byte | ~[64]byte](t *rapid.T, what string) (out T) {
	switch p := any(&out).(type) {
	case *[64]byte:
		copy(p[:], rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, what))
	default:
		for i, b := range rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, what) {
			out[i] = b
		}
	}
	return out
}

func headers(t *rapid.T) Header {
	count := rapid.OneOf(rapid.Uint64Max(MaxCount), rapid.SampledFrom([]uint64{0, 1, 23, 24, 255, 256, 1 << 16, 1 << 32, MaxCount}))
	h := Header{
		Log: bytesOf[LogKey](t, "log"), Seq: count.Draw(t, "seq"), Height: count.Draw(t, "height"),
		Body: bytesOf[BlockID](t, "body"), BodySize: rapid.Uint64Max(MaxBody).Draw(t, "size"), Sig: bytesOf[[64]byte](t, "sig"),
	}
	if h.Seq > 0 {
		h.Prev = bytesOf[ID](t, "prev")
	}
	for range rapid.IntRange(0, MaxParents).Draw(t, "parents") {
		h.Parents = append(h.Parents, bytesOf[ID](t, "parent"))
	}
	h.Parents = sorted(h.Parents...)
	return h
}

// The hand-laid codec and a general one agree on every byte.
func TestHeaderAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := headers(t)
		if h.Seq > 0 && h.Prev == (ID{}) || h.checkLinks(h.Seq == 0) != nil {
			t.Skip("drew equal ids") // of rapid: this draw is no header, it makes another
		}
		b := h.Encode()
		other, err := wire.Marshal(oracleOf(h))
		if err != nil || !bytes.Equal(b, other) {
			t.Fatalf("hand  %x\ncodec %x %v", b, other, err)
		}
		var o oracle
		if err := wire.Unmarshal(b, &o); err != nil {
			t.Fatal(err)
		}
		got, err := DecodeHeader(b)
		if err != nil || !bytes.Equal(got.Encode(), b) {
			t.Fatalf("%x: %v", b, err)
		}
		if len(b) > MaxHeader {
			t.Fatalf("%d bytes", len(b))
		}
		signed := h.Signed()
		if !bytes.HasPrefix(signed, []byte(label.LogEntry+"\x88")) || !bytes.Equal(signed[len(label.LogEntry)+1:], b[1:len(b)-66]) {
			t.Fatalf("signed %x", signed)
		}
	})
}

func longest() Header {
	h := Header{Seq: MaxCount, Height: MaxCount, BodySize: MaxBody, Prev: ID{0xff}}
	for i := range MaxParents {
		h.Parents = append(h.Parents, ID{byte(i + 1)})
	}
	return h
}

func TestLongestHeader(t *testing.T) {
	h := longest()
	b := h.Encode()
	if len(b) != MaxHeader {
		t.Errorf("%d bytes, limit %d", len(b), MaxHeader)
	}
	if _, err := DecodeHeader(b); err != nil {
		t.Error(err)
	}
}

func TestAttack10_Cycles(t *testing.T) {
	h := longest()
	h.Parents[15] = h.Prev
	if _, err := DecodeHeader(h.Encode()); !errors.Is(err, ErrHeader) {
		t.Errorf("prev among the parents: %v", err)
	}
	// An entry that names itself would have to contain its own hash: whatever
	// id is written into it, its id is another.
	for range 3 {
		h = longest()
		h.Parents[0] = h.ID()
		h.Parents = sorted(h.Parents...)
		for _, p := range h.Parents {
			if p == h.ID() {
				t.Fatal("SHA-256 is broken")
			}
		}
	}
}

func TestAttack11_HugeFanOut(t *testing.T) {
	for name, change := range map[string]func(*Header){
		"17 parents": func(h *Header) { h.Parents = append(h.Parents, ID{0xaa}) },
		"unsorted":   func(h *Header) { h.Parents[0], h.Parents[1] = h.Parents[1], h.Parents[0] },
		"repeated":   func(h *Header) { h.Parents[0] = h.Parents[1] },
		"none":       func(h *Header) { h.Parents[0] = ID{} },
	} {
		h := longest()
		change(&h)
		if _, err := DecodeHeader(h.Encode()); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttack13_Overflow(t *testing.T) {
	for name, change := range map[string]func(*Header){
		"seq over the limit":       func(h *Header) { h.Seq++ },
		"greatest seq":             func(h *Header) { h.Seq = math.MaxUint64 },
		"height over the limit":    func(h *Header) { h.Height++ },
		"greatest height":          func(h *Header) { h.Height = math.MaxUint64 },
		"body over the limit":      func(h *Header) { h.BodySize++ },
		"seq 0 with a prev":        func(h *Header) { h.Seq = 0 },
		"a later seq without prev": func(h *Header) { h.Prev = ID{} },
	} {
		h := longest()
		if _, err := DecodeHeader(h.Encode()); err != nil {
			t.Fatal(err)
		}
		change(&h)
		if _, err := DecodeHeader(h.Encode()); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A header in any other encoding of the same values is no header, so an entry
// cannot come twice under two ids.
func TestAttack16_OtherEncodings(t *testing.T) {
	h := Header{Log: logOf('a'), Height: 1, Body: sum(nil)}
	good := hex.EncodeToString(h.Encode())
	replace := func(old, new string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, s := range map[string]string{
		"long array head":     replace("89", "9809"),
		"endless array":       replace("89", "9f") + "ff",
		"long version":        replace("8901", "891801"),
		"another version":     replace("8901", "8902"),
		"version as a float":  replace("8901", "89f93c00"),
		"long key head":       replace("015820", "01590020"),
		"long seq":            replace("00f680", "1800f680"),
		"undefined for null":  replace("00f680", "00f780"),
		"null for no parents": replace("00f680", "00f6f6"),
		"long tag":            replace("d82a", "d9002a"),
		"another tag":         replace("d82a", "d82b"),
		"no tag":              replace("d82a", ""),
		"body as dag-cbor":    replace("0001551220", "0001711220"),
		"another hash":        replace("0001551220", "0001551320"),
		"no multibase zero":   replace("58250001551220", "582401551220"),
		"short signature":     replace("5840", "583f")[:len(good)-2],
		"trailing byte":       good + "00",
		"cut off":             good[:len(good)-2],
		"eight fields":        "88" + good[2:len(good)-2*66],
		"nothing":             "",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeHeader(b); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
		p := newPeer(t)
		if r := p.give(Block{Header: b}); r.New != 0 || len(r.Refused) != 1 || !errors.Is(r.Refused[0].Err, ErrHeader) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestParseID(t *testing.T) {
	id := ID{1, 2, 3}
	got, err := ParseID(id.String())
	if err != nil || got != id {
		t.Fatalf("%s, %v", got, err)
	}
	if s := id.String(); !strings.HasPrefix(s, "bafyrei") {
		t.Error(s)
	}
	for name, s := range map[string]string{
		"nothing": "", "none": ID{}.String(), "raw": BlockID(id).String(), "upper case": strings.ToUpper(id.String()),
		"zero": newCID(0x71, [32]byte{}).String(), "more": id.String() + "a", "version 0": "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
	} {
		if got, err := ParseID(s); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func FuzzHeader(f *testing.F) {
	h := longest()
	f.Add(h.Encode())
	h = Header{Log: logOf('a'), Height: 1}
	f.Add(h.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := DecodeHeader(b)
		if err != nil {
			return
		}
		if again := h.Encode(); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
		if err := wire.Check(b); err != nil {
			t.Fatal(err)
		}
	})
}
