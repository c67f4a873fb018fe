package main

import (
	"context"
	"strings"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
)

// condition is something that a running node can be asked.
type condition func(context.Context, *api.Client) (bool, error)

const (
	pollFast = 50 * time.Millisecond  // while there is no node yet
	pollSlow = 300 * time.Millisecond // for facts that no event tells
)

func (a *app) waitVerb() *cobra.Command {
	var list string
	c := verb("wait", "Block until something is true", nothing, func(ctx context.Context, _ []string) error {
		if list == "" {
			return usage("say what to wait for: --for online, synced[=TARGET], delivered=ID, contact=@x or member=#g")
		}
		var conditions []condition
		for _, text := range strings.Split(list, ",") {
			is, err := parseCondition(text)
			if err != nil {
				return err
			}
			conditions = append(conditions, is)
		}
		err := a.within(ctx, 0, func(ctx context.Context, c *api.Client) error {
			for _, is := range conditions {
				if err := patiently(ctx, c, is); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		return a.done("%s: yes", api.InertLine(list))
	})
	c.Example = "  peer wait --for online --timeout 20s\n  peer wait --for contact=@bob\n  peer wait --for synced='#team',delivered=ID --timeout 1m"
	c.Flags().StringVar(&list, "for", "", "`WHAT`: online, synced[=TARGET], delivered=ID, contact=@x, member=#g; several with commas")
	return c
}

func parseCondition(text string) (condition, error) {
	name, what, given := strings.Cut(text, "=")
	switch {
	case name == "online" && !given:
		return isOnline, nil
	case name == "synced" && (!given || what != ""):
		return func(ctx context.Context, c *api.Client) (bool, error) { return c.Synced(ctx, what) }, nil
	case name == "delivered" && what != "":
		return func(ctx context.Context, c *api.Client) (bool, error) {
			m, err := c.Message(ctx, what)
			return progress[m.State] >= progress[api.StateDelivered], err
		}, nil
	case name == "contact" && what != "":
		return func(ctx context.Context, c *api.Client) (bool, error) { return isContact(ctx, c, what) }, nil
	case name == "member" && what != "":
		return func(ctx context.Context, c *api.Client) (bool, error) { return isMember(ctx, c, what) }, nil
	}
	return nil, usage("%q is nothing to wait for; it is one of online, synced[=TARGET], delivered=ID, contact=@x, member=#g%s",
		text, meant(name, []string{"online", "synced", "delivered", "contact", "member"}))
}

func isOnline(ctx context.Context, c *api.Client) (bool, error) {
	s, err := c.Status(ctx)
	return s.Ready, err
}

func isContact(ctx context.Context, c *api.Client, who string) (bool, error) {
	who = strings.TrimPrefix(who, "@")
	l, err := c.Contacts(ctx)
	for _, x := range l.Contacts {
		switch {
		case x.Name != who && x.UID != who:
		case x.State == "accepted":
			return true, nil
		case x.State == "refused":
			return false, api.Errorf(api.KindRefused, "%s", x.Reason)
		}
	}
	return false, err
}

func isMember(ctx context.Context, c *api.Client, group string) (bool, error) {
	group = strings.TrimPrefix(group, "#")
	l, err := c.Groups(ctx)
	for _, g := range l.Groups {
		if g.Name == group || g.ID == group {
			return !g.Left && g.Members > 0, nil // no members: welcomed, but nothing has arrived yet
		}
	}
	return false, err
}

// patiently is until for a node that may not be there yet, or not for a moment: it waits for home
// and socket to exist, and for what is named to become known.
func patiently(ctx context.Context, c *api.Client, is condition) error {
	for {
		err := until(ctx, c, is)
		switch api.KindOf(err) {
		case api.KindNotRunning, api.KindNotFound:
		default:
			return err
		}
		if err := pause(ctx, pollFast); err != nil {
			return err
		}
	}
}

// until asks again after every event, and now and then for what no event tells, until the answer is
// yes, an error, or the end of the time.
func until(ctx context.Context, c *api.Client, is condition) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var news chan struct{} // listened to only after a first no
	for {
		ok, err := is(ctx, c)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if ok || err != nil {
			return err
		}
		if news == nil {
			news = make(chan struct{}, 1)
			go listen(ctx, c, news)
		}
		t := time.NewTimer(pollSlow)
		select {
		case <-news:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// listen puts a mark into news, which holds one, whenever an event comes.
func listen(ctx context.Context, c *api.Client, news chan<- struct{}) {
	for _, err := range c.Events(ctx, api.Now) {
		if err != nil {
			return
		}
		select {
		case news <- struct{}{}:
		default:
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
