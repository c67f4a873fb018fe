package api_test

import (
	"testing"

	"causeway/api"
)

// What describing the API by reflection costs each start of a node.
func BenchmarkHandler(b *testing.B) {
	for b.Loop() {
		api.Handler(newMemory())
	}
}
