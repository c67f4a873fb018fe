package dagsync

import (
	"fmt"
	"testing"
	"time"

	"causeway/merkle"
)

// A removed member gets its removal and what lies in its past, then nothing.
func TestAttack24_ZeroBytesAfterRemoval(t *testing.T) {
	for _, online := range []bool{true, false} {
		t.Run(fmt.Sprint("online ", online), func(t *testing.T) { zeroBytesAfterRemoval(t, online) })
	}
}

func zeroBytesAfterRemoval(t *testing.T, online bool) {
	us := users("ann", "bob", "mallory")
	ann, mallory := newNode(t, "ann", us...), newNode(t, "mallory", us...)
	w := newWorld(t, 24, ann, mallory)
	for i := range 10 {
		ann.write(ann.user, text(i))
	}
	if online {
		w.dial(mallory, ann)
		w.settle(time.Second)
		w.same(ann, mallory)
	}
	concurrent := ann.writeAlone(us[1], "bob did not know of the removal")
	removal := ann.writeAlone(ann.user, "mallory is removed")
	ann.removals[mallory.log()] = removal.ID
	allowed := ann.within(removal.ID)
	after := 0 // bytes of entries that mallory may not have, and of anything after REMOVED
	refused := map[uint64]bool{}
	w.spy = func(from, _ *node, p []byte) {
		if from != ann {
			return
		}
		f, err := decode(p)
		if err != nil {
			t.Fatal(err)
		}
		switch f := f.(type) {
		case *entries:
			_, ids := f.unpack()
			for i, id := range ids {
				if !allowed[id] {
					after += len(f.Items[i].append(nil))
				}
			}
			if refused[f.Sid] {
				after += len(p)
			}
		case *nack:
			refused[f.Sid] = refused[f.Sid] || f.Code == nackRemoved
		case *heads:
			if refused[f.Sid] {
				after += len(p)
			}
		}
	}
	w.announce(ann)
	if !online {
		w.dial(mallory, ann)
	}
	mallory.write(mallory.user, "pushed beneath the removal")
	w.announce(mallory)
	for i := range 5 {
		ann.write(ann.user, fmt.Sprint("secret ", i))
		w.announce(ann)
		w.settle(time.Second)
	}
	w.dial(mallory, ann)
	w.settle(2 * removedTime)
	got := mallory.ids()
	if !got[removal.ID] || got[concurrent.ID] {
		t.Errorf("mallory has its removal: %t, what is beside it: %t", got[removal.ID], got[concurrent.ID])
	}
	if after != 0 || len(refused) == 0 {
		t.Errorf("%d bytes after removal; %d sessions refused", after, len(refused))
	}
	if !w.hasEvent(Refused, mallory, ann) {
		t.Error("mallory is not told")
	}
	for id := range ann.ids() {
		if !allowed[id] && got[id] {
			t.Errorf("mallory has %s", id)
		}
	}
}

// A former member mints logs and has 16 MiB of them pulled, not more.
func TestAttack24_FreshLogsOfAFormerMember(t *testing.T) {
	ann := newNode(t, "ann", users("ann")...)
	r := newRaw(t, ann, newUser("mallory again"))
	r.open()
	junk := entriesOf(t, logWith(r.user, unknownBytes/merkle.MaxBody+20, func(int) []byte { return make([]byte, merkle.MaxBody) }))
	last := junk[len(junk)-1]
	q, ok := find[*want](r.claim(r.user.log(), last.ID, last.Seq))
	if !ok {
		t.Fatal("ann does not pull from one whose admission she may not have seen")
	}
	took := 0
	for _, e := range junk {
		es := entries{Sid: r.sid, Req: q.Req}
		p := es.fill([]merkle.Entry{e})
		got, err := r.tryBytes(p)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := find[*nack](got); ok {
			if n.Code != nackBusy || took > unknownBytes || took < unknownBytes/2 {
				t.Errorf("code %d after %d bytes", n.Code, took)
			}
			return
		}
		took += len(p)
	}
	t.Errorf("%d bytes were taken", took)
}
