package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"causeway/api"
	"causeway/node"
)

// house is a served backend with both doors open.
type house struct {
	*memory
	socket string
	url    string
	token  string
	client *api.Client
	stop   func()
}

func serve(t *testing.T) *house {
	t.Helper()
	dir, err := os.MkdirTemp("", "api") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	h := &house{memory: newMemory(), socket: filepath.Join(dir, "run", "peer.sock"), token: strings.Repeat("t", 52)}
	s, err := api.Listen(h.socket, "127.0.0.1:0", h.token)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, h.memory) }()
	h.url, h.client, h.stop = s.URL(), api.Dial(h.socket), stop
	t.Cleanup(func() {
		h.client.Close()
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		os.RemoveAll(dir)
	})
	return h
}

// Each method of the client reaches its own method of the backend, with its arguments.
func TestClientReachesBackend(t *testing.T) {
	h := serve(t)
	ctx, c := t.Context(), h.client
	id := entryID(5)
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, x := range []struct {
		want string
		call func() error
	}{
		{"self", func() error { _, err := c.Self(ctx); return err }},
		{"status", func() error { _, err := c.Status(ctx); return err }},
		{"synced #team", func() error { ok, err := c.Synced(ctx, "#team"); return errors.Join(err, mustBe(ok)) }},
		{"invite 168h0m0s 2", func() error { _, err := c.CreateInvite(ctx, 7*24*time.Hour, 2); return err }},
		{"invites", func() error { _, err := c.Invites(ctx); return err }},
		{"revoke i1", func() error { return c.RevokeInvite(ctx, "i1") }},
		{"accept causeway:x Bobby", func() error { _, err := c.Accept(ctx, " causeway:x\n", "Bobby"); return err }},
		{"requests", func() error { _, err := c.Requests(ctx); return err }},
		{"answer @Carol true", func() error { return c.AnswerRequest(ctx, "@Carol", true) }},
		{"contacts", func() error { _, err := c.Contacts(ctx); return err }},
		{"rename @a/b c d", func() error { return c.RenameContact(ctx, "@a/b", "c d") }},
		{"block @Bob true", func() error { return c.BlockContact(ctx, "@Bob", true) }},
		{"block @Bob false", func() error { return c.BlockContact(ctx, "@Bob", false) }},
		{"verified @Bob true", func() error { return c.MarkVerified(ctx, "@Bob", true) }},
		{"verify @Bob", func() error { _, err := c.VerifyContact(ctx, "@Bob"); return err }},
		{"forget @Bob", func() error { return c.RemoveContact(ctx, "@Bob") }},
		{"send @Bob 2 bytes true", func() error { _, err := c.Send(ctx, "@Bob", "hi", ""); return err }},
		{"send @Bob 2 bytes false", func() error { _, err := c.Send(ctx, "@Bob", "hi", id.String()); return err }},
		{"log #team 7 false 2026-01-02T03:04:05Z", func() error {
			_, err := c.Log(ctx, "#team", api.Page{Limit: 7, Before: id.String(), Since: since})
			return err
		}},
		{"message " + id.String(), func() error { _, err := c.Message(ctx, id.String()); return err }},
		{"groups", func() error { _, err := c.Groups(ctx); return err }},
		{"found team forward", func() error { _, err := c.CreateGroup(ctx, "team", "forward"); return err }},
		{"add #team @Bob none", func() error { return c.AddMember(ctx, "#team", "@Bob", "none") }},
		{"remove #team @Bob", func() error { return c.RemoveMember(ctx, "#team", "@Bob") }},
		{"promote #team @Bob", func() error { return c.Promote(ctx, "#team", "@Bob") }},
		{"demote #team @Bob", func() error { return c.Demote(ctx, "#team", "@Bob") }},
		{"leave #team", func() error { return c.LeaveGroup(ctx, "#team") }},
		{"members #team", func() error { _, err := c.Members(ctx, "#team"); return err }},
		{"allow @Bob 1024 1h0m0s", func() error { return c.AllowCustody(ctx, "@Bob", 1024, time.Hour) }},
		{"disallow @Bob", func() error { return c.DisallowCustody(ctx, "@Bob") }},
		{"custodian @Bob", func() error { return c.AddCustodian(ctx, "@Bob") }},
		{"drop @Bob", func() error { return c.DropCustodian(ctx, "@Bob") }},
		{"custody", func() error { _, err := c.Custody(ctx); return err }},
	} {
		if err := x.call(); err != nil {
			t.Errorf("%s: %v", x.want, err)
		} else if got := h.last(); got != x.want {
			t.Errorf("backend was asked %q, want %q", got, x.want)
		}
	}
}

func mustBe(ok bool) error {
	if !ok {
		return errors.New("not ok")
	}
	return nil
}

// The fields that CLI.md promises to scripts are there, in UTC, and lists are never null.
func TestFieldsOfCLI(t *testing.T) {
	h := serve(t)
	get := func(path string) map[string]any {
		t.Helper()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", h.url+path, nil)
		req.Header.Set("Authorization", "Bearer "+h.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var v map[string]any
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %s %v", path, res.Status, err)
		}
		return v
	}
	if _, err := h.client.Send(t.Context(), "@Bob", "hello", ""); err != nil {
		t.Fatal(err)
	}
	for path, fields := range map[string]string{
		"/v1/self":                            "v uid name device peer_id addrs safety_id",
		"/v1/status":                          "v state peers dht network queued parked custody health",
		"/v1/requests":                        "v requests",
		"/v1/contacts":                        "v contacts",
		"/v1/log?target=@Bob":                 "v messages gaps",
		"/v1/messages/" + entryID(1).String(): "v id state parked delivered read",
		"/v1/groups/%23team/members":          "v members",
		"/v1/custody":                         "v holding held_by",
		"/v1/contacts/@Bob/safety-number?":    "v safety_number",
		"/v1/contacts/@" + uid(2).String() + "/safety-number": "v safety_number",
	} {
		v := get(path)
		for _, f := range strings.Fields(fields) {
			if x, ok := v[f]; !ok || x == nil {
				t.Errorf("%s: no %q in %v", path, f, v)
			}
		}
		if v["v"] != float64(1) {
			t.Errorf("%s: v is %v", path, v["v"])
		}
	}
	m := get("/v1/log?target=@Bob")["messages"].([]any)[0].(map[string]any)
	if m["time"] != "2026-11-21T11:00:00Z" || m["reply"] != "" || m["state"] != "queued" || m["id"] != entryID(1).String() {
		t.Errorf("message is %v", m)
	}
	if marks, ok := m["marks"].([]any); !ok || len(marks) != 0 {
		t.Errorf("marks are %v", m["marks"])
	}
}

// What the backend says about an error reaches the caller as a kind and the same sentence.
func TestErrorsKeepTheirKind(t *testing.T) {
	h := serve(t)
	for kind, err := range map[api.Kind]error{
		api.KindNotFound:   &node.Explained{Kind: node.ErrNotFound, Text: "nobody here is called @Zoe"},
		api.KindRefused:    &node.Explained{Kind: node.ErrRefused, Text: "this invite was used"},
		api.KindInvalid:    &node.Explained{Kind: node.ErrInvalid, Text: "this is not an invite"},
		api.KindNotRunning: node.ErrClosed,
		api.KindTimeout:    context.DeadlineExceeded,
		api.KindError:      errors.New("the disk is full"),
	} {
		h.fail = err
		_, got := h.client.Contacts(t.Context())
		if api.KindOf(got) != kind || got.Error() != err.Error() {
			t.Errorf("%s: got %s %q", kind, api.KindOf(got), got)
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	_, err := api.Dial(filepath.Join(t.TempDir(), "x")).Self(t.Context())
	if api.KindOf(err) != api.KindNotRunning {
		t.Errorf("got %s: %v", api.KindOf(err), err)
	}
}

func TestTextLimit(t *testing.T) {
	h := serve(t)
	if _, err := h.client.Send(t.Context(), "@Bob", strings.Repeat("\u2028", api.MaxText/3), ""); err != nil {
		t.Errorf("a text at the limit: %v", err)
	}
	for _, n := range []int{api.MaxText + 1, 1 << 20} {
		asked := len(h.asked())
		_, err := h.client.Send(t.Context(), "@Bob", strings.Repeat("x", n), "")
		if api.KindOf(err) != api.KindInvalid || len(h.asked()) != asked {
			t.Errorf("%d bytes: %v", n, err)
		}
		if n < 1<<18 && !strings.Contains(err.Error(), "64 KiB") {
			t.Errorf("the limit is not told: %v", err)
		}
	}
}

func TestBadRequests(t *testing.T) {
	h := serve(t)
	for _, x := range []struct{ method, path, body string }{
		{"POST", "/v1/messages", `{"target":"@Bob","text":"x","colour":"red"}`},
		{"POST", "/v1/messages", `{"target":"@Bob"`},
		{"POST", "/v1/messages", `{"target":"@Bob","text":"x","reply":"nonsense"}`},
		{"GET", "/v1/messages/nonsense", ""},
		{"GET", "/v1/log", ""},
		{"GET", "/v1/log?target=@Bob&limit=1000000", ""},
		{"GET", "/v1/log?target=@Bob&before=x", ""},
		{"GET", "/v1/log?target=@Bob&colour=red", ""},
		{"GET", "/v1/events?since=-1", ""},
		{"PATCH", "/v1/groups/%23team/members/@Bob", `{"role":"king"}`},
	} {
		asked := len(h.asked())
		req, _ := http.NewRequestWithContext(t.Context(), x.method, h.url+x.path, strings.NewReader(x.body))
		req.Header.Set("Authorization", "Bearer "+h.token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var e api.Error
		err = json.NewDecoder(res.Body).Decode(&e)
		res.Body.Close()
		if err != nil || e.Kind() != api.KindInvalid || e.Error() == "" || res.StatusCode < 400 || res.StatusCode > 499 {
			t.Errorf("%s %s: %s %+v %v", x.method, x.path, res.Status, e, err)
		}
		if len(h.asked()) != asked {
			t.Errorf("%s %s reached the backend: %s", x.method, x.path, h.last())
		}
	}
}

func TestEvents(t *testing.T) {
	h := serve(t)
	for i := range uint64(3) {
		h.past = append(h.past, node.Event{Seq: i + 1, Time: noon, Kind: "message", Text: "x", Message: &node.Message{ID: entryID(1), Author: bob}})
	}
	live := func() { // until somebody hears it: streams that ended may take one more
		for {
			select {
			case h.events <- node.Event{Seq: 4, Time: noon, Kind: "state"}:
			case <-t.Context().Done():
				return
			}
		}
	}
	for _, x := range []struct {
		since uint64
		first uint64
	}{{0, 1}, {2, 3}, {3, 4}, {api.Now, 4}} {
		if x.first == 4 {
			go live()
		}
		for e, err := range h.client.Events(t.Context(), x.since) {
			if err != nil || e.Seq != x.first || (e.Message == nil) != (x.first == 4) {
				t.Errorf("since %d: %+v %v", x.since, e, err)
			}
			break
		}
	}
	h.fail = &node.Explained{Kind: node.ErrRefused, Text: "no"}
	for _, err := range h.client.Events(t.Context(), 1) {
		if api.KindOf(err) != api.KindRefused {
			t.Errorf("got %v", err)
		}
	}
}

func TestEventsForBrowsers(t *testing.T) {
	h := serve(t)
	h.past = []node.Event{{Seq: 1, Kind: "message"}, {Seq: 2, Time: noon, Kind: "contact", Text: "Bob\naccepted"}}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", h.url+"/v1/events", nil)
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Last-Event-ID", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	want := "id: 2\nevent: contact\ndata: {\"v\":1,\"event\":\"contact\",\"seq\":2,\"time\":\"2026-11-21T11:00:00Z\",\"text\":\"Bob\\naccepted\"}\n\n"
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		k, err := res.Body.Read(got[n:])
		if n += k; err != nil {
			t.Fatalf("%v after %q", err, got[:n])
		}
	}
	if string(got) != want || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("got %q", got)
	}
}

func TestExportAndImport(t *testing.T) {
	h := serve(t)
	var b bytes.Buffer
	tr, err := h.client.Export(t.Context(), "#team", &b)
	if err != nil || b.String() != stick || tr.Entries != 7 {
		t.Errorf("export: %q %+v %v", b.String(), tr, err)
	}
	tr, err = h.client.Import(t.Context(), &b)
	if err != nil || tr.Entries != len(stick) || tr.Refused != 3 || h.last() != "import "+stick {
		t.Errorf("import: %+v %v", tr, err)
	}
	if _, err = h.client.Export(t.Context(), "#breaks", &b); api.KindOf(err) != api.KindRefused {
		t.Errorf("an export that broke after its first byte: %v", err)
	}
	h.fail = &node.Explained{Kind: node.ErrNotFound, Text: "no such group"}
	if _, err = h.client.Export(t.Context(), "#none", &b); api.KindOf(err) != api.KindNotFound {
		t.Errorf("an export that never began: %v", err)
	}
}

// Stopping ends open event streams at once and tells their readers.
func TestStopEndsStreams(t *testing.T) {
	h := serve(t)
	h.past = []node.Event{{Seq: 1}}
	for e, err := range h.client.Events(t.Context(), 0) {
		if e.Seq == 1 {
			h.stop()
		} else if api.KindOf(err) != api.KindNotRunning {
			t.Errorf("the stream ended with %v", err)
		}
	}
}

func TestVersionOfAnotherTime(t *testing.T) {
	var s api.Status
	if err := json.Unmarshal([]byte(`{"v":2}`), &s); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("got %v", err)
	}
}
