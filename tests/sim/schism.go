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
		if admin != f.By && l.IntN(3) == 0 {
			a, b = admin, f.By
		}
		at := c.At + time.Duration(l.Int64N(int64(c.For)))
		do := []string{"remove", "remove", "demote", "rekey", "leave", "say"}[l.IntN(6)]
		l.a(Step{At: at, Do: do, Who: []string{a, b}, In: f.Name})
		l.a(Step{At: at + time.Duration(l.IntN(20))*time.Second, Do: "say", Who: []string{l.someone()}, In: f.Name, N: 1})
	}
}
