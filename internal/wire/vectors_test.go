package wire

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"
)

// The vectors are made by docs/spec/vectors/00-overview.mjs, which shares no
// code with this package.
type vectors struct {
	Values, Refused   []struct{ Name, Hex string }
	Frames, BadFrames []struct {
		Name     string
		Payloads []string
		Hex      string
		Error    string
	}
}

func readVectors(t *testing.T) (v vectors) {
	b, err := os.ReadFile("../../docs/spec/vectors/00-overview.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Values) == 0 || len(v.Refused) == 0 || len(v.Frames) == 0 || len(v.BadFrames) == 0 {
		t.Fatal("vectors are missing")
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorsValues(t *testing.T) {
	v := readVectors(t)
	for _, c := range v.Values {
		b := unhex(t, c.Hex)
		var got any
		if err := Check(b); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if err := Unmarshal(b, &got); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	for _, c := range v.Refused {
		b := unhex(t, c.Hex)
		var got any
		if err := Check(b); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v", c.Name, err)
		}
		if err := Unmarshal(b, &got); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s decodes as %v: %v", c.Name, got, err)
		}
	}
}

func TestVectorsFrames(t *testing.T) {
	v := readVectors(t)
	for _, c := range append(v.Frames, v.BadFrames...) {
		in := bufio.NewReader(bytes.NewReader(unhex(t, c.Hex)))
		var written bytes.Buffer
		for _, p := range c.Payloads {
			got, err := ReadFrame(in, 1000)
			if err != nil || hex.EncodeToString(got) != p {
				t.Errorf("%s: %x, %v", c.Name, got, err)
			}
			if err := WriteFrame(&written, got); err != nil {
				t.Error(err)
			}
		}
		_, err := ReadFrame(in, 1000)
		want := map[string]error{"": io.EOF, "unexpected end": io.ErrUnexpectedEOF, "bad frame": ErrFrame}[c.Error]
		if !errors.Is(err, want) {
			t.Errorf("%s: ends with %v, want %v", c.Name, err, want)
		}
		if c.Error == "" && hex.EncodeToString(written.Bytes()) != c.Hex {
			t.Errorf("%s: written as %x", c.Name, written.Bytes())
		}
	}
}
