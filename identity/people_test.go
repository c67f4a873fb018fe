package identity

import (
	"crypto/hpke"
	"testing"
)

// A person is a user with devices, made from a name so that every run has the
// same keys.
type person struct {
	root  *Root
	phone *Device
	chain []DeviceCert // to phone
	kem   []byte
}

func newPerson(t testing.TB, name string) person {
	t.Helper()
	kem, err := hpke.MLKEM768X25519().NewPrivateKey(pad32(name + " kem"))
	if err != nil {
		t.Fatal(err)
	}
	p := person{root: RootFromSeed([32]byte(pad32(name))), phone: DeviceFromSeed([32]byte(pad32(name + " phone"))), kem: kem.PublicKey().Bytes()}
	p.chain = []DeviceCert{p.root.Certify(p.phone.Public())}
	return p
}

func pad32(s string) []byte { return append([]byte(s), make([]byte, 32)...)[:32] }

func (p person) log(n string) *LogSigner { return p.phone.DeriveLog("test log", []byte(n)) }

func (p person) leaf(t testing.TB, name string) *Leaf {
	t.Helper()
	l, err := NewLeaf(p.root.Card(), p.chain, p.phone, p.log("1"), 3, p.kem, name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
