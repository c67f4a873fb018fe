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
	a, b, c, d := merkle.ID{1}, merkle.ID{2}, merkle.ID{3}, merkle.ID{4}
	held := []chat.Secrets{{Epoch: d}, {Epoch: c}, {Epoch: b}, {Epoch: a}}
	for _, x := range []struct {
		present merkle.ID
		next    map[merkle.ID]merkle.ID
	}{
		{d, map[merkle.ID]merkle.ID{d: {}, c: d, b: c, a: b}},
		{c, map[merkle.ID]merkle.ID{d: c, c: {}, b: c, a: b}}, // d came from somebody who had not heard of a removal
		{merkle.ID{}, map[merkle.ID]merkle.ID{d: {}, c: {}, b: {}, a: {}}},
	} {
		for epoch, next := range x.next {
			if got := nextEpoch(held, x.present, epoch); got != next {
				t.Errorf("%s in use: the box of %s ends with %s, want %s", x.present, epoch, got, next)
			}
		}
		if got := nextEpoch(held, x.present, merkle.ID{9}); got != (merkle.ID{}) {
			t.Errorf("the box of an epoch that is not held ends with %s", got)
		}
	}
}
