// Package label holds every signing purpose, key-derivation label and protocol
// id of Causeway, so that no two uses of a key can be mistaken for each other.
// It knows nothing else. See docs/spec/00-overview.md, section 3.
package label

// merkle, docs/spec/01-log.md
const (
	// LogEntry precedes the header fields that a log key signs.
	LogEntry = "causeway/1 log entry"
)
