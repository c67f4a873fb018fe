package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"causeway/api"
	"causeway/node"

	"github.com/spf13/cobra"
)

type version struct {
	V       api.V1 `json:"v"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	System  string `json:"system"`
}

func (a *app) versionVerb() *cobra.Command {
	return verb("version", "Which build this is", nothing, func(context.Context, []string) error {
		v := version{Version: node.Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					v.Commit = s.Value
				}
			}
		}
		return a.show(v, func(w io.Writer) {
			fmt.Fprintf(w, "causeway %s %s %s %s\n", v.Version, v.Commit, v.Go, v.System)
		})
	})
}
