package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/api"

	"github.com/spf13/cobra"
)

const (
	sendWait = 30 * time.Second // for --wait without --timeout
	mostRead = 16 * api.MaxText // bytes of standard input; more is not even counted
)

// progress orders the states that a sender may wait for.
var progress = map[api.State]int{
	api.StateQueued: 0, api.StateParked: 1, api.StateSent: 2, api.StateDelivered: 3, api.StateRead: 4,
}

func (a *app) sendVerb() *cobra.Command {
	var reply, wait string
	c := verb("send TARGET TEXT|-", "Write a message; it is on disk when this returns", count(1, 2, "a TARGET and a TEXT"), func(ctx context.Context, args []string) error {
		if err := goodName(args[0]); err != nil {
			return err
		}
		text, err := a.text(args[1:])
		if err != nil {
			return err
		}
		return a.send(ctx, args[0], text, reply, wait)
	})
	c.Example = "  peer send @bob \"hello\"\n  date | peer send '#team' -\n  peer send @bob \"urgent\" --wait delivered --timeout 1m || echo \"not yet\""
	c.Flags().StringVar(&reply, "reply", "", "answer the message `ID`")
	c.Flags().Var(oneOf{&wait, []string{"queued", "parked", "sent", "delivered"}}, "wait", "return when it is that far, else exit 7")
	c.ValidArgsFunction = a.completeTargets
	return c
}

// text is the word that was given, or standard input for "-".
func (a *app) text(args []string) (string, error) {
	if len(args) == 0 {
		return "", usage("say what to send: a TEXT in quotes, or - to read standard input")
	}
	text := args[0]
	if text == "-" {
		b, err := io.ReadAll(io.LimitReader(a.lines, mostRead+1))
		if err != nil {
			return "", err
		}
		if len(b) > mostRead {
			return "", usage("this text has more than %d bytes (%s), of which a message may have %d (64 KiB): send it in parts", mostRead, bytesText(mostRead), api.MaxText)
		}
		text = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	}
	switch {
	case !utf8.ValidString(text):
		return "", usage("this is not text (UTF-8), and nothing was sent")
	case strings.TrimSpace(text) == "":
		return "", usage("there is nothing to send: the text is empty")
	case len(text) > api.MaxText:
		return "", api.TooLong(len(text))
	}
	return text, nil
}

func (a *app) send(ctx context.Context, target, text, reply, wait string) error {
	return a.within(ctx, sendWait, func(ctx context.Context, c *api.Client) error {
		sent, err := c.Send(ctx, target, text, reply)
		if err != nil {
			return err
		}
		at := api.MessageStatus{State: sent.State}
		if wait != "" {
			at, err = follow(ctx, c, sent, api.State(wait))
			sent.State = at.State
		}
		if err != nil && api.KindOf(err) != api.KindQueued {
			return err
		}
		look := at.Look()
		if serr := a.show(sent, func(w io.Writer) {
			io.WriteString(w, sent.ID+"\n") //nolint:errcheck // Flush tells
			a.say("%s  %s %s %s", api.InertLine(sent.Chat), look.Stones, look.Mark, api.InertLine(look.Words))
		}); serr != nil {
			return serr
		}
		return err
	})
}

// follow waits until a message has come as far as wanted. It fails with KindQueued when the time
// runs out: the message is safe, but not there.
func follow(ctx context.Context, c *api.Client, sent api.Sent, wanted api.State) (api.MessageStatus, error) {
	m := api.MessageStatus{State: sent.State}
	err := until(ctx, c, func(ctx context.Context, c *api.Client) (bool, error) {
		s, err := c.Message(ctx, sent.ID)
		if err != nil {
			return false, err
		}
		m = s
		if s.State == api.StateFailed || s.State == api.StateExpired {
			return false, api.Errorf(api.KindQueued, "it was not delivered: send it again")
		}
		return progress[s.State] >= progress[wanted], nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		err = api.Errorf(api.KindQueued, "not %s in time: the message is safe here and goes on its way by itself", wanted)
	}
	return m, err
}
