package seal

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// entropy is where an encapsulation takes its randomness from; nil, as always
// but in a simulator: crypto/hpke takes it from the system.
var entropy io.Reader

// Derandomise has every encapsulation of this process take its randomness from
// r, so that a run of the simulator can be had again: crypto/hpke has no such
// way. nil ends that. Nothing but tests/sim may call it (tests/rules_test.go).
// What is sealed is the same HPKE (RFC 9180, base mode) and is opened by
// crypto/hpke.
func Derandomise(r io.Reader) { entropy = r }

// sender is the sending end of one HPKE context.
type sender interface {
	Seal(aad, plaintext []byte) ([]byte, error)
	Export(exporterContext string, length int) ([]byte, error)
}

// newSender encapsulates to a public key.
func newSender(public, info []byte) (enc []byte, s sender, err error) {
	key, err := suiteKEM.NewPublicKey(public)
	if err != nil {
		return nil, nil, err
	}
	if entropy != nil {
		return fixedSender(public, info)
	}
	return hpke.NewSender(key, suiteKDF, suiteAEAD, info)
}

const mlkemSize = mlkem.EncapsulationKeySize768

// fixedSender is hpke.NewSender for suite 1 with randomness from entropy: X-Wing
// (draft-connolly-cfrg-xwing-kem, section 5.4) and the key schedule of RFC 9180,
// section 5.1.
func fixedSender(public, info []byte) (enc []byte, s sender, err error) {
	var random [64]byte
	if _, err := io.ReadFull(entropy, random[:]); err != nil {
		return nil, nil, err
	}
	pq, err := mlkem.NewEncapsulationKey768(public[:mlkemSize])
	if err != nil {
		return nil, nil, err
	}
	theirs, err := ecdh.X25519().NewPublicKey(public[mlkemSize:])
	if err != nil {
		return nil, nil, err
	}
	mine, err := ecdh.X25519().NewPrivateKey(random[32:])
	if err != nil {
		return nil, nil, err
	}
	secretX, err := mine.ECDH(theirs)
	if err != nil {
		return nil, nil, err
	}
	secretM, enc, err := mlkemtest.Encapsulate768(pq, random[:32])
	if err != nil {
		return nil, nil, err
	}
	point := mine.PublicKey().Bytes()
	h := sha3.New256()
	for _, part := range [][]byte{secretM, secretX, point, theirs.Bytes(), []byte(`\.//^\`)} {
		h.Write(part)
	}
	s, err = schedule(h.Sum(nil), info)
	return append(enc, point...), s, err
}

// fixed is a context that seals one message.
type fixed struct{ key, nonce, exporter []byte }

func schedule(shared, info []byte) (*fixed, error) {
	pskID, err := labeledExtract(nil, "psk_id_hash", nil)
	if err != nil {
		return nil, err
	}
	infoHash, err := labeledExtract(nil, "info_hash", info)
	if err != nil {
		return nil, err
	}
	context := append(append([]byte{0}, pskID...), infoHash...)
	secret, err := labeledExtract(shared, "secret", nil)
	if err != nil {
		return nil, err
	}
	var f fixed
	for _, out := range []struct {
		to    *[]byte
		label string
		size  int
	}{{&f.key, "key", chacha20poly1305.KeySize}, {&f.nonce, "base_nonce", chacha20poly1305.NonceSize}, {&f.exporter, "exp", sha256.Size}} {
		if *out.to, err = labeledExpand(secret, out.label, context, out.size); err != nil {
			return nil, err
		}
	}
	return &f, nil
}

// Seal seals the first message of the context.
func (f *fixed) Seal(aad, plaintext []byte) ([]byte, error) {
	aead, err := chacha20poly1305.New(f.key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, f.nonce, plaintext, aad), nil
}

// Export derives a secret from the context.
func (f *fixed) Export(context string, length int) ([]byte, error) {
	return labeledExpand(f.exporter, "sec", []byte(context), length)
}

// suiteID names suite 1 (RFC 9180, section 5.1).
func suiteID() []byte {
	id := binary.BigEndian.AppendUint16([]byte("HPKE"), suiteKEM.ID())
	id = binary.BigEndian.AppendUint16(id, suiteKDF.ID())
	return binary.BigEndian.AppendUint16(id, suiteAEAD.ID())
}

func labeled(label string, b []byte) []byte {
	return append(append(append([]byte("HPKE-v1"), suiteID()...), label...), b...)
}

func labeledExtract(salt []byte, label string, secret []byte) ([]byte, error) {
	return hkdf.Extract(sha256.New, labeled(label, secret), salt)
}

func labeledExpand(secret []byte, label string, info []byte, length int) ([]byte, error) {
	b := binary.BigEndian.AppendUint16(nil, uint16(length))
	return hkdf.Expand(sha256.New, secret, string(append(b, labeled(label, info)...)), length)
}
