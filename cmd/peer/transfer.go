package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"causeway/api"

	"github.com/spf13/cobra"
)

func (a *app) exportVerb() *cobra.Command {
	var to string
	c := verb("export [TARGET]", "Write one conversation, or all, to a file for a USB stick", named(0, 1, "at most one TARGET"), func(ctx context.Context, args []string) error {
		if to == "" {
			return usage("say where to: --to FILE.car")
		}
		target := ""
		if len(args) > 0 {
			target = args[0]
		}
		return a.export(ctx, target, to)
	})
	c.Example = "  peer export --to /media/stick/alice.car\n  peer export @bob --to bob.car"
	c.Flags().StringVar(&to, "to", "", "the `FILE`; one that is there is replaced when the new one is whole")
	c.ValidArgsFunction = a.completeTargets
	return c
}

// export writes beside the file and renames, so that a file that stands there is always whole.
func (a *app) export(ctx context.Context, target, to string) error {
	if err := writable(to); err != nil {
		return err
	}
	if info, err := os.Stat(to); err == nil && !info.Mode().IsRegular() {
		return usage("%s is not a file, and would be replaced by one: name another", to)
	}
	f, err := os.CreateTemp(filepath.Dir(to), ".export-*")
	if err != nil {
		return under(to, err)
	}
	defer os.Remove(f.Name())
	var t api.Transfer
	err = a.within(ctx, 0, func(ctx context.Context, c *api.Client) (err error) {
		w := bufio.NewWriterSize(f, 1<<20)
		t, err = c.Export(ctx, target, w)
		return errors.Join(err, w.Flush())
	})
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return under(to, err)
	}
	return a.show(t, func(io.Writer) {
		a.say("%s written to %s; the other side runs `peer import`. Only members of the conversations can read it.", several(t.Entries, "entry", "entries"), to)
	})
}

func (a *app) importVerb() *cobra.Command {
	return verb("import FILE", "Take in a file from a USB stick", count(1, 1, "a FILE"), func(ctx context.Context, args []string) error {
		f, err := openFile(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		return a.within(ctx, 0, func(ctx context.Context, c *api.Client) error {
			file := &reading{r: f}
			t, err := c.Import(ctx, file)
			if file.err != nil {
				return file.err
			}
			if err != nil {
				return err
			}
			if t.Entries == 0 && t.Refused > 0 {
				return api.Errorf(api.KindRefused, "nothing in %s can be read: it is damaged, or meant for somebody else; nothing was changed", args[0])
			}
			return a.show(t, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %d new, %d known already, %d refused\n", several(t.Entries, "entry", "entries"), t.New, t.Duplicates, t.Refused)
			})
		})
	})
}
