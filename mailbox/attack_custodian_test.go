package mailbox

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"causeway/store"
)

// custodians are several of one owner, who has one box key.
func custodians(t *testing.T, n int) []*rig {
	rigs := make([]*rig, n)
	for i := range rigs {
		rigs[i] = newRig(t, Terms{})
		rigs[i].box = rigs[0].box
	}
	return rigs
}

// A custodian that drops, replays, reorders or serves old parcels: another copy
// has the same id, so the owner takes each parcel once, from whoever has it.
func TestAttack34_CustodianDropsReplaysReorders(t *testing.T) {
	two := custodians(t, 2)
	var ids []ParcelID
	for i := range 5 {
		slot := SlotOf(key32("bob"), two[0].box.ID(), WeekOf(noon))
		p := sealed(t, slot, string(rune('a'+i)))
		ids = append(ids, p.ID)
		for _, r := range two {
			r.park(r.ticket("bob"), p)
		}
	}
	drop(t, two[0], ids[1])
	have := map[ParcelID]int{}
	for range 3 { // again and again, from both, in any order
		for _, r := range []*rig{two[1], two[0]} {
			b := r.owner()
			_, err := b.Collect(Collecting{Have: func(p ParcelID) bool { return have[p] > 0 }}, func(h Held, _ []byte) error {
				have[h.Parcel]++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			b.Close()
		}
	}
	for _, id := range ids {
		if have[id] != 1 {
			t.Fatalf("%v: taken %d times", id, have[id])
		}
	}
}

// drop has a custodian lose a parcel behind everyone's back.
func drop(t *testing.T, r *rig, id ParcelID) {
	t.Helper()
	err := r.db.Update(func(tx *store.Tx) error {
		_, err := take(tx, r.box.ID(), id, r.now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// liar serves a box's owner what a dishonest custodian might.
type liar struct {
	rows  []listRow
	bytes map[ParcelID][]byte
	more  bool
}

func (x *liar) serve(r *rig, l *Link) {
	s := &session{c: r.c, self: l.local, peer: l.remote}
	for {
		b, err := l.read(1 << 18)
		if err != nil {
			return
		}
		f, _ := decodeFrame(b)
		var answer []any
		switch f := f.(type) {
		case *listFrame:
			answer = []any{&rowsFrame{Rows: x.rows, More: x.more}}
		case *fetchFrame:
			for _, item := range f.Items {
				if d := x.bytes[item.Parcel]; len(d) > 0 {
					answer = append(answer, &bytesFrame{Data: d})
				}
				answer = append(answer, &bytesFrame{})
			}
		default:
			answer, _ = s.step(b, r.now)
		}
		for _, f := range answer {
			if l.write(f) != nil {
				return
			}
		}
	}
}

// A custodian loses, withholds, replays, reorders or truncates parcels: the
// owner keeps none that does not match its id, passes over it, says so, and
// fetches it elsewhere; what the sender shows rests on signed facts only.
func TestAttack38_CustodianLosesOrCorruptsParcels(t *testing.T) {
	two := custodians(t, 2)
	slot := SlotOf(key32("bob"), two[0].box.ID(), WeekOf(noon))
	var rows []listRow
	given := map[ParcelID][]byte{}
	var ps []Parcel
	for i := range 5 {
		p := sealed(t, slot, string(rune('a'+i)))
		ps = append(ps, p)
		two[1].park(two[1].ticket("bob"), p)
		rows = append(rows, listRow{Seq: uint64(i + 1), Parcel: p.ID, Size: 4 << 10})
		given[p.ID] = p.Sealed
	}
	given[ps[1].ID] = nil                                    // withheld
	given[ps[2].ID] = ps[2].Sealed[:100]                     // truncated
	given[ps[3].ID] = append([]byte{1}, ps[3].Sealed[1:]...) // altered
	rows[4].Parcel, given[ps[4].ID] = ps[0].ID, ps[0].Sealed // replayed in place of another
	collectFrom := func(x *liar) (got map[ParcelID]bool, upTo uint64, err error) {
		here, there := r2pipe(two[0])
		go x.serve(two[0], there)
		b, err := OpenBox(two[0].ctx, here, Entry{Key: two[0].box, Class: Personal, Grant: &two[0].grant})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		got = map[ParcelID]bool{}
		upTo, err = b.Collect(Collecting{Have: func(p ParcelID) bool { return got[p] }}, func(h Held, sealed []byte) error {
			if ParcelOf(sealed).ID != h.Parcel {
				t.Error("kept what does not match")
			}
			got[h.Parcel] = true
			return nil
		})
		return got, upTo, err
	}
	got, upTo, err := collectFrom(&liar{rows: rows, bytes: given})
	wantErr(t, "collect", err, ErrParcel)
	if len(got) != 1 || !got[ps[0].ID] || upTo != 1 {
		t.Fatalf("%d kept, up to %d", len(got), upTo)
	}
	for _, p := range ps {
		if _, ok := two[1].collect()[p.ID]; !ok {
			t.Fatal("the other copy is missing")
		}
	}
	for name, x := range map[string]*liar{
		"order backwards": {rows: []listRow{{Seq: 2, Size: 4096, Parcel: ParcelID{1}}, {Seq: 1, Size: 4096}}},
		"row again":       {rows: []listRow{{Seq: 1, Size: 4096}}, more: true},
		"huge":            {rows: []listRow{{Seq: 1, Size: MaxParcel + 1}}},
		"longer than it":  {rows: []listRow{{Seq: 1, Size: 4, Parcel: ps[0].ID}}, bytes: given},
	} {
		if _, _, err := collectFrom(x); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A sender takes no fact that is not signed for its parcel.
	forge := func(answer any) error {
		here, there := r2pipe(two[1])
		bob := two[1].ticket("bob")
		go func() {
			s := &session{c: two[1].c, self: there.local, peer: there.remote}
			for b, err := there.read(1 << 18); err == nil; b, err = there.read(1 << 18) {
				if f, _ := decodeFrame(b); reflect.TypeOf(f) == reflect.TypeFor[*depositFrame]() {
					there.write(answer)
				} else if frames, err := s.step(b, noon); err == nil {
					there.write(frames[0])
				}
			}
		}()
		_, err := Deposit(two[1].ctx, here, bob, ps[0])
		return err
	}
	wantErr(t, "forged receipt", forge(&receiptFrame{Size: 4 << 10}), ErrSignature)
	wantErr(t, "receipt of another size", forge(&receiptFrame{Size: 5}), ErrProtocol)
	wantErr(t, "forged refusal", forge(&quotaFrame{Reason: SlotFull}), ErrSignature)
	wantErr(t, "forged deletion", forge(&goneFrame{}), ErrSignature)
	wantErr(t, "no fact", forge(&okFrame{}), ErrProtocol)

	// The sender: no receipt that the custodian did not sign for this parcel.
	bob := two[1].ticket("bob")
	rc := two[1].park(bob, ps[0])
	for name, forged := range map[string]Receipt{
		"longer": {rc.Box, rc.Parcel, rc.Size, rc.Deposited, rc.Expires.Add(time.Second), rc.Sig},
		"other":  {rc.Box, ps[1].ID, rc.Size, rc.Deposited, rc.Expires, rc.Sig},
		"box":    {BoxID{1}, rc.Parcel, rc.Size, rc.Deposited, rc.Expires, rc.Sig},
		"far":    {rc.Box, rc.Parcel, rc.Size, rc.Deposited, time.Unix(1<<50, 0), rc.Sig},
	} {
		wantErr(t, name, VerifyReceipt(bob.Custodian, forged), ErrSignature)
	}
	wantErr(t, "another custodian's", VerifyReceipt(two[0].ticket("bob").Custodian, rc), ErrSignature)
}

// A parcel lost by an honest custodian is laid down again when the sender
// repeats the deposit; deletion is idempotent and reaches all replicas, also
// those to which the parcel comes only later.
func TestAttack39_DeletionReachesAllReplicas(t *testing.T) {
	three := custodians(t, 3)
	slot := SlotOf(key32("bob"), three[0].box.ID(), WeekOf(noon))
	p := sealed(t, slot, "x")
	three[0].park(three[0].ticket("bob"), p)
	three[1].park(three[1].ticket("bob"), p)
	drop(t, three[1], p.ID)
	if rc := three[1].park(three[1].ticket("bob"), p); rc.Parcel != p.ID {
		t.Fatal("not laid down again")
	}
	for range 2 {
		for _, r := range three {
			b := r.owner()
			if err := b.Delete(p.ID); err != nil {
				t.Fatal(err)
			}
			b.Close()
			r.audit()
		}
	}
	for i, r := range three {
		if len(r.collect()) != 0 {
			t.Fatal("still held")
		}
		var gone *Gone
		if _, err := r.deposit(r.ticket("bob"), p); !errors.As(err, &gone) {
			t.Fatalf("replica %d: %v", i, err)
		}
		wantErr(t, "another parcel", VerifyGone(&Gone{gone.Box, ParcelID{1}, gone.Sig}), ErrSignature)
	}
	// Nobody else can delete: a signature of another key is refused.
	r := three[0]
	b := r.owner()
	err := b.do(&deleteFrame{Items: []deleteItem{{Parcel: p.ID, Sig: NewBoxKey().Deletion(p.ID)}}})
	wantErr(t, "forged", err, ErrRefused)
}
