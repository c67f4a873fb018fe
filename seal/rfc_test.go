package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 5869, appendix A.1 and A.3.
func TestRFC5869(t *testing.T) {
	ikm := bytes.Repeat([]byte{0x0b}, 22)
	for _, v := range []struct{ salt, info, prk, okm string }{
		{"000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
			"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
		{"", "", "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
			"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
	} {
		prk, err := hkdf.Extract(sha256.New, ikm, unhex(t, v.salt))
		if err != nil || hex.EncodeToString(prk) != v.prk {
			t.Errorf("prk %x, %v", prk, err)
		}
		okm, err := hkdf.Expand(sha256.New, prk, string(unhex(t, v.info)), 42)
		if err != nil || hex.EncodeToString(okm) != v.okm {
			t.Errorf("okm %x, %v", okm, err)
		}
	}
}

// RFC 8439, section 2.8.2.
func TestRFC8439(t *testing.T) {
	var key [32]byte
	for i := range key {
		key[i] = 0x80 + byte(i)
	}
	a, err := chacha20poly1305.New(key[:])
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.")
	ct := a.Seal(nil, unhex(t, "070000004041424344454647"), plain, unhex(t, "50515253c0c1c2c3c4c5c6c7"))
	const want = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
		"1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116" +
		"1ae10b594f09e26a7e902ecbd0600691"
	if hex.EncodeToString(ct) != want {
		t.Errorf("%x", ct)
	}
}

// Suite 1 against the vectors of draft-ietf-hpke-pq that come with Go. It is
// skipped only where Go has no source: the vectors are Go's and not copied here.
func TestHPKEVectors(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("no go command here")
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/crypto/hpke/testdata/hpke-pq.json"))
	if os.IsNotExist(err) {
		t.Skip("this Go comes without its source")
	}
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		KEM         uint16 `json:"kem_id"`
		KDF         uint16 `json:"kdf_id"`
		AEAD        uint16 `json:"aead_id"`
		Info        string
		SkRm, PkRm  string
		Enc         string
		Encryptions []struct{ Aad, Ct, Pt string }
		Exports     []struct {
			Context string `json:"exporter_context"`
			L       int
			Value   string `json:"exported_value"`
		}
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, v := range vectors {
		if v.KEM != suiteKEM.ID() || v.KDF != suiteKDF.ID() || v.AEAD != suiteAEAD.ID() {
			continue
		}
		found++
		k := KEMFromSeed([32]byte(unhex(t, v.SkRm)))
		if hex.EncodeToString(k.public) != v.PkRm {
			t.Error("public key")
		}
		r, err := hpke.NewRecipient(unhex(t, v.Enc), k.key, suiteKDF, suiteAEAD, unhex(t, v.Info))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range v.Encryptions {
			if plain, err := r.Open(unhex(t, e.Aad), unhex(t, e.Ct)); err != nil || hex.EncodeToString(plain) != e.Pt {
				t.Errorf("%x, %v", plain, err)
			}
		}
		for _, e := range v.Exports {
			if x, err := r.Export(string(unhex(t, e.Context)), e.L); err != nil || hex.EncodeToString(x) != e.Value {
				t.Errorf("%x, %v", x, err)
			}
		}
	}
	if found == 0 {
		t.Error("no vector for suite 1")
	}
}
