package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"causeway/node"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Trailers of an export, which is told to be whole only after its last byte.
const (
	trailerTransfer = "Causeway-Transfer"
	trailerError    = "Causeway-Error"
)

func streamRoutes(api huma.API, b Backend) {
	type since struct {
		Since  string `query:"since" pattern:"^[0-9]*$" doc:"number of the last event that was seen; empty: only what comes from now on"`
		LastID string `header:"Last-Event-ID" pattern:"^[0-9]*$" doc:"as a browser sends it when it reconnects"`
	}
	huma.Register(api, huma.Operation{
		Method: http.MethodGet, Path: "/v1/events", OperationID: "events", Summary: "Events as they come, resumable",
		Description: "JSON lines, or server-sent events when the caller accepts text/event-stream. Numbers rise; a jump says that some were missed.",
		Responses:   map[string]*huma.Response{"200": {Description: "a stream of Event", Content: map[string]*huma.MediaType{"application/x-ndjson": {}, "text/event-stream": {}}}},
	}, func(ctx context.Context, in *since) (*huma.StreamResponse, error) {
		from, err := startOf(ctx, b, in.Since, in.LastID)
		if err != nil {
			return nil, fail(err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			streamEvents(w, r, b, from)
		}}, nil
	})
	transferRoutes(api, b)
}

func startOf(ctx context.Context, b Backend, since, last string) (uint64, error) {
	if last != "" {
		since = last
	}
	if since == "" {
		s, err := b.Status(ctx)
		return s.Events, err
	}
	n, err := strconv.ParseUint(since, 10, 64)
	if err != nil {
		return 0, Errorf(KindInvalid, "since is the number of an event, not %q", since)
	}
	return n, nil
}

// item is what the backend's iterator yielded.
type item struct {
	event node.Event
	err   error
}

// streamEvents writes events until the reader or the node goes away. One goroutine walks the
// backend's iterator; this one writes, so that a quiet stream still gets its heartbeat.
func streamEvents(w http.ResponseWriter, r *http.Request, b Backend, since uint64) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	items := make(chan item)
	go func() {
		defer close(items)
		for e, err := range b.Events(ctx, since) {
			select {
			case items <- item{e, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	lines := &eventWriter{w: w, rc: http.NewResponseController(w), sse: strings.Contains(r.Header.Get("Accept"), "text/event-stream")}
	lines.open()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	defer lines.rc.SetWriteDeadline(time.Time{}) //nolint:errcheck // the connection may serve another request
	for err := error(nil); err == nil; {
		select {
		case it, ok := <-items:
			if !ok {
				return
			}
			err = lines.write(it)
		case <-beat.C:
			err = lines.beat()
		}
	}
}

// eventWriter writes events in one of the two forms; used by one goroutine.
type eventWriter struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	sse bool
}

func (e *eventWriter) open() {
	kind := "application/x-ndjson"
	if e.sse {
		kind = "text/event-stream"
	}
	e.w.Header().Set("Content-Type", kind)
	e.w.WriteHeader(http.StatusOK)
	e.rc.Flush() //nolint:errcheck // the next write tells
}

func (e *eventWriter) write(it item) error {
	var v any = event(it.event)
	if it.err != nil {
		v = fail(it.err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	switch {
	case !e.sse:
		err = e.put("%s\n", b)
	case it.err != nil:
		err = e.put("event: error\ndata: %s\n\n", b)
	default:
		err = e.put("id: %d\nevent: %s\ndata: %s\n\n", it.event.Seq, it.event.Kind, b)
	}
	return errors.Join(err, it.err)
}

func (e *eventWriter) beat() error {
	if !e.sse {
		return nil
	}
	return e.put(":\n\n")
}

func (e *eventWriter) put(format string, args ...any) error {
	if err := e.rc.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(e.w, format, args...); err != nil {
		return err
	}
	return e.rc.Flush()
}

func transferRoutes(api huma.API, b Backend) {
	type target struct {
		Target string `query:"target" doc:"@contact or #group; empty: everything"`
	}
	sealed := map[string]*huma.MediaType{"application/vnd.ipld.car": {}}
	huma.Register(api, huma.Operation{
		Method: http.MethodGet, Path: "/v1/export", OperationID: "export", Summary: "Everything, or one conversation, for a USB stick",
		Description: "The counts follow as the trailer " + trailerTransfer + "; without it the file is not whole.",
		Responses:   map[string]*huma.Response{"200": {Description: "a CAR file", Content: sealed}},
	}, func(_ context.Context, in *target) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			export(w, r, b, in.Target)
		}}, nil
	})
	huma.Register(api, huma.Operation{
		Method: http.MethodPost, Path: "/v1/import", OperationID: "import", Summary: "Take in a file from a USB stick",
		RequestBody:     &huma.RequestBody{Required: true, Content: sealed},
		BodyReadTimeout: -1,
	}, func(ctx context.Context, in *importBody) (*reply[Transfer], error) {
		t, err := b.Import(ctx, &bounded{r: in.r, left: MaxImport + 1})
		if err != nil {
			return nil, fail(err)
		}
		return &reply[Transfer]{transfer(t)}, nil
	})
}

// importBody hands the request's body to the handler as a stream.
type importBody struct{ r io.Reader }

// Resolve implements huma.Resolver.
func (i *importBody) Resolve(ctx huma.Context) []error {
	i.r = ctx.BodyReader()
	return nil
}

// bounded fails, and does not merely end, at the limit: a cut file must not look whole.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, Errorf(KindInvalid, "this file is larger than %d GiB: export conversations one by one", int64(MaxImport)>>30)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// firstByte delays the headers of an export until there is something to send, so that an error
// before it is an ordinary answer.
type firstByte struct {
	w    http.ResponseWriter
	sent bool
}

func (f *firstByte) Write(p []byte) (int, error) {
	if !f.sent {
		f.sent = true
		f.w.Header().Set("Content-Type", "application/vnd.ipld.car")
		f.w.Header().Set("Trailer", trailerTransfer+", "+trailerError)
		f.w.WriteHeader(http.StatusOK)
	}
	return f.w.Write(p)
}

func export(w http.ResponseWriter, r *http.Request, b Backend, target string) {
	out := &firstByte{w: w}
	t, err := b.Export(r.Context(), target, out)
	if err != nil && !out.sent {
		writeError(w, Errorf(KindOf(err), "%s", err))
		return
	}
	if !out.sent {
		out.Write(nil) //nolint:errcheck // sends the headers of an empty file
	}
	name, v := trailerTransfer, any(transfer(t))
	if err != nil {
		name, v = trailerError, Errorf(KindOf(err), "%s", err)
	}
	if line, err := json.Marshal(v); err == nil {
		w.Header().Set(name, string(line))
	}
}
