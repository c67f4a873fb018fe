//go:build !race

package store

// tierStep is by how much the disk tier goes on from one call to the next.
const tierStep = 1
