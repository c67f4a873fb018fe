package tests

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"causeway/merkle"
)

// Swarm is many peers in groups and pairs, whose network, disks and memberships
// are troubled as a seed says. Run tells its story: everything is set up on a
// good network, then trouble comes for a while, then all is healed but for those
// who vanished, and everybody must come to the same.
type Swarm struct {
	Seed    uint64
	Nodes   int
	Trouble time.Duration // how long it lasts, in virtual time
	Healing time.Duration // how long all may take then to agree

	net   *Network
	rng   *rand.Rand
	mix   Mix
	began time.Time

	peers   []*Peer
	pairs   [][2]*Peer
	circles []*circle
	said    []utterance
	gone    map[*Peer]bool  // vanished for good
	ends    []ending        // of faults under way
	busy    map[string]bool // what has a fault under way: a peer, or "cut"
	tried   map[string]int  // what was done, by name
	trace   []string
	quiet   int // goroutines before the trouble, without those of the simulated sockets
	agreed  time.Duration
	marked  time.Duration
}

// Mix is the faults of one swarm. Each seed leaves some of them out and has much
// of others, so that also what a full mix would hide comes up.
type Mix struct {
	Loss    float64       // share of packets
	Latency time.Duration // one way, on average
	Jitter  float64
	Weights map[string]int // how often each deed is drawn
}

// circle is a group as the story's teller knows it.
type circle struct {
	name    string
	founder *Peer
	asked   map[*Peer]bool // was ever added
	unsure  map[*Peer]bool // was removed, or added by somebody other than the founder: may be void
}

// utterance is an acknowledged text.
type utterance struct {
	author *Peer
	id     merkle.ID
	text   string
	circle *circle         // nil: said in a pair
	to     *Peer           // said in a pair
	heard  map[string]bool // members whom its author knew of
}

// ending is the end of a fault.
type ending struct {
	at   time.Time
	what string
	do   func()
}

// deed is one thing that may happen in a troubled swarm.
type deed struct {
	name  string
	usual int // weight, if a seed does not say otherwise
	do    func(*Swarm)
}

var deeds = []deed{
	{"talks in a group", 40, (*Swarm).talk},
	{"talks to a friend", 20, (*Swarm).whisper},
	{"cut in two", 2, (*Swarm).cut},
	{"unplugged", 4, (*Swarm).unplug},
	{"crashed", 4, (*Swarm).crash},
	{"stopped", 2, (*Swarm).stop},
	{"vanished", 1, (*Swarm).vanish},
	{"added", 4, (*Swarm).add},
	{"removed", 3, (*Swarm).remove},
	{"promoted", 1, (*Swarm).promote},
	{"dht forgot", 1, (*Swarm).forgetful},
}

// draw makes the mix of a seed.
func draw(rng *rand.Rand) Mix {
	m := Mix{
		Loss: 0.3 * rng.Float64() * float64(rng.IntN(3)) / 2, Latency: time.Duration(30+rng.IntN(71)) * time.Millisecond,
		Jitter: rng.Float64(), Weights: map[string]int{},
	}
	for i, d := range deeds {
		w := d.usual
		if i > 1 { // talk never ends
			w *= rng.IntN(4)
		}
		m.Weights[d.name] = w
	}
	return m
}

func (m Mix) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "loss %.0f %%, %v ± %.0f %% one way", 100*m.Loss, m.Latency, 100*m.Jitter)
	for _, d := range deeds {
		fmt.Fprintf(&b, ", %s %d", d.name, m.Weights[d.name])
	}
	return b.String()
}

// Run tells the story of a swarm.
func (s *Swarm) Run(net *Network) {
	net.tb.Helper()
	s.net, s.rng = net, rand.New(rand.NewPCG(s.Seed, 1))
	s.gone, s.busy, s.tried = map[*Peer]bool{}, map[string]bool{}, map[string]int{}
	s.mix, s.began = draw(s.rng), time.Now()
	net.tb.Cleanup(func() {
		if net.tb.Failed() {
			net.tb.Logf("swarm of %d, seed %d: %s\n%s", s.Nodes, s.Seed, s.mix, strings.Join(s.trace, "\n"))
		}
	})
	s.gather()
	net.Wait(10 * time.Second)
	s.quiet = s.goroutines()
	s.trouble()
	s.heal()
	s.converge()
	s.judge()
	net.tb.Logf("seed %d, %d nodes: %s; %d texts; agreed %v after the heal, all marks after %v; did %v",
		s.Seed, s.Nodes, s.mix, len(s.said), s.agreed, s.marked, s.tried)
}

// note writes a line of the trace.
func (s *Swarm) note(what string, args ...any) {
	s.trace = append(s.trace, fmt.Sprintf("%8.1fs  ", time.Since(s.began).Seconds())+fmt.Sprintf(what, args...))
}

// trouble does what the seed says, a deed every second or so.
func (s *Swarm) trouble() {
	s.net.Loss(s.mix.Loss)
	s.net.Latency(s.mix.Latency)
	s.net.Jitter(s.mix.Jitter)
	s.note("trouble begins: %s", s.mix)
	sum := 0
	for _, w := range s.mix.Weights {
		sum += w
	}
	for end := time.Now().Add(s.Trouble); time.Now().Before(end); {
		s.net.Wait(time.Duration(s.rng.IntN(1200*20/s.Nodes)) * time.Millisecond)
		s.finish(time.Now())
		n := s.rng.IntN(sum)
		for _, d := range deeds {
			if n -= s.mix.Weights[d.name]; n < 0 {
				d.do(s)
				break
			}
		}
	}
}

// finish ends the faults whose time has come.
func (s *Swarm) finish(now time.Time) {
	var left, over []ending
	for _, e := range s.ends {
		if e.at.After(now) {
			left = append(left, e)
		} else {
			over = append(over, e)
		}
	}
	s.ends = left
	for _, e := range over {
		s.note("%s", e.what)
		e.do()
	}
}

// heal ends every fault at once.
func (s *Swarm) heal() {
	s.net.Loss(0)
	s.net.Jitter(0)
	s.net.Latency(defaultLatency)
	s.finish(time.Now().Add(s.Trouble))
	s.note("healed")
}

// live lists who has not vanished.
func (s *Swarm) live() (out []*Peer) {
	for _, p := range s.peers {
		if !s.gone[p] {
			out = append(out, p)
		}
	}
	return out
}
