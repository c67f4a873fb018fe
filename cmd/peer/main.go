// Command peer is Causeway's command line: it runs the node, and every other verb talks to the
// running node over the local API. It holds no keys and reads no logs. One file per verb; their
// JSON is package api's, their exit codes stand in exit.go.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
