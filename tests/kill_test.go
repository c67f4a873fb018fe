package tests

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// kills is how often a node is killed: 60 times, or as often as the variable
// CAUSEWAY_KILLS says.
func kills(t *testing.T) int {
	s := os.Getenv("CAUSEWAY_KILLS")
	if s == "" {
		return 60
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("CAUSEWAY_KILLS: %v", err)
	}
	return n
}

// said is what one user wrote in one conversation.
type said struct {
	acked []string        // the node said that it is on disk, in this order
	asked map[string]bool // the node was killed before it answered
}

// massacre is three nodes that are killed while they talk.
type massacre struct {
	t     *testing.T
	rng   *rand.Rand
	nodes []*process
	words map[[2]string]*said // by author and target
	n     int
	// truths counts the claims of nodes that were held against the others.
	truths int
}

// kill -9 of any node at any moment, also while it starts, loses nothing that
// was acknowledged and shows nothing twice.
func TestKilledAgainAndAgainNothingIsLostOrRepeated(t *testing.T) {
	t.Parallel()
	const seed = 9
	t.Logf("seed %d", seed)
	hub := settle(t, "Hub", "")
	addr := hub.start()
	m := &massacre{t: t, rng: rand.New(rand.NewPCG(seed, 0)), words: map[[2]string]*said{}}
	for _, name := range []string{"Alice", "Bob", "Carol"} {
		p := settle(t, name, addr)
		p.start()
		m.nodes = append(m.nodes, p)
	}
	m.gather()
	killed, most := 0, kills(t)
	for round := 1; killed < most; round++ {
		killed += m.round()
		if round%4 == 0 {
			m.truth()
		}
	}
	m.compare()
	m.truth()
	t.Logf("%d kills, %d claims true, %d texts acknowledged, %d cut off", killed, m.truths, m.count(func(w *said) int { return len(w.acked) }), m.count(func(w *said) int { return len(w.asked) }))
}

func (m *massacre) count(of func(*said) int) (n int) {
	for _, w := range m.words {
		n += of(w)
	}
	return n
}

// gather makes them friends and a group, and one of them the custodian of the
// others.
func (m *massacre) gather() {
	alice, bob, carol := m.nodes[0], m.nodes[1], m.nodes[2]
	alice.meets(bob)
	alice.meets(carol)
	bob.meets(carol)
	ctx := m.t.Context()
	for _, owner := range []*process{alice, bob} {
		if err := errors.Join(carol.AllowCustody(ctx, "@"+owner.name, 0, 0), owner.AddCustodian(ctx, "@Carol")); err != nil {
			m.t.Fatal(err)
		}
	}
	if _, err := alice.CreateGroup(ctx, "team", "shared"); err != nil {
		m.t.Fatal(err)
	}
	for _, p := range []*process{bob, carol} {
		alice.until(p.name+" can be added", func(ctx context.Context) bool { return alice.AddMember(ctx, "#team", "@"+p.name, "") == nil })
		p.until("it is in the group", func(ctx context.Context) bool {
			l, err := p.Groups(ctx)
			return err == nil && len(l.Groups) == 1 && l.Groups[0].Members > 1
		})
	}
}

// round lets everybody write, kills one or two in the middle of it, and starts
// them again, sometimes killing them once more before they are ready.
func (m *massacre) round() (killed int) {
	victims := m.rng.Perm(len(m.nodes))[:1+m.rng.IntN(2)]
	var writers sync.WaitGroup
	acks := make([]chan struct{}, len(m.nodes))
	for i, p := range m.nodes {
		target := m.target(i)
		w := m.said(p.name, target)
		texts := m.texts(p.name, 2+m.rng.IntN(3))
		if slices.Contains(victims, i) {
			texts = append(texts, m.texts(p.name, 50)...)
		}
		acks[i] = make(chan struct{}, len(texts))
		writers.Go(func() { p.write(target, texts, w, acks[i]) })
	}
	for _, i := range victims {
		m.moment(acks[i])
		m.nodes[i].kill()
	}
	writers.Wait()
	for _, i := range victims {
		killed++
		if m.rng.IntN(4) == 0 {
			m.nodes[i].begin()
			m.pause(200 * time.Millisecond)
			m.nodes[i].kill()
			killed++
		}
		m.nodes[i].start()
	}
	return killed
}

// moment waits until a victim has just answered for a text, or for a while.
func (m *massacre) moment(acks <-chan struct{}) {
	if m.rng.IntN(2) == 0 {
		m.pause(60 * time.Millisecond)
		return
	}
	for range 1 + m.rng.IntN(8) {
		<-acks
	}
}

// pause lets a random time pass, up to a bound: the moment is what is tested.
func (m *massacre) pause(most time.Duration) {
	<-time.After(time.Duration(m.rng.Int64N(int64(most))))
}

func (m *massacre) target(i int) string {
	if j := m.rng.IntN(len(m.nodes)); j != i {
		return "@" + m.nodes[j].name
	}
	return "#team"
}

func (m *massacre) texts(author string, n int) (out []string) {
	for range n {
		m.n++
		out = append(out, fmt.Sprintf("%s %d", author, m.n))
	}
	return out
}

func (m *massacre) said(author, target string) *said {
	k := [2]string{author, target}
	if m.words[k] == nil {
		m.words[k] = &said{asked: map[string]bool{}}
	}
	return m.words[k]
}

// write says one text after the other until the node is gone. Each answer goes
// to acks, which is closed at the end.
func (p *process) write(target string, texts []string, w *said, acks chan<- struct{}) {
	defer close(acks)
	for _, text := range texts {
		ctx, cancel := context.WithTimeout(context.Background(), processTime)
		_, err := p.Send(ctx, target, text, "")
		cancel()
		if err != nil {
			w.asked[text] = true
			return
		}
		w.acked = append(w.acked, text)
		acks <- struct{}{}
	}
}

// compare waits until all three show the same and holds that against what was
// acknowledged.
func (m *massacre) compare() {
	ctx, cancel := context.WithTimeout(m.t.Context(), processTime)
	defer cancel()
	news := make(chan struct{}, 1)
	for _, p := range m.nodes {
		go func() {
			for range p.Events(ctx, 0) {
				select {
				case news <- struct{}{}:
				default:
				}
			}
		}()
	}
	for {
		differ := m.differ(ctx)
		if differ == "" {
			return
		}
		select {
		case <-news:
		case <-ctx.Done():
			for _, p := range m.nodes {
				m.t.Logf("%s: %s", p.name, p.words)
			}
			m.t.Fatal(differ)
		}
	}
}

// differ says what is not yet the same everywhere. What can never come right
// ends the test.
func (m *massacre) differ(ctx context.Context) string {
	for i, p := range m.nodes {
		for _, q := range m.nodes[i+1:] {
			if d := m.differs(ctx, map[*process]string{p: "@" + q.name, q: "@" + p.name}); d != "" {
				return d
			}
		}
	}
	group := map[*process]string{}
	for _, p := range m.nodes {
		group[p] = "#team"
	}
	return m.differs(ctx, group)
}

// differs looks at one conversation, which each member calls by a name.
func (m *massacre) differs(ctx context.Context, members map[*process]string) string {
	var want []string
	var first *process
	for p, target := range members {
		got, err := p.texts(ctx, target)
		if err != nil {
			return fmt.Sprintf("%s reads %s: %v", p.name, target, err)
		}
		if twice := repeated(got); twice != "" {
			m.t.Fatalf("%s shows %q twice in %s", p.name, twice, target)
		}
		for author, name := range members {
			if missing := m.said(author.name, name).missing(got); missing != "" {
				if author == p {
					m.t.Fatalf("%s has lost %q, which it had acknowledged, or the order around it", p.name, missing)
				}
				return fmt.Sprintf("%s has not seen %q in %s", p.name, missing, target)
			}
		}
		if first != nil && !slices.Equal(got, want) {
			return fmt.Sprintf("%s and %s show %s differently:\n%q\n%q", first.name, p.name, target, want, got)
		}
		first, want = p, got
	}
	return ""
}

func repeated(texts []string) string {
	seen := map[string]bool{}
	for _, text := range texts {
		if seen[text] {
			return text
		}
		seen[text] = true
	}
	return ""
}

// missing returns the first acknowledged text that does not stand after the one
// before it.
func (w *said) missing(got []string) string {
	at := 0
	for _, text := range w.acked {
		i := slices.Index(got[at:], text)
		if i < 0 {
			return text
		}
		at += i + 1
	}
	return ""
}
