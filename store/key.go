package store

import (
	"encoding/binary"
	"fmt"
	"reflect"
)

// Key lays out a key: the space, then the parts one after another. A part is
// an unsigned integer (big endian, its own width: byte order is number order),
// a byte array of fixed size, or []byte. Nothing separates parts, so a []byte
// of varying length is unambiguous only at the end. Any other type panics: it
// is a mistake in the program, not in data.
func Key(s Space, parts ...any) []byte {
	k := make([]byte, 1, 48)
	k[0] = byte(s)
	for _, p := range parts {
		k = appendPart(k, p)
	}
	return k
}

func appendPart(k []byte, p any) []byte {
	switch p := p.(type) {
	case byte:
		return append(k, p)
	case uint32:
		return binary.BigEndian.AppendUint32(k, p)
	case uint64:
		return binary.BigEndian.AppendUint64(k, p)
	case []byte:
		return append(k, p...)
	case [32]byte:
		return append(k, p[:]...)
	case [16]byte:
		return append(k, p[:]...)
	}
	return appendNamed(k, reflect.ValueOf(p))
}

// appendNamed serves the named types of other rooms (merkle.ID, identity.UID).
func appendNamed(k []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Uint8:
		return append(k, byte(v.Uint()))
	case reflect.Uint16:
		return binary.BigEndian.AppendUint16(k, uint16(v.Uint()))
	case reflect.Uint32:
		return binary.BigEndian.AppendUint32(k, uint32(v.Uint()))
	case reflect.Uint64:
		return binary.BigEndian.AppendUint64(k, v.Uint())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return append(k, v.Bytes()...)
		}
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			n := len(k)
			k = append(k, make([]byte, v.Len())...)
			reflect.Copy(reflect.ValueOf(k[n:]), v)
			return k
		}
	}
	panic(fmt.Sprintf("store: %s cannot be part of a key", v.Kind()))
}

// after returns the least key that is greater than every key with this prefix,
// or nil if there is none.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
