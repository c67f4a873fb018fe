package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"causeway/api"
)

var methods = []string{"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"}

// operations are all that the API describes, as method and path.
func operations(f *testing.F) (out [][2]string) {
	doc, err := api.OpenAPI()
	if err != nil {
		f.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		f.Fatal(err)
	}
	for path, ops := range d.Paths {
		for method := range ops {
			path := strings.NewReplacer("{who}", "@Bob", "{group}", "%23team", "{id}", "i1", "{target}", "@Bob").Replace(path)
			out = append(out, [2]string{strings.ToUpper(method), path})
		}
	}
	return out
}

// FuzzAPI asks anything of the API: it is answered, never with a fault of the
// server, and what is called JSON is JSON.
func FuzzAPI(f *testing.F) {
	bodies := []string{
		"", "{}", "null", "[]", `{"target":"@Bob","text":"hi","reply":""}`, `{"accept":true}`, `{"name":"x","blocked":false,"verified":true}`,
		`{"link":"causeway:invite","as":"x"}`, `{"name":"team","history":"shared"}`, `{"who":"@Bob","max":1,"ttl":"1h"}`, `{"expires":"24h","uses":1}`,
	}
	for i, op := range operations(f) {
		for m, method := range methods {
			if method == op[0] {
				f.Add(byte(m), op[1], []byte(bodies[i%len(bodies)]), byte(0))
				f.Add(byte(m), op[1], []byte(`{"target":1e999,"text":"\ud800","accept":"no","uses":-1}`), byte(0))
			}
		}
	}
	f.Add(byte(0), "/v1/messages?target=%40Bob&limit=-1&before=%ff&since=yesterday", []byte(nil), byte(1))
	m := newMemory()
	handler := api.Handler(m)
	types := []string{"application/json", "", "text/plain", "application/cbor", "application/json; charset=\"", "multipart/form-data; boundary=x"}
	f.Fuzz(func(t *testing.T, method byte, target string, body []byte, kind byte) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, methods[int(method)%len(methods)], "http://127.0.0.1"+target, bytes.NewReader(body))
		if err != nil || !strings.HasPrefix(target, "/") {
			return // does not get as far as the handler
		}
		req.RequestURI = req.URL.RequestURI()
		req.Header.Set("Content-Type", types[int(kind)%len(types)])
		if strings.Contains(req.URL.Path, "events") {
			cancel() // it would wait for the next one
		}
		defer func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.calls, m.messages = nil, nil
		}()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		if w.Code >= 500 && !strings.Contains(req.URL.RequestURI(), "breaks") {
			t.Fatalf("%s %s %q: %d %s", req.Method, target, body, w.Code, w.Body)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %s %q: %q", req.Method, target, body, w.Body)
		}
	})
}
