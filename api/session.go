package api

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

const cookieName = "causeway_session"

// sessions are the browsers that were let in. A one-time code, made by whoever holds the token or
// the socket, becomes a cookie; both live in memory only, and only their hashes.
type sessions struct {
	mu    sync.Mutex
	codes map[[32]byte]time.Time // until when
	live  map[[32]byte]time.Time
}

func newSessions() *sessions {
	return &sessions{codes: map[[32]byte]time.Time{}, live: map[[32]byte]time.Time{}}
}

// issue makes a code that opens one session.
func (s *sessions) issue(now time.Time) string {
	code := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	keep(s.codes, maxCodes, now)
	s.codes[sha256.Sum256([]byte(code))] = now.Add(codeLife)
	return code
}

// redeem spends a code.
func (s *sessions) redeem(code string, now time.Time) (session string, ok bool) {
	sum := sha256.Sum256([]byte(code))
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.codes[sum]
	delete(s.codes, sum)
	if !ok || now.After(until) {
		return "", false
	}
	session = rand.Text()
	keep(s.live, maxSessions, now)
	s.live[sha256.Sum256([]byte(session))] = now.Add(sessionLife)
	return session, true
}

func (s *sessions) valid(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.live[sha256.Sum256([]byte(c.Value))]
	return ok && time.Now().Before(until)
}

func (s *sessions) end(r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.live, sha256.Sum256([]byte(c.Value)))
	}
}

// keep makes room for one more: what has run out goes, then whatever would run out first.
func keep(m map[[32]byte]time.Time, limit int, now time.Time) {
	for k, until := range m {
		if now.After(until) {
			delete(m, k)
		}
	}
	for len(m) >= limit {
		var first [32]byte
		var soonest time.Time
		for k, until := range m {
			if soonest.IsZero() || until.Before(soonest) {
				first, soonest = k, until
			}
		}
		delete(m, first)
	}
}

// login adds to the API what a browser needs: POST /v1/login-links makes a link, GET /login opens
// it once, DELETE /v1/session logs out.
func (s *sessions) login(base string, next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/login-links", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, LoginLink{URL: base + "/login?code=" + s.issue(time.Now())})
	})
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		session, ok := s.redeem(r.URL.Query().Get("code"), time.Now())
		if !ok {
			writeError(w, denied(http.StatusForbidden, "this login link was used or is too old: make a new one"))
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: cookieName, Value: session, Path: "/", MaxAge: int(sessionLife / time.Second),
			HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusSeeOther)
	})
	mux.HandleFunc("DELETE /v1/session", func(w http.ResponseWriter, r *http.Request) {
		s.end(r)
		writeJSON(w, Done{OK: true})
	})
	mux.Handle("/", next)
	return headers(mux)
}
