package dagsync

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/internal/wire"
	"causeway/merkle"
)

// H is bytes that the vectors write in hexadecimal.
type H []byte

func (h *H) UnmarshalText(t []byte) error {
	b, err := hex.DecodeString(string(t))
	*h = b
	return err
}

type vectors struct {
	Peers, Nonces []H
	Ends, Syn     H
	Opens         []struct {
		Role, Sid                       uint64
		Seed, Log, Tag, Key, Plain, Box H
	}
	Rows struct {
		Sid          uint64
		Salt, Digest H
		Tips, Sorted []struct {
			Log, Head H
			Seq       uint64
		}
	}
	Entries []struct{ Header, Body, ID H }
	Frames  map[string]H
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("../docs/spec/vectors/06-sync.json")
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is %x, want %x", what, got, want)
	}
}

func TestVectorsOfOpen(t *testing.T) {
	v := readVectors(t)
	e := newEnds([2]nonce{nonce(v.Nonces[0]), nonce(v.Nonces[1])}, [2]peer.ID{peer.ID(v.Peers[0]), peer.ID(v.Peers[1])})
	same(t, "ends", e, v.Ends)
	syn := [32]byte(v.Syn)
	for _, o := range v.Opens {
		r := role(o.Role)
		tag, key := openTag(syn, r, e), boxKey(syn, r, o.Sid, e)
		same(t, "tag", tag[:], o.Tag)
		same(t, "box key", key[:], o.Key)
		b, ok := openBox(key, offer{Sid: o.Sid, Tag: tag, Box: o.Box})
		if !ok {
			t.Fatalf("the box of role %d does not open", r)
		}
		plain, err := wire.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "box content", plain, o.Plain)
		same(t, "log", b.Log[:], o.Log)
		sig := ed25519.Sign(ed25519.NewKeyFromSeed(o.Seed), ProofMessage(tag[:]))
		same(t, "proof", b.Sig[:], sig)
		same(t, "box", sealBox(key, tag, b), o.Box)
	}
}

func TestVectorsOfRows(t *testing.T) {
	v := readVectors(t)
	s := rowSalt([32]byte(v.Syn), v.Rows.Sid, ends(v.Ends))
	same(t, "salt", s[:], v.Rows.Salt)
	vw := newView(0)
	for _, tip := range v.Rows.Tips {
		vw.add(merkle.Tip{Log: merkle.LogKey(tip.Log), Head: merkle.ID(tip.Head), Seq: tip.Seq}, s, newView(0))
	}
	rs := vw.rows()
	for i, want := range v.Rows.Sorted {
		same(t, "log tag", rs[i].Log[:], want.Log)
		same(t, "head tag", rs[i].Head[:], want.Head)
		if rs[i].Seq != want.Seq {
			t.Errorf("seq %d, want %d", rs[i].Seq, want.Seq)
		}
	}
	d := s.digest(rs)
	same(t, "digest", d[:], v.Rows.Digest)
}

func TestVectorsOfFrames(t *testing.T) {
	v := readVectors(t)
	kinds := map[frameType]bool{}
	for name, want := range v.Frames {
		f, err := decode(want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, name, encode(f), want)
		kinds[f.kind()] = true
	}
	if len(kinds) != int(typeNack) {
		t.Errorf("%d types of frames", len(kinds))
	}
}

func TestVectorsOfEntries(t *testing.T) {
	v := readVectors(t)
	f, err := decode(v.Frames["entries"])
	if err != nil {
		t.Fatal(err)
	}
	packed := f.(*entries)
	var es []merkle.Entry
	blocks, ids := packed.unpack()
	for i, want := range v.Entries {
		same(t, "header", blocks[i].Header, want.Header)
		same(t, "body", blocks[i].Body, want.Body)
		same(t, "id", ids[i][:], want.ID)
		h, err := merkle.DecodeHeader(want.Header)
		if err != nil || h.Verify() != nil {
			t.Fatalf("entry %d: %v, %v", i, err, h.Verify())
		}
		es = append(es, merkle.Entry{ID: h.ID(), Header: h, Body: slices.Clone([]byte(want.Body))})
	}
	again := entries{Sid: packed.Sid, Req: packed.Req, Flags: packed.Flags}
	same(t, "frame", again.fill(es), v.Frames["entries"])
}
