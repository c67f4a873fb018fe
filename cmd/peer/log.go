package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) logVerb() *cobra.Command {
	var p api.Page
	c := verb("log TARGET", "Messages in display order", named(1, 1, "a TARGET"), func(ctx context.Context, args []string) error {
		if p.Limit < 1 || p.Limit > 1000 {
			return usage("--limit is a number from 1 to 1000; older messages come with --before ID")
		}
		return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			t, err := c.Log(ctx, args[0], p)
			if err != nil {
				return err
			}
			return a.show(t, func(w io.Writer) { a.showTimeline(w, t) })
		})
	})
	c.Example = "  peer log @bob --limit 20\n  peer log '#team' --since 1d --json | jq -r '.messages[].text'"
	c.Flags().IntVar(&p.Limit, "limit", 50, "at most `N` messages, the newest")
	c.Flags().StringVar(&p.Before, "before", "", "only what stands before the message `ID`")
	c.Flags().Var(moment{&p.Since}, "since", "only what is not older: 1d, 2026-12-21, 2026-12-21T14:00:00Z")
	c.ValidArgsFunction = a.completeTargets
	return c
}

// showTimeline prints one line for each message, further lines of its text set in, so that nothing
// that a text says can pass for a message of its own.
func (a *app) showTimeline(w io.Writer, t api.Timeline) {
	texts := map[string]string{}
	for _, m := range t.Messages {
		texts[m.ID] = m.Text
		fmt.Fprint(w, a.messageLines(m, texts))
	}
	for _, g := range t.Gaps {
		fmt.Fprintf(w, "… %s\n", gapWords(g))
	}
}

func (a *app) messageLines(m api.Message, texts map[string]string) string {
	var b strings.Builder
	at := a.faint(m.Time.Local().Format("2006-01-02 15:04"))
	who := api.InertLine(m.Author.Name)
	if m.Own {
		who = "you"
	}
	if m.Reply != "" {
		if text, ok := texts[m.Reply]; ok {
			fmt.Fprintf(&b, "%s  ┌ %s\n", strings.Repeat(" ", 16), a.faint(brief(text)))
		}
	}
	text := strings.Split(api.Inert(m.Text), "\n")
	if m.Kind == "event" {
		fmt.Fprintf(&b, "%s  · %s", at, text[0])
	} else {
		fmt.Fprintf(&b, "%s  %s: %s", at, who, text[0])
	}
	for _, line := range text[1:] {
		fmt.Fprintf(&b, "\n%s  %s", strings.Repeat(" ", 16), line)
	}
	if l := m.Look(); m.Own && m.Kind != "event" {
		fmt.Fprintf(&b, "   %s", a.faint(l.Stones+" "+l.Mark+" "+l.Words))
	}
	if words := markWords(m.Marks); words != "" {
		fmt.Fprintf(&b, "   %s", a.faint("["+words+"]"))
	}
	return b.String() + "\n"
}

func brief(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	line = api.InertLine(line)
	if r := []rune(line); len(r) > 60 {
		line = string(r[:60]) + "…"
	}
	return line
}

func markWords(marks []string) string {
	known := map[string]string{
		"late":      "arrived late",
		"clock":     "its clock was ahead",
		"unsettled": "not settled yet",
		"void":      "void: its author had no right",
	}
	words := make([]string, 0, len(marks))
	for _, m := range marks {
		words = append(words, first(known[m], api.InertLine(m)))
	}
	return strings.Join(words, ", ")
}

func gapWords(g api.Gap) string {
	words := several(g.Missing, "message", "messages") + " missing"
	var names []string
	for _, p := range g.Asking {
		names = append(names, api.InertLine(p.Name))
	}
	if len(names) == 0 {
		return words
	}
	return words + ", asking " + api.And(names)
}

func (a *app) messageVerb() *cobra.Command {
	return verb("message ID", "Where one message is, and who signed for it", named(1, 1, "the ID of a message"), func(ctx context.Context, args []string) error {
		return a.ask(ctx, func(ctx context.Context, c *api.Client) error {
			m, err := c.Message(ctx, args[0])
			if err != nil {
				return err
			}
			return a.show(m, func(w io.Writer) { a.showMessageStatus(w, m) })
		})
	})
}

func (a *app) showMessageStatus(w io.Writer, m api.MessageStatus) {
	l := m.Look()
	fmt.Fprintf(w, "%s %s %s\n", l.Stones, l.Mark, api.InertLine(l.Words))
	for _, p := range m.Parked {
		fmt.Fprintf(w, "parked with %s until %s\n", api.InertLine(p.Name), p.Until.Local().Format("2 Jan 2006 15:04"))
	}
	for _, p := range m.Sent {
		fmt.Fprintf(w, "handed over to %s, no receipt yet\n", api.InertLine(p.Name))
	}
	for _, d := range m.Delivered {
		fmt.Fprintf(w, "delivered to %s %s\n", api.InertLine(d.Name), d.Time.Local().Format("2 Jan 2006 15:04"))
	}
}
