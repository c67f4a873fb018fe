package group

import "slices"

// A line holds what waits for its turn, the most senior last.
type line[T interface{ compare(T) int }] []T

// add puts one in its place.
func (l *line[T]) add(x T) {
	i, _ := slices.BinarySearchFunc(*l, x, func(a, b T) int { return b.compare(a) })
	*l = slices.Insert(*l, i, x)
}

// next takes the most senior.
func (l *line[T]) next() T {
	n := len(*l) - 1
	x := (*l)[n]
	*l = (*l)[:n]
	return x
}
