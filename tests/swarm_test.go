package tests

import (
	"flag"
	"testing"
	"time"
)

var (
	swarmNodes = flag.Int("swarm.nodes", 20, "how many nodes TestSwarm runs")
	swarmSeed  = flag.Uint64("swarm.seed", 1, "the first seed of TestSwarm")
	swarmSeeds = flag.Int("swarm.seeds", 1, "how many seeds TestSwarm runs")
	swarmTime  = flag.Duration("swarm.time", 3*time.Minute, "how long the trouble of TestSwarm lasts, in virtual time")
)

func TestSwarm(t *testing.T) {
	for i := range *swarmSeeds {
		seed := *swarmSeed + uint64(i)
		Story(t, seed, func(net *Network) {
			s := Swarm{Seed: seed, Nodes: *swarmNodes, Trouble: *swarmTime, Healing: 60 * time.Second}
			s.Run(net)
		})
	}
}
