package dagsync

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/crypto/chacha20poly1305"

	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/merkle"
)

// A role is an end of a stream. Tags and boxes name the role of their sender,
// so that nothing can be sent back to where it came from.
type role byte

const (
	dialer role = iota
	listener
)

func (r role) other() role { return 1 - r }

// ends is what binds tags, boxes and salts to one stream: the nonces and peer
// ids of both ends, the dialer's first; docs/spec/06-sync.md, section 4.
type ends []byte

func newEnds(nonces [2]nonce, peers [2]peer.ID) ends {
	b := append(nonces[dialer][:], nonces[listener][:]...)
	for _, p := range peers {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

func prf(secret [32]byte, label string, parts ...[]byte) (out [32]byte) {
	m := hmac.New(sha256.New, secret[:])
	m.Write([]byte(label))
	for _, p := range parts {
		m.Write(p)
	}
	m.Sum(out[:0])
	return out
}

// openTag says to a holder of syn, and to nobody else, which conversation the
// sender means.
func openTag(syn [32]byte, from role, e ends) [32]byte {
	return prf(syn, label.SyncOpen, []byte{byte(from)}, e)
}

func boxKey(syn [32]byte, from role, sid uint64, e ends) [32]byte {
	return prf(syn, label.SyncBox, []byte{byte(from)}, binary.BigEndian.AppendUint64(nil, sid), e)
}

// sealBox seals the proof of an offer. Its key serves for this one box, since
// no sid is used twice, so the nonce is zero.
func sealBox(key [32]byte, tag [32]byte, b boxed) []byte {
	plain, err := wire.Marshal(b)
	if err != nil {
		panic("dagsync: encode box: " + err.Error()) // it always encodes
	}
	aead, _ := chacha20poly1305.New(key[:]) // fails only for a key of another length
	return aead.Seal(nil, make([]byte, aead.NonceSize()), plain, tag[:])
}

// openBox opens an offer under syn and checks the device proof in it.
func openBox(key [32]byte, o offer) (b boxed, ok bool) {
	aead, _ := chacha20poly1305.New(key[:]) // as above
	plain, err := aead.Open(nil, make([]byte, aead.NonceSize()), o.Box, o.Tag[:])
	if err != nil || wire.Unmarshal(plain, &b) != nil || b.Credit < minFrame {
		return boxed{}, false
	}
	return b, ed25519.Verify(b.Log[:], ProofMessage(o.Tag[:]), b.Sig[:])
}

// A salt makes the row tags of one session mean nothing in any other.
type salt [32]byte

func rowSalt(syn [32]byte, sid uint64, e ends) salt {
	return prf(syn, label.SyncRows, binary.BigEndian.AppendUint64(nil, sid), e)
}

// What a salted hash is made of: the salt, one of these, and the data.
const (
	saltLog    = 'l'
	saltHead   = 'h'
	saltDigest = 'd'
)

func (s salt) hash(kind byte, data []byte) [32]byte {
	b := make([]byte, 0, len(s)+1+len(data))
	return sha256.Sum256(append(append(append(b, s[:]...), kind), data...))
}

func (s salt) log(k merkle.LogKey) logTag {
	h := s.hash(saltLog, k[:])
	return logTag(h[:len(logTag{})])
}

func (s salt) head(id merkle.ID) headTag {
	h := s.hash(saltHead, id[:])
	return headTag(h[:len(headTag{})])
}

// digest is the same on both sides if and only if their rows are, which are in
// order. A zero digest in a box means none.
func (s salt) digest(rs []row) digest {
	data := make([]byte, 0, len(rs)*24)
	for _, r := range rs {
		data = append(append(data, r.Log[:]...), r.Head[:]...)
		data = binary.BigEndian.AppendUint64(data, r.Seq)
	}
	h := s.hash(saltDigest, data)
	return digest(h[:len(digest{})])
}

func compareRows(a, b row) int {
	return cmp.Or(bytes.Compare(a.Log[:], b.Log[:]), cmp.Compare(a.Seq, b.Seq), bytes.Compare(a.Head[:], b.Head[:]))
}
