package node

import (
	"testing"

	"causeway/chat"
	"causeway/merkle"
)

// Seed 21 of the swarm: the key was changed while an epoch's box was being opened,
// and what came after went into the box that a removed member reads.
func TestAttack49_BoxOfAnEpochEndsWithTheKeyThatIsHeldNow(t *testing.T) {
	t.Parallel()
	a, b, c := merkle.ID{1}, merkle.ID{2}, merkle.ID{3}
	held := []chat.Secrets{{Epoch: c}, {Epoch: b}}
	for epoch, next := range map[merkle.ID]merkle.ID{c: {}, b: c, a: a} {
		if got := nextEpoch(held, epoch); got != next {
			t.Errorf("the box of %s ends with %s, want %s", epoch, got, next)
		}
	}
}
