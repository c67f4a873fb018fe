package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"causeway/node"

	"github.com/danielgtaylor/huma/v2"
)

// Kind says what a caller can do about an error. Each has one exit code (CLI.md).
type Kind string

// The kinds of error.
const (
	KindError      Kind = "error"        // anything else: exit 1
	KindInvalid    Kind = "invalid"      // the request cannot be right: exit 2
	KindNotRunning Kind = "not_running"  // no node answers: exit 3
	KindNotFound   Kind = "not_found"    // exit 4
	KindRefused    Kind = "refused"      // rules, consent or a spent invite say no: exit 5
	KindTimeout    Kind = "timeout"      // exit 6
	KindQueued     Kind = "queued"       // on disk, but the wait was not met: exit 7
	KindLocked     Kind = "locked"       // wrong or missing passphrase: exit 8
	KindDenied     Kind = "unauthorized" // the guard turned the request away before the handler: exit 5
)

// Error is an error as the API answers it and the client returns it.
type Error struct {
	V      V1     `json:"v"`
	Detail Detail `json:"error"`
	status int
}

// Detail is the kind of an error and one sentence for people that says what to do.
type Detail struct {
	Kind Kind   `json:"kind" doc:"What a caller can do about it; each kind has one exit code"`
	Text string `json:"text" doc:"One sentence for people"`
}

func (e *Error) Error() string { return e.Detail.Text }

// Kind is the kind of e.
func (e *Error) Kind() Kind { return e.Detail.Kind }

// GetStatus is the HTTP status of e.
func (e *Error) GetStatus() int {
	if e.status != 0 {
		return e.status
	}
	return statusOf[e.Detail.Kind]
}

// Errorf makes an error of a kind.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Detail: Detail{Kind: k, Text: fmt.Sprintf(format, args...)}}
}

// KindOf finds the kind of err: its own, else that of the node's sentinel in it.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Detail.Kind
	case errors.Is(err, node.ErrNotFound):
		return KindNotFound
	case errors.Is(err, node.ErrRefused):
		return KindRefused
	case errors.Is(err, node.ErrInvalid):
		return KindInvalid
	case errors.Is(err, node.ErrClosed):
		return KindNotRunning
	case errors.Is(err, context.DeadlineExceeded):
		return KindTimeout
	}
	return KindError
}

var statusOf = map[Kind]int{
	KindError:      http.StatusInternalServerError,
	KindInvalid:    http.StatusBadRequest,
	KindNotRunning: http.StatusServiceUnavailable,
	KindNotFound:   http.StatusNotFound,
	KindRefused:    http.StatusConflict,
	KindTimeout:    http.StatusGatewayTimeout,
	KindDenied:     http.StatusForbidden,
}

// fail turns what the backend returned into what the API answers.
func fail(err error) error {
	if err == nil {
		return nil
	}
	return Errorf(KindOf(err), "%s", err)
}

// Huma's own refusals (schema, size, method) take the same form as ours.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		kind := KindInvalid
		if status >= http.StatusInternalServerError {
			kind = KindError
		}
		for i, e := range errs {
			var d *huma.ErrorDetail
			text := e.Error()
			if errors.As(e, &d) { // without the value, which may be long
				text = complaint(d)
			}
			if i == 0 && msg == "validation failed" {
				msg = text
				continue
			}
			msg += "; " + text
		}
		e := Errorf(kind, "%s", msg)
		e.status = status
		return e
	}
}

// complaint says what is wrong with one field of a request.
func complaint(d *huma.ErrorDetail) string {
	field := d.Location[strings.LastIndex(d.Location, ".")+1:]
	if most, ok := strings.CutPrefix(d.Message, "expected length <= "); ok {
		return fmt.Sprintf("%s is too long: it has at most %s letters", field, most)
	}
	return field + ": " + d.Message
}
