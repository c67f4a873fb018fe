package chat

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
)

// hexBytes is bytes that the vectors write in hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(t []byte) error {
	b, err := hex.DecodeString(string(t))
	*h = b
	return err
}

type bodyVector struct {
	Kind, Name     string
	Number         Kind
	Wall           string
	Fields         map[string]any
	Payload, Plain hexBytes
}

type refusal struct {
	Kind, Name string
	Good, Bad  hexBytes
}

type vectors struct {
	Bodies       []bodyVector
	Refused      []refusal
	Plain        hexBytes
	RefusedPlain []refusal
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("../docs/spec/vectors/09-conversations.json")
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A payloadForm says which number a kind has, and as what its payload is read.
type payloadForm struct {
	kind Kind
	make func() any
}

func form[T any](k Kind) payloadForm { return payloadForm{k, func() any { return new(T) }} }

var payloadForms = map[string]payloadForm{
	"found": form[foundBody](KindFound), "grant": form[grantBody](KindGrant), "revoke": form[targetBody](KindRevoke),
	"demote": form[targetBody](KindDemote), "leave": form[Nothing](KindLeave), "leaf": form[leafBody](KindLeaf),
	"fault": form[faultBody](KindFault), "rekey": form[rekeyBody](KindRekey), "share": form[shareBody](KindShare),
	"custodians": form[Mailbox](KindCustodians), "text": form[textBody](KindText), "ack": form[Nothing](KindAck),
	"welcome": form[Welcome](KindWelcome), "offers": form[Offers](KindOffers), "mailbox": form[Mailbox](KindMailbox),
	"consent": form[Consent](KindConsent), "withdraw": form[Nothing](KindWithdraw), "ask": form[Nothing](KindAsk),
}

// read decodes a payload as the program does, with its limits where a function
// of its own checks them.
func (f payloadForm) read(b []byte) (any, error) {
	switch v := f.make().(type) {
	case *Mailbox:
		m, err := DecodeMailbox(b)
		return &m, err
	case *Consent:
		c, err := DecodeConsent(b)
		return &c, err
	case *Welcome:
		w, err := DecodeWelcome(b)
		return &w, err
	default:
		return v, wire.Unmarshal(b, v)
	}
}

// setField sets a struct, or a part of one, to what the vectors say in JSON:
// byte strings in hexadecimal, each field of a struct by its name.
func setField(t *testing.T, to reflect.Value, v any) {
	t.Helper()
	switch k := to.Kind(); {
	case k == reflect.Struct:
		fields := v.(map[string]any)
		n := 0
		for i := range to.NumField() {
			name := to.Type().Field(i).Name
			if name == "_" {
				continue
			}
			n++
			value, ok := fields[strings.ToLower(name)]
			if !ok {
				t.Fatalf("the vector has no %s", name)
			}
			setField(t, to.Field(i), value)
		}
		if n != len(fields) {
			t.Fatalf("%d fields, the vector has %d", n, len(fields))
		}
	case k == reflect.String:
		to.SetString(v.(string))
	case k == reflect.Bool:
		to.SetBool(v.(bool))
	case to.CanUint():
		to.SetUint(parseUint(t, fmt.Sprint(v)))
	case to.Type().Elem().Kind() == reflect.Uint8:
		b, err := hex.DecodeString(v.(string))
		if err != nil || k == reflect.Array && len(b) != to.Len() {
			t.Fatalf("%v for %s: %v", v, to.Type(), err)
		}
		if k == reflect.Slice {
			to.SetBytes(b)
		} else {
			reflect.Copy(to, reflect.ValueOf(b))
		}
	case k == reflect.Slice:
		list := v.([]any)
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, item := range list {
			setField(t, to.Index(i), item)
		}
	default:
		t.Fatalf("no rule for %s", to.Type())
	}
}

func parseUint(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Each payload and plain text of the vectors is what this package writes from
// the same fields, and is read back as them.
func TestVectorsBodies(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range readVectors(t).Bodies {
		seen[v.Kind] = true
		t.Run(v.Kind+"/"+v.Name, func(t *testing.T) {
			f, ok := payloadForms[v.Kind]
			if !ok || f.kind != v.Number {
				t.Fatalf("number %d, want %d", f.kind, v.Number)
			}
			want := f.make()
			setField(t, reflect.ValueOf(want).Elem(), v.Fields)
			wall := parseUint(t, v.Wall)
			made, err := newPlain(f.kind, wall, want)
			if b := made.encode(); err != nil || !bytes.Equal(b, v.Plain) {
				t.Fatalf("encodes as %x, %v, want %x", b, err, []byte(v.Plain))
			}
			p, err := decodePlain(v.Plain)
			if err != nil || p.Kind != f.kind || p.Wall != wall || !bytes.Equal(p.Payload, v.Payload) {
				t.Fatalf("the plain text reads as %+v, %v", p, err)
			}
			got, err := f.read(v.Payload)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("the payload reads as %+v, %v, want %+v", got, err, want)
			}
			checkCertificates(t, got)
		})
	}
	for kind := range payloadForms {
		if !seen[kind] {
			t.Errorf("no vector for %s", kind)
		}
	}
}

// checkCertificates holds what lies in a payload against section 2: leaves
// verify, root has signed, and two headers prove a fork.
func checkCertificates(t *testing.T, payload any) {
	t.Helper()
	var leaves [][]byte
	switch b := payload.(type) {
	case *foundBody:
		leaves = b.Founders
	case *grantBody:
		leaves = [][]byte{b.Leaf}
	case *Offers:
		leaves = b.Leaves
	case *leafBody:
		if len(b.Leaf) == 0 {
			return
		}
		l, err := identity.DecodeLeaf(b.Leaf)
		if err == nil {
			err = l.VerifyRecovery(b.Root)
		}
		if err != nil {
			t.Error(err)
		}
	case *faultBody:
		x, errX := merkle.DecodeHeader(b.A)
		y, errY := merkle.DecodeHeader(b.B)
		if err := errors.Join(errX, errY); err != nil {
			t.Fatal(err)
		}
		if err := (merkle.Fork{A: x, B: y}).Verify(); err != nil {
			t.Error(err)
		}
	}
	for _, b := range leaves {
		if _, err := identity.DecodeLeaf(b); err != nil {
			t.Error(err)
		}
	}
}

// Of two payloads that differ in one thing, the good one is read and the bad
// one refused.
func TestVectorsRefused(t *testing.T) {
	v := readVectors(t)
	seen := map[string]bool{}
	for _, r := range v.Refused {
		seen[r.Kind] = true
		f, ok := payloadForms[r.Kind]
		if !ok {
			t.Fatalf("no kind %s", r.Kind)
		}
		if _, err := f.read(r.Good); err != nil {
			t.Errorf("%s: %x: %v", r.Kind, []byte(r.Good), err)
		}
		if got, err := f.read(r.Bad); !errors.Is(err, wire.ErrEncoding) {
			t.Errorf("%s, %s: %x reads as %+v, %v", r.Kind, r.Name, []byte(r.Bad), got, err)
		}
	}
	if len(seen) != len(payloadForms) {
		t.Errorf("refusals for %d kinds of %d", len(seen), len(payloadForms))
	}
	if _, err := decodePlain(v.Plain); err != nil {
		t.Error(err)
	}
	for _, r := range v.RefusedPlain {
		if p, err := decodePlain(r.Bad); !errors.Is(err, wire.ErrEncoding) {
			t.Errorf("plain, %s: %x reads as %+v, %v", r.Name, []byte(r.Bad), p, err)
		}
	}
	if len(v.Bodies) == 0 || len(v.RefusedPlain) == 0 {
		t.Error("vectors are missing")
	}
}
