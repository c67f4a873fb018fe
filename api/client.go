package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Client speaks to a running node: one method for each thing that the node does. It is safe for
// use by several goroutines. Its errors are *Error with a kind, or the context's.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// Dial makes a client for the unix socket at path. Nothing is opened yet.
func Dial(path string) *Client {
	var d net.Dialer
	return &Client{base: "http://causeway", http: &http.Client{Transport: &http.Transport{
		DialContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", path) },
		DisableCompression: true,
	}}}
}

// DialURL makes a client for the loopback port.
func DialURL(base, token string) *Client {
	return &Client{base: base, token: token, http: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
}

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// call sends in as JSON, if it is not nil, and reads the answer into an O.
func call[O any](ctx context.Context, c *Client, method, path string, in any) (O, error) {
	var out O
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return out, err
		}
		body = bytes.NewReader(b)
	}
	res, err := c.do(ctx, method, path, body, "application/json")
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	return out, decode(res.Body, &out)
}

func decode(r io.Reader, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, maxResponse+1))
	if err != nil {
		return broken(err)
	}
	if len(b) > maxResponse {
		return Errorf(KindError, "the node's answer is larger than %d MiB", maxResponse>>20)
	}
	return read(b, v)
}

// read reads an answer or a line of one; one that is cut off is of a node that died.
func read(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(b)):
		return broken(io.ErrUnexpectedEOF)
	case errors.As(err, &syntax):
		return errStranger
	}
	return Errorf(KindError, "the node's answer cannot be read: %s", err)
}

var errStranger = Errorf(KindError, "a program that is no Causeway node answers in its place: stop that program, then start the node again")

// do sends a request; an answer that is an error becomes one.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader, kind string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if len(path) > maxHeader/2 {
		return nil, Errorf(KindInvalid, "a word of this request is too long: names and ids have at most 512 bytes")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, broken(err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	return nil, refusal(res)
}

func refusal(res *http.Response) error {
	e := &Error{status: res.StatusCode}
	if err := decode(res.Body, e); err != nil || e.Detail.Text == "" {
		return errStranger
	}
	return e
}

// broken tells a node that is not there from a time that ran out.
func broken(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.EPIPE):
		return Errorf(KindNotRunning, "no node answers here")
	case errors.Is(err, fs.ErrPermission):
		return Errorf(KindRefused, "the node's socket belongs to another user")
	case errors.As(err, &timeout) && timeout.Timeout():
		return context.DeadlineExceeded
	}
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err // without the address, which nobody typed
	}
	if strings.Contains(err.Error(), "malformed HTTP") {
		return errStranger
	}
	return Errorf(KindError, "cannot talk to the node: %s", err)
}

// done drops the answer of a request that has nothing to tell.
func (c *Client) done(ctx context.Context, method, path string, in any) error {
	_, err := call[Done](ctx, c, method, path, in)
	return err
}

func at(format string, parts ...string) string {
	escaped := make([]any, len(parts))
	for i, p := range parts {
		escaped[i] = url.PathEscape(p)
	}
	return fmt.Sprintf(format, escaped...)
}

func query(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Self is who I am.
func (c *Client) Self(ctx context.Context) (Self, error) {
	return call[Self](ctx, c, "GET", "/v1/self", nil)
}

// Status is the node's health.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call[Status](ctx, c, "GET", "/v1/status", nil)
}

// Synced says whether nothing is known to be missing; an empty target means everywhere.
func (c *Client) Synced(ctx context.Context, target string) (bool, error) {
	d, err := call[Done](ctx, c, "GET", query("/v1/synced", only("target", target)), nil)
	return d.OK, err
}

// CreateInvite makes a one-time link.
func (c *Client) CreateInvite(ctx context.Context, expires time.Duration, uses int) (Invite, error) {
	return call[Invite](ctx, c, "POST", "/v1/invites", NewInvite{ExpiresIn: seconds(expires), Uses: uses})
}

// Invites lists the links given away.
func (c *Client) Invites(ctx context.Context) (Invites, error) {
	return call[Invites](ctx, c, "GET", "/v1/invites", nil)
}

// RevokeInvite takes a link back.
func (c *Client) RevokeInvite(ctx context.Context, id string) error {
	return c.done(ctx, "DELETE", at("/v1/invites/%s", id), nil)
}

// Accept accepts an invite; as is what to call its owner, or empty.
func (c *Client) Accept(ctx context.Context, link, as string) (Accepted, error) {
	return call[Accepted](ctx, c, "POST", "/v1/contacts", NewContact{Invite: link, As: as})
}

// Requests lists who asks to become a contact.
func (c *Client) Requests(ctx context.Context) (Requests, error) {
	return call[Requests](ctx, c, "GET", "/v1/requests", nil)
}

// AnswerRequest accepts or declines a request.
func (c *Client) AnswerRequest(ctx context.Context, who string, accept bool) error {
	return c.done(ctx, "POST", at("/v1/requests/%s", who), Answer{Accept: accept})
}

// Contacts is the address book.
func (c *Client) Contacts(ctx context.Context) (Contacts, error) {
	return call[Contacts](ctx, c, "GET", "/v1/contacts", nil)
}

// RenameContact gives a contact another petname.
func (c *Client) RenameContact(ctx context.Context, who, name string) error {
	return c.change(ctx, who, ContactChange{Name: &name})
}

// BlockContact blocks or unblocks.
func (c *Client) BlockContact(ctx context.Context, who string, block bool) error {
	return c.change(ctx, who, ContactChange{Blocked: &block})
}

// MarkVerified says whether the safety numbers were compared and agreed.
func (c *Client) MarkVerified(ctx context.Context, who string, yes bool) error {
	return c.change(ctx, who, ContactChange{Verified: &yes})
}

func (c *Client) change(ctx context.Context, who string, change ContactChange) error {
	return c.done(ctx, "PATCH", at("/v1/contacts/%s", who), change)
}

// RemoveContact forgets a contact.
func (c *Client) RemoveContact(ctx context.Context, who string) error {
	return c.done(ctx, "DELETE", at("/v1/contacts/%s", who), nil)
}

// VerifyContact is the safety number to compare.
func (c *Client) VerifyContact(ctx context.Context, who string) (SafetyNumber, error) {
	return call[SafetyNumber](ctx, c, "GET", at("/v1/contacts/%s/safety-number", who), nil)
}

// Send writes a message and returns when it is on disk; reply is an id or empty.
func (c *Client) Send(ctx context.Context, target, text, reply string) (Sent, error) {
	return call[Sent](ctx, c, "POST", "/v1/messages", NewMessage{Target: target, Text: text, Reply: reply})
}

// Log is a page of a conversation.
func (c *Client) Log(ctx context.Context, target string, p Page) (Timeline, error) {
	q := url.Values{"target": {target}}
	if p.Limit > 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.Before != "" {
		q.Set("before", p.Before)
	}
	if !p.Since.IsZero() {
		q.Set("since", p.Since.UTC().Format(time.RFC3339Nano))
	}
	return call[Timeline](ctx, c, "GET", query("/v1/log", q), nil)
}

// Message says where one message is.
func (c *Client) Message(ctx context.Context, id string) (MessageStatus, error) {
	return call[MessageStatus](ctx, c, "GET", at("/v1/messages/%s", id), nil)
}

// LoginLink makes a link that opens the page in a browser once.
func (c *Client) LoginLink(ctx context.Context) (LoginLink, error) {
	return call[LoginLink](ctx, c, "POST", "/v1/login-links", nil)
}

func only(key, value string) url.Values {
	if value == "" {
		return nil
	}
	return url.Values{key: {value}}
}
