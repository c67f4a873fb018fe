package merkle

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"causeway/store"
)

// The stages of keeping an entry that came from outside, each alone. Every
// figure is for one entry with a body of 300 bytes:
// go test -run '^$' -bench 'Stage' -benchmem ./merkle

// Decoding a header, its id, and the hash of the body.
func BenchmarkStageDecodeAndHash(b *testing.B) {
	blocks := run(1000, 1)
	b.ReportAllocs()
	for i := range b.N {
		x := blocks[i%len(blocks)]
		h, err := DecodeHeader(x.Header)
		if err != nil || h.ID() == (ID{}) || sha256.Sum256(x.Body) != h.Body {
			b.Fatal(err)
		}
	}
}

// One signature, which covers a whole run.
func BenchmarkStageSignature(b *testing.B) {
	h, err := DecodeHeader(run(1, 1)[0].Header)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := h.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}

// All of Add: decode, hash, links, the signature of the run, causal order, rows.
// Frames of 500, as sync brings them, from one author and from many in turn; the
// time of the commit is not in it.
func BenchmarkStageAdd(b *testing.B) {
	const count, frame = 10_000, 500
	for _, logs := range []int{1, 10, 100} {
		blocks := run(count, logs)
		b.Run(fmt.Sprintf("logs=%d", logs), func(b *testing.B) {
			b.ReportAllocs()
			for done := 0; done < b.N; done += count {
				b.StopTimer()
				p := newPeer(b)
				b.StartTimer()
				for at := 0; at < min(count, b.N-done); at += frame {
					p.update(func(tx *store.Tx) error {
						_, err := p.Add(tx, blocks[at:at+frame])
						b.StopTimer()
						return err
					})
					b.StartTimer()
				}
			}
		})
	}
}
