package merkle

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"causeway/store"
)

// A drawing is a DAG written down. Each line is a chain of arrows; what stands
// left of an arrow, several separated by commas, is in the past of what stands
// right of it:
//
//	a0 -> b0 -> b1
//	a0 -> a1
//	a1, b1 -> c0
//
// A name is the log's letter, the seq, and primes to tell the branches of a fork
// apart. The arrow from the entry of the same log and of the seq before is prev,
// every other is a parent. A first mention may carry a flaw: !sig a bad
// signature, !high a wrong height, !body a body of other bytes.
type drawing struct {
	t       testing.TB
	entries map[string]*drawn
	order   []string // of first mention
}

type drawn struct {
	name  string
	log   byte
	seq   uint64
	flaws string
	deps  []string

	Header
	id   ID
	body []byte
}

var nameForm = regexp.MustCompile(`^([a-z])([0-9]+)('*)((?:![a-z]+)*)$`)

func draw(t testing.TB, text string) *drawing {
	t.Helper()
	d := &drawing{t: t, entries: map[string]*drawn{}}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var left []string
		for part := range strings.SplitSeq(line, "->") {
			var here []string
			for name := range strings.SplitSeq(part, ",") {
				here = append(here, d.mention(strings.TrimSpace(name), left))
			}
			left = here
		}
	}
	for _, name := range d.order {
		d.entry(name)
	}
	return d
}

func (d *drawing) mention(s string, deps []string) string {
	d.t.Helper()
	m := nameForm.FindStringSubmatch(s)
	if m == nil {
		d.t.Fatalf("drawing: %q is no entry", s)
	}
	name := m[1] + m[2] + m[3]
	e := d.entries[name]
	if e == nil {
		seq, err := strconv.ParseUint(m[2], 10, 64)
		if err != nil {
			d.t.Fatal(err)
		}
		e = &drawn{name: name, log: m[1][0], seq: seq, flaws: m[4]}
		d.entries[name] = e
		d.order = append(d.order, name)
	}
	e.deps = append(e.deps, deps...)
	return name
}

// entry builds an entry after those in its past.
func (d *drawing) entry(name string) *drawn {
	e := d.entries[name]
	if e == nil {
		d.t.Fatalf("drawing: no entry %q", name)
		return nil
	}
	if e.id != (ID{}) {
		return e
	}
	e.body = []byte(e.name)
	e.Header = Header{Log: logOf(e.log), Seq: e.seq, Body: sum(e.body), BodySize: uint64(len(e.body))}
	for _, dep := range e.deps {
		of := d.entry(dep)
		if of.log == e.log && of.seq+1 == e.seq {
			e.Prev = of.id
		} else {
			e.Parents = append(e.Parents, of.id)
		}
		e.Height = max(e.Height, of.Height)
	}
	e.Height++
	if strings.Contains(e.flaws, "!high") {
		e.Height++
	}
	slices.SortFunc(e.Parents, ID.Compare)
	e.seal(keyOf(e.log), e.flaws)
	return e
}

// seal signs the header, badly if it is to be so.
func (e *drawn) seal(key ed25519.PrivateKey, flaws string) {
	e.Sig = [64]byte(ed25519.Sign(key, e.Signed()))
	if strings.Contains(flaws, "!sig") {
		e.Sig[0] ^= 1
	}
	if strings.Contains(flaws, "!body") {
		e.body = []byte("forged " + e.name)
	}
	e.id = e.Header.ID()
}

func keyOf(log byte) ed25519.PrivateKey {
	seed := sum([]byte{log})
	return ed25519.NewKeyFromSeed(seed[:])
}

func logOf(log byte) LogKey { return LogKey(keyOf(log).Public().(ed25519.PublicKey)) }

type signAs byte

func (log signAs) Public() [32]byte       { return logOf(byte(log)) }
func (log signAs) Sign(b []byte) [64]byte { return [64]byte(ed25519.Sign(keyOf(byte(log)), b)) }

func (e *drawn) block() Block { return Block{Header: e.Encode(), Body: e.body} }

// blocks returns the named entries; none named means all, as drawn.
func (d *drawing) blocks(names ...string) []Block {
	if len(names) == 0 {
		names = d.order
	}
	var out []Block
	for _, n := range names {
		out = append(out, d.entry(n).block())
	}
	return out
}

func (d *drawing) id(name string) ID { return d.entry(name).id }

// names turns ids back into a line of names, in the order given.
func (d *drawing) names(ids []ID) string {
	byID := map[ID]string{}
	for n, e := range d.entries {
		byID[e.id] = n
	}
	var out []string
	for _, id := range ids {
		n, ok := byID[id]
		if !ok {
			n = id.String()
		}
		out = append(out, n)
	}
	return strings.Join(out, " ")
}

// A peer is a DAG in a store of its own.
type peer struct {
	*DAG
	t  testing.TB
	db *store.DB
}

func newPeer(t testing.TB) *peer {
	db := store.OpenMemory()
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &peer{DAG: Open([32]byte{1}), t: t, db: db}
}

func (p *peer) update(f func(tx *store.Tx) error) {
	p.t.Helper()
	if err := p.db.Update(f); err != nil {
		p.t.Fatal(err)
	}
}

// see runs one reading method of a DAG.
func see[T any](p *peer, f func(tx *store.Tx) (T, error)) (out T) {
	p.t.Helper()
	err := p.db.View(func(tx *store.Tx) (err error) {
		out, err = f(tx)
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// add gives the named entries of a drawing to Add, all in one call.
func (p *peer) add(d *drawing, names ...string) Result {
	p.t.Helper()
	return p.give(d.blocks(names...)...)
}

func (p *peer) addAll(d *drawing) *peer {
	p.t.Helper()
	p.add(d)
	return p
}

func (p *peer) give(blocks ...Block) (r Result) {
	p.t.Helper()
	p.update(func(tx *store.Tx) (err error) {
		r, err = p.Add(tx, blocks)
		return err
	})
	return r
}

// log returns all that is delivered, in order, by name.
func (p *peer) log(d *drawing) string {
	p.t.Helper()
	return d.names(ids(see(p, func(tx *store.Tx) ([]Entry, error) { return p.ByOffset(tx, 0, 1<<30) })))
}

func (p *peer) state(id ID) State {
	p.t.Helper()
	return see(p, func(tx *store.Tx) (State, error) { return p.State(tx, id) })
}

// states lists the drawn entries by state, those of one state in name order.
func (p *peer) states(d *drawing) string {
	p.t.Helper()
	by := map[State][]string{}
	for _, n := range slices.Sorted(maps.Keys(d.entries)) {
		s := p.state(d.id(n))
		by[s] = append(by[s], n)
	}
	var out []string
	for _, s := range slices.Sorted(maps.Keys(by)) {
		out = append(out, fmt.Sprintf("%s: %s", s, strings.Join(by[s], " ")))
	}
	return strings.Join(out, "; ")
}

func ids(es []Entry) (out []ID) {
	for _, e := range es {
		out = append(out, e.ID)
	}
	return out
}

func want(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}
