package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"causeway/node"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Handler serves the local API for a backend. It trusts its caller: the unix socket is its own
// guard, and Serve puts the guard of the loopback port in front of it.
func Handler(b Backend) http.Handler {
	mux := http.NewServeMux()
	routes(humago.New(mux, config()), b)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, Errorf(KindNotFound, "there is nothing at %s: the API is described at /v1/openapi.json", r.URL.Path))
	})
	return headers(mux)
}

// OpenAPI is the OpenAPI 3.1 document of the API, as JSON.
func OpenAPI() ([]byte, error) {
	api := humago.New(http.NewServeMux(), config())
	routes(api, nil)
	return json.MarshalIndent(api.OpenAPI(), "", "  ")
}

func config() huma.Config {
	c := huma.DefaultConfig("Causeway local API", node.Version)
	c.Info.Description = "How programs on this machine talk to the node. Over the unix socket no token is needed; over 127.0.0.1 send it as a bearer token."
	c.OpenAPIPath = "/v1/openapi"
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil // no "$schema" field in answers
	c.RejectUnknownQueryParameters = true
	f := huma.Format{
		Marshal:   func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
		Unmarshal: json.Unmarshal,
	}
	c.Formats = map[string]huma.Format{"application/json": f, "json": f}
	return c
}

func routes(api huma.API, b Backend) {
	nodeRoutes(api, b)
	peopleRoutes(api, b)
	chatRoutes(api, b)
	groupRoutes(api, b)
	custodyRoutes(api, b)
	streamRoutes(api, b)
}

type reply[T any] struct{ Body T }

// handle registers one operation whose answer is a JSON object.
func handle[I, O any](api huma.API, method, path, id, summary string, f func(context.Context, *I) (O, error)) {
	op := huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary,
		MaxBodyBytes: maxBody, BodyReadTimeout: bodyWait,
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*reply[O], error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, fail(err)
		}
		return &reply[O]{out}, nil
	})
}

// done is the answer of a request that has nothing to tell.
func done(err error) (Done, error) { return Done{OK: err == nil}, err }

// headers keeps answers out of caches and off the screen of a browser.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func writeError(w http.ResponseWriter, e *Error) { writeStatus(w, e.GetStatus(), e) }

func writeJSON(w http.ResponseWriter, v any) { writeStatus(w, http.StatusOK, v) }

func writeStatus(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the reader has gone
}
