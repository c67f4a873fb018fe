package merkle

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/ipfs/go-cid"
	mh "github.com/multiformats/go-multihash"
)

// An ID names an entry: the SHA-256 digest of its encoded header. The zero ID
// names none and is encoded as null.
type ID [sha256.Size]byte

// A BlockID is the SHA-256 digest of a body.
type BlockID [sha256.Size]byte

// A LogKey is the Ed25519 public key of the one writer of a log, and names it.
type LogKey [32]byte

// CID returns the id as a CIDv1 of a dag-cbor block.
func (id ID) CID() cid.Cid { return newCID(cid.DagCBOR, id) }

// CID returns the id as a CIDv1 of a raw block.
func (id BlockID) CID() cid.Cid { return newCID(cid.Raw, id) }

func newCID(codec uint64, digest [sha256.Size]byte) cid.Cid {
	hash, err := mh.Encode(digest[:], mh.SHA2_256)
	if err != nil {
		panic(err) // only an unknown hash code fails
	}
	return cid.NewCidV1(codec, hash)
}

// String returns the CID in base32, or "none" for the zero ID.
func (id ID) String() string {
	if id == (ID{}) {
		return "none"
	}
	return id.CID().String()
}

// String returns the CID in base32.
func (id BlockID) String() string { return id.CID().String() }

// String returns the key in hexadecimal.
func (k LogKey) String() string { return fmt.Sprintf("%x", k[:]) }

// Compare orders ids by their bytes.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// ParseID reads what String wrote; "none" is an error.
func ParseID(s string) (ID, error) {
	c, err := cid.Decode(s)
	if err != nil {
		return ID{}, fmt.Errorf("parse entry id: %w", err)
	}
	hash, err := mh.Decode(c.Hash())
	if err != nil {
		return ID{}, fmt.Errorf("parse entry id: %w", err)
	}
	if c.Version() != 1 || c.Type() != cid.DagCBOR || hash.Code != mh.SHA2_256 || len(hash.Digest) != sha256.Size {
		return ID{}, fmt.Errorf("parse entry id: %s is no CIDv1 of a dag-cbor block with SHA-256", s)
	}
	id := ID(hash.Digest)
	if id == (ID{}) || id.String() != s {
		return ID{}, fmt.Errorf("parse entry id: %s is not how it is written", s)
	}
	return id, nil
}
