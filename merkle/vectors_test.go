package merkle

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"causeway/store"
)

// The vectors are made by docs/spec/vectors/01-log.mjs, which shares no code
// with this package.
type vectors struct {
	Headers []struct {
		Name, Seed, Log, Seq, Prev, Height, Body, BodyByte, BodyCID string
		Parents                                                     []string
		Signed, Signature, Header, ID, CID                          string
	}
	RefusedHeaders []struct{ Name, Header string }
	Scenarios      []scenario
	CAR            string
}

type scenario struct {
	Name    string
	Entries []struct{ Name, ID, Header, Body string }
	States  map[string]string
	Past    map[string][]string
	Heads   []string
	Tips    []string
	Wanted  []string
	Proof   []string
}

func readVectors(t *testing.T) (v vectors) {
	b, err := os.ReadFile("../docs/spec/vectors/01-log.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Headers) == 0 || len(v.RefusedHeaders) == 0 || len(v.Scenarios) == 0 || v.CAR == "" {
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

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestVectorsHeaders(t *testing.T) {
	for _, c := range readVectors(t).Headers {
		body := unhex(t, c.Body)
		if c.BodyByte != "" {
			body = bytes.Repeat(unhex(t, c.BodyByte), MaxBody)
		}
		h := Header{
			Log: LogKey(unhex(t, c.Log)), Seq: number(t, c.Seq), Height: number(t, c.Height),
			Body: sum(body), BodySize: uint64(len(body)),
		}
		if c.Prev != "" {
			h.Prev = ID(unhex(t, c.Prev))
		}
		for _, p := range c.Parents {
			h.Parents = append(h.Parents, ID(unhex(t, p)))
		}
		key := ed25519.NewKeyFromSeed(unhex(t, c.Seed))
		h.Sig = [64]byte(ed25519.Sign(key, h.Signed()))
		want(t, c.Name+" signed", hex.EncodeToString(h.Signed()), c.Signed)
		want(t, c.Name+" signature", hex.EncodeToString(h.Sig[:]), c.Signature)
		want(t, c.Name+" header", hex.EncodeToString(h.Encode()), c.Header)
		want(t, c.Name+" CID", h.ID().String(), c.CID)
		want(t, c.Name+" body CID", h.Body.String(), c.BodyCID)
		id := h.ID()
		want(t, c.Name+" id", hex.EncodeToString(id[:]), c.ID)
		got, err := DecodeHeader(unhex(t, c.Header))
		if err != nil || got.Verify() != nil || got.ID() != id {
			t.Errorf("%s: %+v, %v", c.Name, got, err)
		}
		if parsed, err := ParseID(c.CID); err != nil || parsed != id {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestVectorsRefusedHeaders(t *testing.T) {
	for _, c := range readVectors(t).RefusedHeaders {
		if _, err := DecodeHeader(unhex(t, c.Header)); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

func TestVectorsLogs(t *testing.T) {
	for _, c := range readVectors(t).Scenarios {
		for turn := range uint64(20) {
			p := newPeer(t)
			entries := slices.Clone(c.Entries)
			if turn > 0 {
				rand.New(rand.NewPCG(turn, 0)).Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
			}
			var blocks []Block
			for _, e := range entries {
				blocks = append(blocks, Block{Header: unhex(t, e.Header), Body: unhex(t, e.Body)})
			}
			cut := int(turn) % (len(blocks) + 1)
			p.give(blocks[:cut]...)
			p.give(blocks[cut:]...)
			c.check(t, p)
		}
	}
}

func (c *scenario) check(t *testing.T, p *peer) {
	t.Helper()
	d := &drawing{t: t, entries: map[string]*drawn{}}
	for _, e := range c.Entries {
		d.entries[e.Name] = &drawn{name: e.Name, id: ID(unhex(t, e.ID))}
		want(t, c.Name+": "+e.Name, p.state(ID(unhex(t, e.ID))).String(), c.States[e.Name])
	}
	var tips []ID
	for _, tip := range see(p, p.Frontier) {
		tips = append(tips, tip.Head)
	}
	for what, both := range map[string][2][]ID{
		"heads":  {see(p, p.Heads), c.ids(t, d, c.Heads)},
		"tips":   {tips, c.ids(t, d, c.Tips)},
		"wanted": {see(p, p.Wanted), c.ids(t, d, c.Wanted)},
	} {
		want(t, c.Name+": "+what, d.names(sorted(both[0]...)), d.names(sorted(both[1]...)))
	}
	p.db.View(func(tx *store.Tx) error {
		past := p.Past(tx)
		for a := range c.States {
			for b := range c.States {
				if got := past.Before(d.entries[a].id, d.entries[b].id); got != slices.Contains(c.Past[b], a) {
					t.Errorf("%s: %s before %s: %t", c.Name, a, b, got)
				}
			}
		}
		var proof []string
		for _, tip := range see(p, p.Frontier) {
			if f, found, err := p.Proof(tx, tip.Log); err != nil || found && proof == nil {
				proof = append(proof, hex.EncodeToString(f.A.Encode()), hex.EncodeToString(f.B.Encode()))
			}
		}
		if !slices.Equal(proof, c.Proof) && len(proof)+len(c.Proof) > 0 {
			t.Errorf("%s: proof %v", c.Name, proof)
		}
		return past.Err()
	})
}

// ids takes names, and ids in hexadecimal where an entry has none.
func (c *scenario) ids(t *testing.T, d *drawing, names []string) (out []ID) {
	for _, n := range names {
		if e := d.entries[n]; e != nil {
			out = append(out, e.id)
			continue
		}
		out = append(out, ID(unhex(t, n)))
	}
	return out
}

func TestVectorsCAR(t *testing.T) {
	v := readVectors(t)
	talk := v.Scenarios[0].Entries
	n := 0
	var es []Entry
	err := ReadCAR(bytes.NewReader(unhex(t, v.CAR)), func(b Block) error {
		want(t, "header", hex.EncodeToString(b.Header), talk[n].Header)
		want(t, "body", hex.EncodeToString(b.Body), talk[n].Body)
		h, err := DecodeHeader(b.Header)
		es = append(es, Entry{Header: h, Body: b.Body})
		n++
		return err
	})
	if err != nil || n != len(talk) {
		t.Fatalf("%d entries, %v", n, err)
	}
	var out bytes.Buffer
	if err := WriteCAR(&out, entries(es)); err != nil {
		t.Fatal(err)
	}
	want(t, "archive", hex.EncodeToString(out.Bytes()), v.CAR)
}
