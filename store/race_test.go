//go:build race

package store

// tierStep is by how much the disk tier goes on from one call to the next: under
// the race detector, which makes it ten times slower, it takes samples.
const tierStep = 13
