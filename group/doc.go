// Package group decides who belongs to a conversation and who may do what in
// it: a pure fold over the set of its membership entries. It knows no keys, no
// bodies, no time of day and no network, and it trusts whoever made the Ops to
// have verified what they carry. See docs/spec/02-membership.md.
package group
