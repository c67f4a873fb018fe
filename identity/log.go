package identity

import "crypto/ed25519"

// A LogSigner is the private Ed25519 key of one log: one device's pseudonym in
// one conversation. It must never write two logs.
type LogSigner struct{ secret }

// NewLogSigner makes a random log key.
func NewLogSigner() *LogSigner { return &LogSigner{newSecret()} }

// LogSignerFromSeed returns the log key of a 32-byte seed.
func LogSignerFromSeed(seed [32]byte) *LogSigner { return &LogSigner{fromSeed(seed)} }

// Public returns the log key by which others know the log.
func (l *LogSigner) Public() [32]byte { return l.public() }

// Sign signs msg as it is; the caller puts its label in front.
func (l *LogSigner) Sign(msg []byte) [64]byte { return [64]byte(ed25519.Sign(l.key, msg)) }
