package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nearest finds the word that was probably meant, or none.
func nearest(typed string, words []string) string {
	best, far := "", max(1, len(typed)/3)+1
	for _, w := range words {
		d := distance(strings.ToLower(typed), strings.ToLower(w))
		if strings.HasPrefix(w, typed) && len(typed) > 1 {
			d = 1
		}
		if d < far {
			best, far = w, d
		}
	}
	return best
}

// distance counts the letters to change, add, drop or swap (optimal string alignment).
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

func meant(typed string, words []string) string {
	if w := nearest(typed, words); w != "" {
		return fmt.Sprintf(": did you mean %q?", w)
	}
	return ""
}

// unknownVerb refuses a verb that is not there; it is the Args of every command that has verbs below it.
func unknownVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var words []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			words = append(words, sub.Name())
		}
	}
	return usage("there is no verb %q%s (`%s --help` lists them)", args[0], meant(args[0], words), c.CommandPath())
}

// badFlag refuses a flag that is not there or has a value that cannot be.
func badFlag(c *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	var bad *pflag.InvalidValueError
	var bare *pflag.ValueRequiredError
	if errors.As(err, &bad) {
		return usage("--%s: %s (`%s --help` explains)", bad.GetFlag().Name, badValue(bad), c.CommandPath())
	}
	if errors.As(err, &bare) {
		return usage("--%s wants a value (`%s --help` explains)", bare.GetFlag().Name, c.CommandPath())
	}
	if !errors.As(err, &missing) {
		return usage("%s (`%s --help` explains)", err, c.CommandPath())
	}
	var words []string
	c.Flags().VisitAll(func(f *pflag.Flag) { words = append(words, f.Name) })
	hint := ""
	if w := nearest(missing.GetSpecifiedName(), words); w != "" {
		hint = ": did you mean --" + w + "?"
	}
	dashes := "--"
	if missing.GetSpecifiedShortnames() != "" {
		dashes = "-"
		hint = "; a text that begins with - comes after --"
	}
	return usage("there is no flag %s%s%s (`%s --help` lists them)", dashes, missing.GetSpecifiedName(), hint, c.CommandPath())
}

// badValue says why a flag cannot have the value that was given.
func badValue(bad *pflag.InvalidValueError) string {
	var number *strconv.NumError
	switch {
	case !errors.As(bad, &number):
		return bad.Unwrap().Error()
	case bad.GetFlag().Value.Type() == "bool":
		return fmt.Sprintf("%q is neither true nor false", bad.GetValue())
	case errors.Is(number, strconv.ErrRange):
		return fmt.Sprintf("%s is too large a number", bad.GetValue())
	case bad.GetFlag().Value.Type() == "uint64":
		return fmt.Sprintf("%q is not a number from 0 on", bad.GetValue())
	}
	return fmt.Sprintf("%q is not a number", bad.GetValue())
}

// count checks how many words follow a verb and says which are wanted.
func count(least, most int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage("%s wants %s (`%s --help` explains)", name(c), want, c.CommandPath())
		case len(args) > most:
			return usage("%s has one word too many: %q (it wants %s; quote what belongs together)", name(c), args[most], want)
		}
		return nil
	}
}

const longestName = 512 // bytes of a word that names somebody or something

// named is count for words that name people, groups and ids.
func named(least, most int, want string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := count(least, most, want)(c, args); err != nil {
			return err
		}
		for _, word := range args {
			if err := goodName(word); err != nil {
				return err
			}
		}
		return nil
	}
}

// goodName refuses what names nobody and nothing, whatever it is meant to be.
func goodName(word string) error {
	switch {
	case strings.Trim(word, "@# \t\r\n") == "":
		return usage("a name or an id is empty (%q): say whom or what is meant", word)
	case word == "." || word == "..":
		return usage("%q names nobody and nothing here", word)
	case len(word) > longestName:
		return usage("%q is too long for a name or an id: they have at most %d bytes", brief(word), longestName)
	}
	return nil
}

// name is a verb as people say it.
func name(c *cobra.Command) string { return strings.TrimPrefix(c.CommandPath(), "peer ") }

func nothing(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no words, but %q was given", name(c), args[0])
	}
	return nil
}
