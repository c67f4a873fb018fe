package api

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"iter"
	"strconv"
)

// Now asks Events for what comes from now on, without any replay.
const Now = ^uint64(0)

// Events replays the retained events after since, then yields live ones until ctx ends or the node
// stops; it ends with an error, which for a node that stopped is of KindNotRunning. Resume with the
// number of the last event.
func (c *Client) Events(ctx context.Context, since uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := c.events(ctx, since, func(e Event) bool { return yield(e, nil) }); err != nil {
			yield(Event{}, err)
		}
	}
}

// eventLine is an event, or the error that ends the stream.
type eventLine struct {
	Event
	Error *Detail `json:"error"`
}

func (c *Client) events(ctx context.Context, since uint64, yield func(Event) bool) error {
	path := "/v1/events"
	if since != Now {
		path += "?since=" + strconv.FormatUint(since, 10)
	}
	res, err := c.do(ctx, "GET", path, nil, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var l eventLine
		if err := read(lines.Bytes(), &l); err != nil {
			return err
		}
		if l.Error != nil {
			return &Error{Detail: *l.Error}
		}
		if !yield(l.Event) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return broken(err)
	}
	return broken(io.EOF)
}

// Export writes one conversation, or everything, to w. The file is whole only without an error.
func (c *Client) Export(ctx context.Context, target string, w io.Writer) (Transfer, error) {
	res, err := c.do(ctx, "GET", query("/v1/export", only("target", target)), nil, "")
	if err != nil {
		return Transfer{}, err
	}
	defer res.Body.Close()
	from := &source{r: res.Body}
	if _, err := io.Copy(w, from); err != nil {
		if from.err != nil {
			err = broken(from.err)
		}
		return Transfer{}, err
	}
	if line := res.Trailer.Get(trailerError); line != "" {
		e := &Error{}
		if err := json.Unmarshal([]byte(line), e); err != nil {
			return Transfer{}, broken(io.ErrUnexpectedEOF)
		}
		return Transfer{}, e
	}
	var t Transfer
	if err := json.Unmarshal([]byte(res.Trailer.Get(trailerTransfer)), &t); err != nil {
		return t, broken(io.ErrUnexpectedEOF)
	}
	return t, nil
}

// source remembers its own error, to tell a node that died from a disk that is full.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// Import takes in what an export wrote.
func (c *Client) Import(ctx context.Context, r io.Reader) (Transfer, error) {
	res, err := c.do(ctx, "POST", "/v1/import", r, "application/vnd.ipld.car")
	if err != nil {
		return Transfer{}, err
	}
	defer res.Body.Close()
	var t Transfer
	return t, decode(res.Body, &t)
}
