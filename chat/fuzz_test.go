package chat

import (
	"bytes"
	"testing"

	"causeway/internal/wire"
)

// What decodes encodes to the same bytes, for every payload there is.
func FuzzPayloads(f *testing.F) {
	payloads := []func() any{
		func() any { return &foundBody{} }, func() any { return &grantBody{} },
		func() any { return &targetBody{} }, func() any { return &leafBody{} }, func() any { return &faultBody{} },
		func() any { return &rekeyBody{} }, func() any { return &shareBody{} }, func() any { return &textBody{} },
		func() any { return &Welcome{} }, func() any { return &Offers{} }, func() any { return &Mailbox{} },
		func() any { return &Consent{} }, func() any { return &record{} }, func() any { return &meta{} },
	}
	for _, p := range payloads {
		b, err := wire.Marshal(p())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(plain{Kind: KindText, Wall: 1, Payload: []byte{0x80}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := decodePlain(b); err == nil && !bytes.Equal(b, p.encode()) {
			t.Errorf("plain: %x encodes as %x", b, p.encode())
		}
		for _, p := range payloads {
			v := p()
			if wire.Unmarshal(b, v) != nil {
				continue
			}
			again, err := wire.Marshal(v)
			if err != nil || !bytes.Equal(b, again) {
				t.Errorf("%T: %x encodes as %x, %v", v, b, again, err)
			}
		}
	})
}
