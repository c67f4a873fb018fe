// Package dht finds a node by a key that only the two ends can compute, and
// makes the libp2p hosts that do so. It knows no users, contacts or
// conversations. See docs/spec/05-finding.md.
package dht

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"

	"causeway/internal/label"
)

// Tag is where a publisher is found on one day: 32 bytes that look random to
// everyone who lacks the secret. See docs/spec/05-finding.md, section 1.
type Tag [32]byte

// KeyFor derives the tag of one publisher on one day (see [Day]) from a secret
// that publisher and finders share. The publisher is zero for the one tag that
// all members of a group publish.
func KeyFor(secret [32]byte, day int64, publisher [32]byte) Tag {
	return Tag(derive(secret, label.Rendezvous, day, publisher))
}

// KeysFor returns the tags to look up at a time: those of the [Days] around it.
func KeysFor(secret [32]byte, now time.Time, publisher [32]byte) []Tag {
	var tags []Tag
	for _, day := range Days(now) {
		tags = append(tags, KeyFor(secret, day, publisher))
	}
	return tags
}

// CID is the key of t in a DHT: CIDv1, raw, with t itself as the sha2-256
// digest, so that it looks like any other content.
func (t Tag) CID() cid.Cid {
	mh, err := multihash.Encode(t[:], multihash.SHA2_256)
	if err != nil {
		panic(fmt.Sprintf("dht: a 32-byte sha2-256 multihash: %v", err)) // cannot happen: known code, known length
	}
	return cid.NewCidV1(cid.Raw, mh)
}

// String is the CID of t.
func (t Tag) String() string { return t.CID().String() }

// Day numbers the UTC day of a time: 0 is 1 January 1970.
func Day(now time.Time) int64 {
	const seconds = 24 * 60 * 60
	unix := now.Unix()
	if unix < 0 {
		unix -= seconds - 1 // round down, also before 1970
	}
	return unix / seconds
}

// Days returns yesterday, today and tomorrow: a finder looks up all three, so
// that clocks may differ by up to a day.
func Days(now time.Time) [3]int64 {
	today := Day(now)
	return [3]int64{today - 1, today, today + 1}
}

// Drawn reports whether a member of a group of n publishes the group's tag on
// a day: always in a group of up to 16, otherwise with probability 16/n. Every
// member can compute it of every other.
func Drawn(secret [32]byte, day int64, member [32]byte, n int) bool {
	if n <= publishers {
		return true
	}
	ticket := derive(secret, label.PublisherLottery, day, member)
	rank, _ := bits.Mul64(binary.BigEndian.Uint64(ticket[:8]), uint64(n)) // uniform in 0 … n-1
	return rank < publishers
}

func derive(secret [32]byte, purpose string, day int64, who [32]byte) [32]byte {
	info := binary.BigEndian.AppendUint64([]byte(purpose), uint64(day))
	info = append(info, who[:]...)
	key, err := hkdf.Key(sha256.New, secret[:], nil, string(info), 32)
	if err != nil {
		panic(fmt.Sprintf("dht: deriving 32 bytes: %v", err)) // cannot happen: the length is allowed
	}
	return [32]byte(key)
}
