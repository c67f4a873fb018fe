package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// guard stands before the handler on the loopback port, which every program and every web page on
// this machine can reach. It refuses, before anything is read or done:
//
//   - a Host that is not this port on this machine (a page that rebinds its DNS name);
//   - an Origin, or a Sec-Fetch-Site, of any other page, whatever else the request carries;
//   - a request with neither the token nor a session;
//   - a change asked for with a session cookie alone, unless the browser says that it comes from
//     our own page: a cookie travels with requests that its owner never made.
//
// /healthz and /login pass without a token; they tell and change nothing by themselves.
type guard struct {
	hosts    map[string]bool // Host values that mean this port
	token    [32]byte        // SHA-256 of the token
	sessions *sessions
	next     http.Handler
}

func newGuard(port, token string, s *sessions, next http.Handler) *guard {
	return &guard{
		hosts:    map[string]bool{"127.0.0.1:" + port: true, "localhost:" + port: true},
		token:    sha256.Sum256([]byte(token)),
		sessions: s,
		next:     next,
	}
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e := g.refuse(r); e != nil {
		headers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeError(w, e) })).ServeHTTP(w, r)
		return
	}
	g.next.ServeHTTP(w, r)
}

func (g *guard) refuse(r *http.Request) *Error {
	if !g.hosts[strings.ToLower(r.Host)] {
		return denied(http.StatusMisdirectedRequest, "this is not the address of this node: use the one that `peer status` shows")
	}
	ours, foreign := origin(r)
	if foreign {
		return denied(http.StatusForbidden, "a page from elsewhere asked for this, and it may not")
	}
	if r.URL.Path == "/healthz" || r.URL.Path == "/login" {
		return nil
	}
	if g.bearer(r) {
		return nil
	}
	if !g.sessions.valid(r) {
		return denied(http.StatusUnauthorized, "send the token as `Authorization: Bearer …`; `peer paths` says where it is kept")
	}
	if !ours && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return denied(http.StatusForbidden, "with a session only the node's own page may change something: send the token instead")
	}
	return nil
}

// origin reads what the browser says about where a request comes from. A program that is not a
// browser says nothing: then it is neither ours nor foreign.
func origin(r *http.Request) (ours, foreign bool) {
	self := "http://" + strings.ToLower(r.Host)
	for _, o := range r.Header.Values("Origin") {
		if o != self {
			return false, true
		}
		ours = true
	}
	for _, s := range r.Header.Values("Sec-Fetch-Site") {
		switch {
		case s == "same-origin":
			ours = true
		case s == "none" && r.Method == http.MethodGet: // typed or opened from a bookmark
		case s == "cross-site" && r.URL.Path == "/login" && r.Method == http.MethodGet: // the one-time link, opened from a terminal or a mail
		default:
			return false, true
		}
	}
	return ours, false
}

func (g *guard) bearer(r *http.Request) bool {
	t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	sum := sha256.Sum256([]byte(t))
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

func denied(status int, text string) *Error {
	e := Errorf(KindDenied, "%s", text)
	e.status = status
	return e
}
