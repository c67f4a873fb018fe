package merkle

import (
	"errors"
	"testing"

	"causeway/store"
)

// A read that fails once, and whose error nobody looks at, must not leave an empty
// branch behind that the next Add goes by: the log would be written down as forked.
func TestAFailedReadIsNotKnownByHeart(t *testing.T) {
	blocks := run(3, 1)
	p := newPeer(t)
	p.give(blocks[0], blocks[1])
	_ = p.db.Update(func(tx *store.Tx) error { p.Past(tx); return errors.New("forget by heart") })
	h, err := DecodeHeader(blocks[1].Header)
	if err != nil {
		t.Fatal(err)
	}
	p.update(func(tx *store.Tx) error {
		key := p.keyN(tBranch, 0, 0)
		row, err := tx.Get(key)
		if err != nil {
			return err
		}
		_ = tx.Delete(key) // the disk stumbles
		_, err = p.First(tx, h.ID())
		if err == nil {
			t.Error("the row was read all the same")
		}
		return tx.Set(key, row) // and is well again
	})
	r := p.give(blocks[2])
	var tip Tip
	p.update(func(tx *store.Tx) (err error) { tip, _, err = p.Tip(tx, h.Log); return err })
	t.Logf("%d delivered, %d forks, tip %+v", len(r.Delivered), len(r.Forks), tip)
	if tip.Forked || tip.Seq != 2 {
		t.Error("an honest log is written down as forked")
	}
}
