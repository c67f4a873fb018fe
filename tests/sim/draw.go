package sim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Length is how long the faulty part of a drawn plan lasts.
const Length = 8 * time.Minute

var names = []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
	"ivan", "judy", "kim", "laura", "mike", "nina", "oscar", "peggy"}

// a lottery draws one plan.
type lottery struct {
	*rand.Rand
	p Plan
}

// Draw makes the plan of a seed: its own people, its own mix of faults, and what
// everybody does.
func Draw(seed uint64) Plan { return DrawFor(seed, 0) }

// DrawFor makes the plan of a seed for so many people; 0: the seed says.
func DrawFor(seed uint64, people int) Plan {
	l := &lottery{rand.New(chance(seed, "plan")), Plan{Seed: seed, Length: Length}}
	l.p.People = names[:3+l.IntN(3)]
	if people > 0 {
		l.p.People = names[:people]
	}
	if l.IntN(3) == 0 {
		l.p.Rivals = []string{l.p.People[1+l.IntN(len(l.p.People)-1)]}
	}
	l.p.Groups = []Founded{{Name: "team", By: "alice", Forward: l.IntN(3) == 0}}
	if l.IntN(3) == 0 {
		l.p.Groups = append(l.p.Groups, Founded{Name: "club", By: "bob", Forward: l.IntN(2) == 0})
	}
	l.p.Net = Net{Delay: 30*time.Millisecond + time.Duration(l.IntN(70))*time.Millisecond}
	if l.IntN(2) == 0 {
		l.p.Net.Loss = l.Float64() * 0.3
	}
	if l.IntN(2) == 0 {
		l.p.Net.Replay = l.Float64() * 0.5
	}
	l.people()
	l.faults()
	l.Rand = rand.New(chance(seed, "clocks"))
	l.drift()
	return l.plan()
}

// DrawForking is DrawFor with somebody among the people who forks a log at least
// once.
func DrawForking(seed uint64, people int) Plan {
	l := &lottery{rand.New(chance(seed, "forks")), DrawFor(seed, people)}
	if len(l.p.Rivals) == 0 {
		l.p.Rivals = []string{l.p.People[1+l.IntN(len(l.p.People)-1)]}
	}
	l.fork()
	return l.plan()
}

// plan puts the steps in order.
func (l *lottery) plan() Plan {
	slices.SortStableFunc(l.p.Steps, func(a, b Step) int { return int(a.At - b.At) })
	return l.p
}

func (l *lottery) someone() string     { return l.p.People[l.IntN(len(l.p.People))] }
func (l *lottery) group() string       { return l.p.Groups[l.IntN(len(l.p.Groups))].Name }
func (l *lottery) when() time.Duration { return time.Duration(l.Int64N(int64(Length))) }

func (l *lottery) two() (string, string) {
	i, j := l.IntN(len(l.p.People)), l.IntN(len(l.p.People)-1)
	if j >= i {
		j++
	}
	return l.p.People[i], l.p.People[j]
}

func (l *lottery) a(s Step) { l.p.Steps = append(l.p.Steps, tidy(s)) }

// people has them form groups and talk.
func (l *lottery) people() {
	for _, g := range l.p.Groups {
		for _, who := range l.p.People {
			if who != g.By && l.IntN(8) > 0 {
				at := time.Duration(l.Int64N(int64(20 * time.Second)))
				if l.IntN(4) == 0 {
					at = l.when()
				}
				l.a(Step{At: at, Do: "add", Who: []string{g.By, who}, In: g.Name, N: l.IntN(4) / 3})
			}
		}
	}
	for range 12 + l.IntN(20) {
		a, b := l.two()
		in := l.group()
		if l.IntN(3) == 0 {
			in = direct(a, b)
		}
		l.a(Step{At: l.when(), Do: "say", Who: []string{a}, In: in, N: 1 + l.IntN(3)*l.IntN(2)})
	}
	if l.IntN(2) == 0 {
		l.churn()
	}
	if l.IntN(2) == 0 {
		l.schism()
	}
	if l.IntN(3) == 0 {
		l.absence()
	}
}

// churn changes who belongs.
func (l *lottery) churn() {
	for range 1 + l.IntN(6) {
		a, b := l.two()
		do := []string{"add", "remove", "promote", "demote", "leave", "rekey", "add", "promote"}[l.IntN(8)]
		l.a(Step{At: l.when(), Do: do, Who: []string{a, b}, In: l.group()})
	}
}

// faults draws which kinds of trouble there are in this run, and then some of
// each.
func (l *lottery) faults() {
	for _, kind := range []struct {
		most int
		draw func() Step
	}{
		{4, l.cut}, {4, l.crash}, {3, l.off}, {1, l.restore}, {2, l.disk}, {2, l.clock}, {2, l.forget},
	} {
		if l.IntN(2) == 0 {
			for range 1 + l.IntN(kind.most) {
				l.a(kind.draw())
			}
		}
	}
	for _, r := range l.p.Rivals {
		for range 1 + l.IntN(4) {
			l.a(l.rival(r))
		}
	}
}

func (l *lottery) span(most time.Duration) time.Duration {
	return time.Second + time.Duration(l.Int64N(int64(most)))
}

func (l *lottery) cut() Step {
	who := slices.Clone(l.p.People)
	l.Shuffle(len(who), func(i, j int) { who[i], who[j] = who[j], who[i] })
	who = who[:1+l.IntN(len(who)-1)]
	if l.IntN(2) == 0 { // a clog
		return Step{At: l.when(), Do: "cut", Who: who, For: l.span(4 * time.Second)}
	}
	return Step{At: l.when(), Do: "cut", Who: who, For: l.span(3 * time.Minute)}
}

func (l *lottery) crash() Step {
	return Step{At: l.when(), Do: "crash", Who: []string{l.someone()}, For: l.span(time.Minute), N: l.IntN(2)}
}

func (l *lottery) off() Step {
	return Step{At: l.when(), Do: "off", Who: []string{l.someone()}, For: l.span(3 * time.Minute)}
}

func (l *lottery) restore() Step {
	who, in, at := []string{l.someone()}, l.group(), Length/2+l.when()/4
	s := Step{At: at, Do: "restore", Who: who, For: l.span(time.Minute), N: l.IntN(3)}
	if l.IntN(2) == 0 { // there is an old disk, and what it lacks is continued
		l.a(Step{At: at - l.span(2*time.Minute), Do: "off", Who: who, For: time.Second})
		l.a(Step{At: at - time.Second, Do: "say", Who: who, In: in, N: 1})
		l.a(Step{At: at + s.For + l.span(time.Minute), Do: "say", Who: who, In: in, N: 2})
	}
	return s
}

func (l *lottery) disk() Step {
	return Step{At: l.when(), Do: []string{"full", "broken"}[l.IntN(2)], Who: []string{l.someone()}, For: l.span(3 * time.Minute)}
}

func (l *lottery) clock() Step {
	return Step{At: l.when(), Do: "clock", Who: []string{l.someone()}, For: l.span(4 * time.Minute), N: (l.IntN(7200) - 3600) * (1 + 600*l.IntN(2))}
}

// drift gives clocks the small errors that clocks have, from the beginning on, in
// two runs of three: nobody is taken to be ahead of anybody else (docs/spec/09,
// section 5: ten minutes).
func (l *lottery) drift() {
	if l.IntN(3) == 0 {
		return
	}
	const most = 295 // seconds, either way
	for _, who := range l.p.People {
		if l.IntN(3) > 0 {
			l.a(Step{Do: "clock", Who: []string{who}, N: l.IntN(2*most+1) - most})
		}
	}
}

func (l *lottery) forget() Step { return Step{At: l.when(), Do: "forget", Who: []string{l.someone()}} }

// fork has a rival fork a log in a group that it is in by then, most likely, and
// in conversations of two, so that it hardly ever fails to.
func (l *lottery) fork() {
	r, g := l.p.Rivals[0], l.p.Groups[0]
	for _, at := range []time.Duration{0, 20 * time.Second, 50 * time.Second} { // who was not reached has offered no log yet
		l.a(Step{At: at, Do: "add", Who: []string{g.By, r}, In: g.Name})
	}
	for range 1 + l.IntN(2) {
		l.a(Step{At: time.Minute + l.when()/2, Do: "fork", Who: []string{r, g.By}, In: g.Name, N: 1 + l.IntN(3)})
	}
	for range 2 + l.IntN(2) {
		to := l.another(r)
		l.a(Step{At: l.when(), Do: "fork", Who: []string{r, to}, In: direct(r, to), N: 1 + l.IntN(3)})
	}
}

func (l *lottery) another(than string) string {
	for {
		if other := l.someone(); other != than {
			return other
		}
	}
}

func (l *lottery) rival(r string) Step {
	other := l.another(r)
	s := Step{At: l.when(), Who: []string{r, other}, For: l.span(2 * time.Minute), N: 1 + l.IntN(3)}
	s.Do = []string{"fork", "fork", "deaf", "hoard", "lie", "garbage", "say"}[l.IntN(7)]
	s.In = l.group()
	switch s.Do {
	case "fork":
	case "say": // a flood
		s.Who, s.N, s.For = s.Who[:1], 50, 0
	default:
		s.Who, s.In = s.Who[:1], ""
	}
	return s
}
