package sim

import "time"

// schism has people change a group while they cannot hear each other: what each
// side does is void, or not, by rules that only show when they meet again.
func (l *lottery) schism() {
	c := l.cut()
	c.At, c.For = 40*time.Second+l.when()/2, 20*time.Second+l.span(2*time.Minute)
	f := l.p.Groups[l.IntN(len(l.p.Groups))]
	admin := l.someone()
	if admin != f.By {
		l.a(Step{At: c.At - 15*time.Second, Do: "promote", Who: []string{f.By, admin}, In: f.Name})
	}
	l.a(c)
	for range 2 + l.IntN(4) {
		a, b := l.two()
		if who := []string{f.By, admin, a}[l.IntN(3)]; who != b {
			a = who
		}
		at := c.At + time.Duration(l.Int64N(int64(c.For)))
		do := []string{"remove", "remove", "demote", "rekey", "leave", "say"}[l.IntN(6)]
		l.a(Step{At: at, Do: do, Who: []string{a, b}, In: f.Name})
		l.a(Step{At: at + l.span(10*time.Second), Do: "say", Who: []string{b}, In: f.Name, N: 1})
		l.a(Step{At: at + l.span(20*time.Second), Do: "say", Who: []string{l.someone()}, In: f.Name, N: 1})
	}
}

// absence has somebody be away for long, and somebody else write again and again
// meanwhile, so that mail piles up.
func (l *lottery) absence() {
	who, from := l.two()
	at := 30*time.Second + l.when()/3
	l.a(Step{At: at, Do: "off", Who: []string{who}, For: 4*time.Minute + l.span(30*time.Second)})
	for i := range 5 {
		l.a(Step{At: at + time.Duration(i)*50*time.Second + l.span(10*time.Second), Do: "say", Who: []string{from}, In: direct(who, from), N: 1})
	}
}
