// Package api is how programs on this machine talk to the node: JSON over a unix socket and
// over 127.0.0.1, a typed client, and an OpenAPI document made from the same code.
//
// It is not a network protocol between nodes, and it knows no keys and no logs: it turns the
// node's views into JSON and back. Names and fields follow shared/CLI.md; the choices are in
// docs/design/0007-local-api.md.
package api
