//go:build race

package tests

// quickNodes is fewer under the race detector, which makes everything several
// times as slow.
const quickNodes = 8
