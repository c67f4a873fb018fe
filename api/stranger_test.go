package api_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"causeway/api"
)

// Whoever answers in the node's place, and a node that dies in the middle of an answer.
func TestAnswersOfStrangers(t *testing.T) {
	for answer, want := range map[string]api.Kind{
		"\x00garbage\r\n\r\n":                                          api.KindError,
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>":           api.KindError,
		"HTTP/1.1 500 No\r\nContent-Length: 6\r\n\r\n<html>":           api.KindError,
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"v\":1,":       api.KindNotRunning,
		"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"v\":1,\"event": api.KindNotRunning,
	} {
		c := api.DialURL("http://"+stranger(t, answer), "")
		_, err := c.Status(t.Context())
		var streamed error
		for _, streamed = range c.Events(t.Context(), 0) {
			break
		}
		for _, err := range []error{err, streamed} {
			if api.KindOf(err) != want || want == api.KindError && !strings.Contains(err.Error(), "no Causeway node") {
				t.Errorf("%q: %v", answer, err)
			}
		}
		c.Close()
	}
}

// stranger answers every request at the address with the same bytes.
func stranger(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				io.WriteString(c, answer) //nolint:errcheck // the client may have gone
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

// A field that cannot be is named, and its value is not repeated.
func TestComplaintsAreSentences(t *testing.T) {
	c := serve(t).client
	long := strings.Repeat("x", 600)
	for _, err := range []error{
		c.BlockContact(t.Context(), long, true),
		c.AnswerRequest(t.Context(), strings.Repeat("x", 20_000), true),
		second(c.Message(t.Context(), long)),
		second(c.Send(t.Context(), long, "x", "")),
	} {
		if api.KindOf(err) != api.KindInvalid || strings.Contains(err.Error(), "expected") || strings.Contains(err.Error(), "xxx") || !strings.Contains(err.Error(), "too long") {
			t.Errorf("%v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
