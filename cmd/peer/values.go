package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// span is a flag that holds a duration; beside Go's units it knows days and weeks.
type span struct{ d *time.Duration }

func (s span) String() string {
	if s.d == nil || *s.d <= 0 {
		return ""
	}
	return s.d.String()
}

func (span) Type() string { return "DUR" }

func (s span) Set(text string) (err error) {
	*s.d, err = parseSpan(text)
	return err
}

const maxHours = 1e6 // about a hundred years; more does not fit a Duration for long

func parseSpan(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a length of time: write 30s, 15m, 12h, 7d or 2w", text)
	for unit, hours := range map[string]float64{"d": 24, "w": 7 * 24} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			f, err := strconv.ParseFloat(number, 64)
			if f *= hours; err != nil || !(f >= 0 && f <= maxHours) {
				return 0, bad
			}
			return time.Duration(f * float64(time.Hour)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return 0, bad
}

// spanText is a length of time as parseSpan reads it.
func spanText(d time.Duration) string {
	for _, u := range []struct {
		name string
		d    time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if d >= u.d && d%u.d == 0 {
			return strconv.FormatInt(int64(d/u.d), 10) + u.name
		}
	}
	return d.String()
}

// size is a flag that holds a number of bytes.
type size struct{ n *int64 }

func (s size) String() string {
	if s.n == nil || *s.n == 0 {
		return ""
	}
	return bytesText(*s.n)
}

func (size) Type() string { return "SIZE" }

var sizeUnits = []struct {
	suffix string
	n      int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40}, {"B", 1}, {"", 1},
}

func (s size) Set(text string) error {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if f *= float64(u.n); err != nil || !(f >= 1 && f <= 1<<50) {
			break
		}
		*s.n = int64(f)
		return nil
	}
	return fmt.Errorf("%q is not a size: write 64MiB, 1GiB or a number of bytes", text)
}

func bytesText(n int64) string {
	for _, u := range []struct {
		name string
		n    int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.n {
			return strings.TrimSuffix(strconv.FormatFloat(float64(n)/float64(u.n), 'f', 1, 64), ".0") + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " B"
}

// moment is a flag that holds a point in time: RFC 3339, a date, or how long ago.
type moment struct{ t *time.Time }

func (m moment) String() string {
	if m.t == nil || m.t.IsZero() {
		return ""
	}
	return m.t.Format(time.RFC3339)
}

func (moment) Type() string { return "TIME" }

func (m moment) Set(text string) (err error) {
	*m.t, err = parseMoment(text, time.Now())
	return err
}

func parseMoment(text string, now time.Time) (time.Time, error) {
	if d, err := parseSpan(text); err == nil {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: write 2026-12-21, 2026-12-21T14:00:00Z, or how long ago: 1d", text)
}

// oneOf is a flag that holds one of a few words.
type oneOf struct {
	s     *string
	words []string
}

func (o oneOf) String() string {
	if o.s == nil {
		return ""
	}
	return *o.s
}

func (o oneOf) Type() string { return strings.Join(o.words, "|") }

func (o oneOf) Set(text string) error {
	for _, w := range o.words {
		if text == w {
			*o.s = text
			return nil
		}
	}
	return fmt.Errorf("%q is not one of %s%s", text, strings.Join(o.words, ", "), meant(text, o.words))
}
