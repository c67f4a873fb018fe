package tests

import (
	"flag"
	"runtime"
	"testing"
	"time"
)

var (
	swarmNodes = flag.Int("swarm.nodes", quickNodes, "how many nodes TestSwarm runs")
	swarmSeed  = flag.Uint64("swarm.seed", 1, "the first seed of TestSwarm")
	swarmSeeds = flag.Int("swarm.seeds", 1, "how many seeds TestSwarm runs")
	swarmTime  = flag.Duration("swarm.time", 2*time.Minute, "how long the trouble of TestSwarm lasts, in virtual time")
)

// It runs alone: what it leaves behind is measured.
func TestSwarm(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range *swarmSeeds {
		seed := *swarmSeed + uint64(i)
		Story(t, seed, func(net *Network) {
			s := Swarm{Seed: seed, Nodes: *swarmNodes, Trouble: *swarmTime, Healing: time.Minute}
			s.Run(net)
		})
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if n := runtime.NumGoroutine(); n > before+2 || m.HeapAlloc > 128<<20 {
			t.Errorf("after seed %d: %d goroutines, %d before; %d MiB in use", seed, n, before, m.HeapAlloc>>20)
		}
	}
}
