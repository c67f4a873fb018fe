package api_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"causeway/api"
)

type ask struct {
	method, path string
	host         string
	header       map[string]string
}

func (h *house) ask(t *testing.T, a ask) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), a.method, h.url+a.path, strings.NewReader(`{"target":"@Bob","text":"hi"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range a.header {
		req.Header.Set(k, strings.ReplaceAll(v, "SELF", h.url))
	}
	if a.host != "" {
		req.Host = a.host
	}
	res, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

// login opens a session as a browser does and returns its cookie.
func (h *house) login(t *testing.T) string {
	t.Helper()
	l, err := h.client.LoginLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, _ := h.ask(t, ask{method: "GET", path: strings.TrimPrefix(l.URL, h.url), header: map[string]string{"Sec-Fetch-Site": "none"}})
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
		t.Fatalf("login: %s %v", res.Status, res.Cookies())
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("the cookie is %v", c)
	}
	if res, _ := h.ask(t, ask{method: "GET", path: strings.TrimPrefix(l.URL, h.url)}); res.StatusCode != http.StatusForbidden {
		t.Errorf("a login link opened twice: %s", res.Status)
	}
	return c.Name + "=" + c.Value
}

// A web page on this machine, or one that rebinds its name to it, reaches the loopback port with
// whatever the browser attaches. It is refused before the handler: nothing read, nothing changed.
func TestAttack42_WebPageOnThisMachine(t *testing.T) {
	h := serve(t)
	cookie, bearer := h.login(t), "Bearer "+h.token
	port := h.url[strings.LastIndexByte(h.url, ':'):]
	asked := len(h.asked())
	for name, a := range map[string]ask{
		"no token":                        {"GET", "/v1/contacts", "", nil},
		"a wrong token":                   {"GET", "/v1/contacts", "", map[string]string{"Authorization": "Bearer " + strings.Repeat("u", 52)}},
		"an empty token":                  {"GET", "/v1/contacts", "", map[string]string{"Authorization": "Bearer "}},
		"a token in the query":            {"GET", "/v1/contacts?token=" + h.token, "", nil},
		"a made-up session":               {"GET", "/v1/contacts", "", map[string]string{"Cookie": "causeway_session=AAAA"}},
		"rebound name with token":         {"GET", "/v1/contacts", "evil.example" + port, map[string]string{"Authorization": bearer}},
		"rebound name with session":       {"POST", "/v1/messages", "evil.example" + port, map[string]string{"Cookie": cookie}},
		"right name, other port":          {"GET", "/v1/contacts", "127.0.0.1:1", map[string]string{"Authorization": bearer}},
		"no port":                         {"GET", "/v1/contacts", "127.0.0.1", map[string]string{"Authorization": bearer}},
		"foreign origin with token":       {"POST", "/v1/messages", "", map[string]string{"Authorization": bearer, "Origin": "https://evil.example"}},
		"foreign origin with session":     {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Origin": "https://evil.example"}},
		"null origin":                     {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Origin": "null"}},
		"origin of another local port":    {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Origin": "http://127.0.0.1:1"}},
		"https of our own":                {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Origin": "https://127.0.0.1" + port}},
		"form post with session":          {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}},
		"same-site page of another port":  {"GET", "/v1/contacts", "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-site"}},
		"image of a foreign page":         {"GET", "/v1/events", "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}},
		"change with a session alone":     {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie}},
		"delete with a session alone":     {"DELETE", "/v1/contacts/@Bob", "", map[string]string{"Cookie": cookie}},
		"typed address that changes":      {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "none"}},
		"login link asked for by a page":  {"POST", "/v1/login-links", "", map[string]string{"Origin": "https://evil.example"}},
		"preflight":                       {"OPTIONS", "/v1/messages", "", map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}},
		"login with a guessed code":       {"GET", "/login?code=AAAA", "", nil},
		"login without a code":            {"GET", "/login", "", nil},
		"description of the API":          {"GET", "/v1/openapi.json", "", nil},
		"path that looks like the health": {"GET", "/healthz/../v1/contacts", "", nil},
	} {
		res, body := h.ask(t, a)
		if res.StatusCode < 400 || res.StatusCode >= 500 {
			t.Errorf("%s: %s %s", name, res.Status, body)
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "" || strings.Contains(body, "Bob") || strings.Contains(body, "Alice") {
			t.Errorf("%s: something was told: %v %s", name, res.Header, body)
		}
	}
	if now := h.asked(); len(now) != asked {
		t.Errorf("the backend was reached: %v", now[asked:])
	}
}

// The same doors open for those who may come in.
func TestGuardLetsIn(t *testing.T) {
	h := serve(t)
	cookie, bearer := h.login(t), "Bearer "+h.token
	port := h.url[strings.LastIndexByte(h.url, ':'):]
	for name, a := range map[string]ask{
		"program with token":     {"POST", "/v1/messages", "", map[string]string{"Authorization": bearer}},
		"program at localhost":   {"GET", "/v1/contacts", "localhost" + port, map[string]string{"Authorization": bearer}},
		"own page, reading":      {"GET", "/v1/contacts", "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}},
		"own page, writing":      {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Origin": "SELF", "Sec-Fetch-Site": "same-origin"}},
		"older browser, writing": {"POST", "/v1/messages", "", map[string]string{"Cookie": cookie, "Origin": "SELF"}},
		"typed address":          {"GET", "/v1/contacts", "", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "none"}},
	} {
		if res, body := h.ask(t, a); res.StatusCode != 200 {
			t.Errorf("%s: %s %s", name, res.Status, body)
		}
	}
	if res, body := h.ask(t, ask{method: "GET", path: "/healthz"}); res.StatusCode != http.StatusNoContent || body != "" {
		t.Errorf("health tells %s %q", res.Status, body)
	}
	own := map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
	if res, _ := h.ask(t, ask{method: "DELETE", path: "/v1/session", header: own}); res.StatusCode != 200 {
		t.Errorf("logout: %s", res.Status)
	}
	if res, _ := h.ask(t, ask{method: "GET", path: "/v1/contacts", header: own}); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after logout: %s", res.Status)
	}
}

// Another local user finds neither the socket nor the token.
func TestAttack43_OtherLocalUser(t *testing.T) {
	h := serve(t)
	for path, want := range map[string]os.FileMode{h.socket: 0o600, filepath.Dir(h.socket): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	path := filepath.Join(t.TempDir(), "token")
	first, err := api.Token(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token is kept as %v %v", info.Mode(), err)
	}
	if again, err := api.Token(path); err != nil || again != first || len(first) < 26 {
		t.Errorf("the token changed: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if other, err := api.Token(path); err != nil || other == first {
		t.Errorf("a token that others could read is still trusted: %v", err)
	}
}

func TestListen(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "localhost:0", ":0", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:70000", "[::1]:0", "127.0.0.1:x"} {
		if s, err := api.Listen(filepath.Join(t.TempDir(), "s"), addr, "token"); err == nil {
			t.Errorf("%s was taken", addr)
			s.Close()
		}
	}
	h := serve(t)
	other := filepath.Join(filepath.Dir(h.socket), "other")
	if _, err := api.Listen(other, strings.TrimPrefix(h.url, "http://"), "token"); err == nil || !strings.Contains(err.Error(), "--api") {
		t.Errorf("a port that is taken: %v", err)
	}
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := api.Listen(other, "127.0.0.1:0", "token"); err == nil || !strings.Contains(err.Error(), "in the way") {
		t.Errorf("a file where the socket should be: %v", err)
	}
	if _, err := api.Listen("/"+strings.Repeat("x", 200), "127.0.0.1:0", "token"); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a long path: %v", err)
	}
}
