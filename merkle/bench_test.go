package merkle

import (
	"fmt"
	"testing"

	"causeway/store"
)

// run builds n entries, spread over logs that take turns and see each other.
func run(n, logs int) []Block {
	body := make([]byte, 300)
	tips := make([]*drawn, logs)
	var last *drawn
	var out []Block
	for i := range n {
		log := i % logs
		e := &drawn{log: byte(log), body: body}
		e.Header = Header{Log: logOf(e.log), Body: sum(body), BodySize: uint64(len(body)), Height: uint64(i + 1)}
		if prev := tips[log]; prev != nil {
			e.Prev, e.Seq = prev.id, prev.Seq+1
		}
		if last != nil && last.id != e.Prev {
			e.Parents = []ID{last.id}
		}
		e.seal(keyOf(e.log), "")
		tips[log], last = e, e
		out = append(out, e.block())
	}
	return out
}

func BenchmarkAdd(b *testing.B) {
	for _, logs := range []int{1, 10, 200} {
		blocks := run(10_000, logs)
		b.Run(fmt.Sprintf("10k/logs=%d", logs), func(b *testing.B) {
			for b.Loop() {
				p := newPeer(b)
				for at := 0; at < len(blocks); at += 1000 {
					if r := p.give(blocks[at : at+1000]...); len(r.Delivered) != 1000 {
						b.Fatal(len(r.Delivered))
					}
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(blocks))/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	p := newPeer(b)
	body := make([]byte, 300)
	sign := signAs('a')
	for b.Loop() {
		p.update(func(tx *store.Tx) error {
			dr, err := p.Draft(tx, logOf('a'))
			if err != nil {
				return err
			}
			_, err = p.Append(tx, sign, dr, body)
			return err
		})
	}
}

func BenchmarkBefore(b *testing.B) {
	for _, logs := range []int{2, 200} {
		blocks := run(10_000, logs)
		p := newPeer(b)
		for at := 0; at < len(blocks); at += 1000 {
			p.give(blocks[at : at+1000]...)
		}
		b.Run(fmt.Sprintf("logs=%d", logs), func(b *testing.B) {
			p.db.View(func(tx *store.Tx) error {
				i := 0
				for b.Loop() {
					i = (i + 7919) % 10_000
					_, err := p.Before(tx, ID(sum(blocks[i/2].Header)), ID(sum(blocks[i].Header)))
					if err != nil {
						b.Fatal(err)
					}
				}
				return nil
			})
		})
	}
}

func BenchmarkReadBack(b *testing.B) {
	blocks := run(10_000, 10)
	p := newPeer(b)
	for at := 0; at < len(blocks); at += 1000 {
		p.give(blocks[at : at+1000]...)
	}
	for b.Loop() {
		es := see(p, func(tx *store.Tx) ([]Entry, error) { return p.Missing(tx, nil) })
		if len(es) != len(blocks) {
			b.Fatal(len(es))
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(blocks))/b.Elapsed().Seconds(), "entries/s")
}
