package dht_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"causeway/dht"
)

type hex32 [32]byte

func (h *hex32) UnmarshalText(text []byte) error {
	_, err := hex.Decode(h[:], text)
	return err
}

func TestVectors(t *testing.T) {
	var v struct {
		Tags []struct {
			Secret, Publisher, Tag hex32
			Day                    int64
			CID                    string
		}
		Draws []struct {
			Secret, Member hex32
			Day            int64
			N              int
			Drawn          bool
		}
		Days [][2]int64
	}
	data, err := os.ReadFile("../docs/spec/vectors/05-finding.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Tags) == 0 || len(v.Draws) == 0 || len(v.Days) == 0 {
		t.Fatal("no vectors")
	}
	for i, c := range v.Tags {
		tag := dht.KeyFor(c.Secret, c.Day, c.Publisher)
		if tag != dht.Tag(c.Tag) || tag.String() != c.CID {
			t.Errorf("tag %d: got %x, %s", i, tag[:], tag)
		}
	}
	for i, c := range v.Draws {
		if got := dht.Drawn(c.Secret, c.Day, c.Member, c.N); got != c.Drawn {
			t.Errorf("draw %d: got %v", i, got)
		}
	}
	for _, c := range v.Days {
		if got := dht.Day(time.Unix(c[0], 999)); got != c[1] {
			t.Errorf("day of %d: got %d, want %d", c[0], got, c[1])
		}
	}
}

func TestLookupsCoverClocksADayApart(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 1, 0, time.FixedZone("far east", 14*60*60))
	looked := dht.KeysFor(secret, now, nobody)
	for _, skew := range []time.Duration{-24 * time.Hour, 0, 24 * time.Hour} {
		published := dht.KeyFor(secret, dht.Day(now.Add(skew)), nobody)
		found := false
		for _, tag := range looked {
			found = found || tag == published
		}
		if !found {
			t.Errorf("a publisher whose clock is %v off is not found", skew)
		}
	}
}

func TestTagsShareNothing(t *testing.T) {
	seen := make(map[dht.Tag]bool)
	for day := range int64(10) {
		for who := range byte(10) {
			for s := range byte(10) {
				seen[dht.KeyFor([32]byte{s}, day, [32]byte{who})] = true
			}
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d tags of 1000", len(seen))
	}
}

func TestLotteryDrawsAboutSixteen(t *testing.T) {
	for _, n := range []int{17, 50, 1000} {
		const days = 100
		drawn := 0
		for day := range int64(days) {
			for i := range n {
				var member [32]byte
				binary.BigEndian.PutUint64(member[:], uint64(i))
				if dht.Drawn(secret, day, member, n) {
					drawn++
				}
			}
		}
		if drawn < 14*days || drawn > 18*days {
			t.Errorf("of %d members %v publish on a day, want about 16", n, float64(drawn)/days)
		}
	}
}
