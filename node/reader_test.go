package node

import (
	"context"
	"testing"

	"causeway/merkle"
	"causeway/store"
	dagsync "causeway/sync"
)

// A removed reader that asks for everything, by name and by range, is given the
// removal and its past; somebody who never was a member is given nothing.
func TestAttack24_RemovedReaderIsGivenNothingNewerWhateverItAsks(t *testing.T) {
	alice := newPerson(t, "Alice")
	bob := newPerson(t, "Bob", alice.addr())
	befriend(alice, bob)
	ctx := context.Background()
	if _, err := alice.CreateGroup(ctx, "team", ""); err != nil {
		t.Fatal(err)
	}
	alice.until("offers", func() bool { return alice.AddMember(ctx, "#team", "@Bob", "") == nil })
	alice.say("#team", "before")
	c, err := alice.groupNamed("team")
	if err != nil {
		t.Fatal(err)
	}
	member, _ := c.State().Fold.Member(c.State().Others(alice.me.UID)[0])
	reader := member.Logs[0]
	if got, all := asksForAll(t, alice.Node, c.ID, reader); len(got) != len(all) {
		t.Errorf("a member is given %d entries of %d", len(got), len(all))
	}

	if err := alice.RemoveMember(ctx, "#team", "@Bob"); err != nil {
		t.Fatal(err)
	}
	alice.say("#team", "after")
	removal, _ := c.State().Fold.Removed(member.User)
	got, all := asksForAll(t, alice.Node, c.ID, reader)
	for id := range got {
		var within bool
		err := alice.db.View(func(tx *store.Tx) (err error) {
			within, err = c.DAG().Before(tx, id, removal)
			return err
		})
		if err != nil || !within && id != removal {
			t.Errorf("the removed reader is given %s, %v", id, err)
		}
	}
	if !got[removal] || len(got) >= len(all) {
		t.Errorf("the removed reader is given %d entries of %d, its removal: %v", len(got), len(all), got[removal])
	}
	if got, _ := asksForAll(t, alice.Node, c.ID, merkle.LogKey{1}); len(got) > 0 {
		t.Errorf("a stranger is given %d entries", len(got))
	}
}

// asksForAll reads a conversation as if the owner of a log had asked for every
// entry in all ways there are.
func asksForAll(t *testing.T, n *Node, conv merkle.ID, reader merkle.LogKey) (got, all map[merkle.ID]bool) {
	t.Helper()
	got, all = map[merkle.ID]bool{}, map[merkle.ID]bool{}
	wants := []dagsync.Want{{Bytes: 1 << 20}}
	err := n.db.View(func(tx *store.Tx) error {
		d := merkle.Open([32]byte(conv))
		entries, err := d.ByOffset(tx, 0, 1000)
		if err != nil {
			return err
		}
		for _, e := range entries {
			all[e.ID] = true
			wants = append(wants, dagsync.Want{Bytes: 1 << 20, IDs: []dagsync.Ask{{ID: e.ID, Depth: 1000}}})
		}
		tips, err := d.Frontier(tx)
		for _, tip := range tips {
			wants[0].Ranges = append(wants[0].Ranges, dagsync.Range{Log: tip.Log, Tip: tip.Head, To: tip.Seq})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wants {
		entries, _, err := n.logs().Read(dagsync.Conv(conv), reader, w)
		if err != nil && reader != (merkle.LogKey{1}) {
			t.Fatal(err)
		}
		for _, e := range entries {
			got[e.ID] = true
		}
	}
	return got, all
}
