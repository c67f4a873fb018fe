//go:build !race

package tests

const quickNodes = 20
