// Package merkle keeps the logs of a conversation: append-only, signed by one
// writer each, and joined into a DAG by parents that are hashes, so that causal
// order is a fact and not a claim. It does not know what a body says, who may
// read or write, or the network; it has no clock. See docs/spec/01-log.md.
package merkle

// A DAG is the logs of one conversation inside a store. It holds no state of
// its own: everything is in the transaction that each method is given, so a
// caller puts an entry, what follows from it, and its cursor into one. The
// methods may be called from any goroutine. It starts none.
type DAG struct{ conv [32]byte }

// Open returns the DAG kept under the local name conv.
func Open(conv [32]byte) *DAG { return &DAG{conv} }
