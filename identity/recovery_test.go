package identity

import (
	"crypto/hpke"
	"errors"
	"testing"
)

func TestRecoverySignatureBindsTheLeaf(t *testing.T) {
	r, d := NewRoot(), NewDevice()
	kem, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	chain := []DeviceCert{r.Certify(d.Public())}
	leaf := func() *Leaf {
		l, err := NewLeaf(r.Card(), chain, d, NewLogSigner(), 0, kem.PublicKey().Bytes(), "Ann")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	a, b := leaf(), leaf()
	sig := r.Recover(a)
	if err := a.VerifyRecovery(sig[:]); err != nil {
		t.Fatal(err)
	}
	if err := b.VerifyRecovery(sig[:]); !errors.Is(err, ErrSignature) {
		t.Fatalf("another leaf: %v", err)
	}
	forged := NewRoot().Recover(a)
	if err := a.VerifyRecovery(forged[:]); !errors.Is(err, ErrSignature) {
		t.Fatalf("another root: %v", err)
	}
}
