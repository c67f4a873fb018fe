package mailbox

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

// filled returns a frame of a type with something in every field.
func filled(kind int) any {
	f := reflect.New(frameTypes[kind])
	fill(f.Elem())
	return f.Interface()
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetUint(201)
	}
}

func TestEveryFrameGoesThrough(t *testing.T) {
	for kind := 1; kind < len(frameTypes); kind++ {
		f := filled(kind)
		b, err := encodeFrame(f)
		if err != nil || int(b[0]) != kind {
			t.Fatalf("frame %d: %v", kind, err)
		}
		back, err := decodeFrame(b)
		if err != nil || !reflect.DeepEqual(f, back) {
			t.Fatalf("frame %d: %+v, %v", kind, back, err)
		}
		if _, err := decodeFrame(append(b, 0)); err == nil {
			t.Errorf("frame %d: trailing byte", kind)
		}
		if _, err := decodeFrame(b[:len(b)-1]); err == nil {
			t.Errorf("frame %d: cut", kind)
		}
	}
	for _, b := range [][]byte{nil, {0}, {byte(len(frameTypes)), 0x80}, {255}} {
		if _, err := decodeFrame(b); err == nil {
			t.Errorf("%x decodes", b)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for kind := 1; kind < len(frameTypes); kind++ {
		b, err := encodeFrame(filled(kind))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := decodeFrame(b)
		if err != nil {
			return
		}
		again, err := encodeFrame(frame)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x became %x, %v", b, again, err)
		}
	})
}

func FuzzGrant(f *testing.F) {
	f.Add(Grant{Token: key32("t"), Terms: Terms{1, 1, MinTTL, noon}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := DecodeGrant(b); err == nil && !bytes.Equal(g.Encode(), b) {
			t.Fatalf("%x became %x", b, g.Encode())
		}
	})
}

func FuzzParcel(f *testing.F) {
	s := SlotOf(key32("bob"), BoxID{1}, 1)
	ps, err := s.Seal([]byte("x"), 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ps[0].Sealed)
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := s.Open(b); err == nil && (p.Count < 1 || p.Index >= p.Count) {
			t.Fatalf("%+v", p)
		}
	})
}

// FuzzSession feeds any frames to a session: it never fails but by refusing, and
// the books stay right.
func FuzzSession(f *testing.F) {
	for kind := 1; kind < len(frameTypes); kind++ {
		b, err := encodeFrame(filled(kind))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, owner bool) {
		r := newRig(t, Terms{})
		bob := r.ticket("bob")
		r.park(bob, sealed(t, bob.Slot, "x"))
		s := &session{c: r.c, self: []byte("custodian"), peer: []byte("x")}
		if _, err := s.hello(&helloFrame{Version: version, Box: bob.Box}); err != nil {
			t.Fatal(err)
		}
		if owner {
			s.class = Personal
		}
		if _, err := s.step(b, r.now); err != nil && !isRefusal(err) {
			t.Fatal(err)
		}
		r.audit()
		r.now = r.now.Add(time.Hour)
		r.sweep()
		r.audit()
	})
}
