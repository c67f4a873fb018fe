// Package sim runs many nodes in one thread, with a simulated network, disk and
// clock and one source of chance for each, so that a seed is a run that can be
// had again, byte by byte. It drives the engines themselves (merkle, group, seal,
// chat, sync, mailbox), not the node that joins them: that is what the whole-stack
// stories of package tests do. See docs/testing.md.
package sim
