package api

import "time"

// All limits of the local API.
const (
	// MaxText is the longest text of one message, in bytes of UTF-8.
	MaxText = 64 << 10
	// MaxImport is the largest file that one import takes, in bytes.
	MaxImport = 16 << 30

	maxBody     = 512 << 10 // a JSON request: MaxText with every byte escaped, and its envelope
	maxResponse = 64 << 20  // what the client reads of one answer
	maxLine     = 2 << 20   // one event as a JSON line
	maxPage     = 1000      // messages in one answer to Log
	maxHeader   = 16 << 10

	maxSessions  = 32
	sessionLife  = 30 * 24 * time.Hour
	maxCodes     = 8
	codeLife     = 2 * time.Minute
	headerWait   = 5 * time.Second
	bodyWait     = 30 * time.Second // a JSON request; imports have none
	idleWait     = 2 * time.Minute
	writeWait    = 30 * time.Second // one write to a reader of events that has stopped reading
	heartbeat    = 15 * time.Second // SSE comment that keeps proxies and browsers awake
	shutdownWait = time.Second

	firstPort, lastPort = 17171, 17270 // probed in order for the page and the API
	maxSocketPath       = 107          // sun_path holds 108 bytes with its final zero
)
