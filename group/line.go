package group

import "slices"

// A line holds what waits for its turn, the most senior last.
type line[T any] []T

// add puts one in its place; compare orders from the most senior down.
func (l *line[T]) add(x T, compare func(a, b T) int) {
	i, _ := slices.BinarySearchFunc(*l, x, func(a, b T) int { return compare(b, a) })
	*l = slices.Insert(*l, i, x)
}

// next takes the most senior.
func (l *line[T]) next() T {
	n := len(*l) - 1
	x := (*l)[n]
	*l = (*l)[:n]
	return x
}
