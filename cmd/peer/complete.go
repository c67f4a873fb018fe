package main

import (
	"context"
	"time"

	"causeway/api"

	"github.com/spf13/cobra"
)

const completeWait = 500 * time.Millisecond

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// names are the live names of contacts and groups; none when no node runs.
func (a *app) names(ctx context.Context, contacts, groups bool) (words []string) {
	c, err := a.client()
	if err != nil {
		return nil
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, completeWait)
	defer cancel()
	if contacts {
		if l, err := c.Contacts(ctx); err == nil {
			for _, x := range l.Contacts {
				words = append(words, api.InertLine(address(x)))
			}
		}
	}
	if groups {
		if l, err := c.Groups(ctx); err == nil {
			for _, g := range l.Groups {
				words = append(words, "#"+api.InertLine(g.Name))
			}
		}
	}
	return words
}

// completeAt completes the words of a verb: which kinds of name stand at each place.
func (a *app) completeAt(kinds ...string) completion {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(kinds) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		kind, ctx := kinds[len(args)], c.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		return a.names(ctx, kind != "group", kind != "contact"), cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) completeTargets(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.completeAt("target")(c, args, word)
}

func (a *app) completeContacts(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.completeAt("contact")(c, args, word)
}

func (a *app) completeGroups(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.completeAt("group")(c, args, word)
}

func (a *app) completeGroupThenContact(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.completeAt("group", "contact")(c, args, word)
}
