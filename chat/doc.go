// Package chat is one conversation: its log, its members, its keys and what was
// said in it. It gives meaning to entries that merkle keeps as opaque bytes, and
// knows no peer, address, screen or goroutine. The self group (a user's own
// devices), a 1:1 chat and a group are the same machinery with other founders.
//
// Everything happens in the caller's transaction: a Writer works on a copy of
// the conversation's state, which is published when the transaction commits.
// See docs/spec/09-conversations.md, 02-membership.md and 03-keys.md.
package chat
