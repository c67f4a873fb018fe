package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// textBytes is the length of every message, as in ../shared/peers.
const textBytes = 200

var words = strings.Fields("the a river house run quiet light message node friend offline later carry paper green seven open door never always maybe signal boat winter copper")

// text is message i: its number and words of a fixed generator, like those that
// the rivals are given (common/payload.mjs).
func text(i int) string {
	x := uint32(i)*2654435761 + 12345
	var b strings.Builder
	fmt.Fprintf(&b, "%08d ", i)
	for b.Len() < textBytes {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b.WriteString(words[x%uint32(len(words))])
		if x&64 == 0 {
			b.WriteString(strconv.FormatUint(uint64(x>>8), 36))
		}
		b.WriteByte(' ')
	}
	return b.String()[:textBytes]
}

// number returns which message a text is, if text made it.
func number(s string) (i int, ok bool) {
	if len(s) != textBytes {
		return 0, false
	}
	i, err := strconv.Atoi(s[:8])
	return i, err == nil && s == text(i)
}

// stampBytes is the length of a time at the start of a live message.
const stampBytes = 20

// liveText is a message that says when it was written.
func liveText(i int, now time.Time) string {
	return fmt.Sprintf("%0*d%s", stampBytes, now.UnixNano(), text(i)[:textBytes-stampBytes])
}

// latency reads from a live message how long ago it was written, in ms.
func latency(s string, now time.Time) (ms float64, ok bool) {
	if len(s) != textBytes {
		return 0, false
	}
	ns, err := strconv.ParseInt(s[:stampBytes], 10, 64)
	return float64(now.UnixNano()-ns) / 1e6, err == nil
}
