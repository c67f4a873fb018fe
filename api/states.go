package api

import (
	"fmt"
	"strings"

	"causeway/node"
)

// State is where a message is; each is backed by a fact that somebody signed (UX.md 1).
type State string

// The states of a message.
const (
	StateDraft     State = "draft"
	StateQueued    State = State(node.StateQueued)
	StateParked    State = State(node.StateParked)
	StateSent      State = State(node.StateSent)
	StateDelivered State = State(node.StateDelivered)
	StateRead      State = "read"
	StateReceived  State = State(node.StateReceived)
	StateExpired   State = State(node.StateExpired)
	StateFailed    State = State(node.StateFailed)
)

// Look is how every face shows a state: three cells of stones, a mark, and words for those who
// hear the screen instead of seeing it.
type Look struct {
	Stones string
	Mark   string
	Words  string
}

// looks is the one table of states; every face takes its signs and words from here.
var looks = map[State]Look{
	StateDraft:     {"   ", "✎", "draft"},
	StateQueued:    {"○○○", "◷", "queued on this device"},
	StateParked:    {"●○○", "⬒", "parked"},
	StateSent:      {"───", "→", "handed over"},
	StateDelivered: {"━━━", "✓✓", "delivered"},
	StateRead:      {"━●━", "✓✓", "read"},
	StateReceived:  {"", "", ""},
	StateExpired:   {"○○○", "⚠", "not delivered: its time ran out, send it again"},
	StateFailed:    {"○○○", "⚠", "not delivered: send it again"},
}

// LookOf is the look of a state, with the custodians and recipients who signed for it; of a sent
// message, the recipients who took it.
func LookOf(s State, copies, receipts Share) Look {
	l, ok := looks[s]
	if !ok {
		return Look{Stones: "○○○", Mark: "?", Words: string(s)}
	}
	switch {
	case s == StateParked && copies.Want == 0: // only the signatures are known, not how many were asked
		l.Stones = stones(Share{Have: min(3, copies.Have), Want: 3})
	case s == StateParked:
		l.Stones = stones(copies)
		l.Mark += fmt.Sprintf(" %d/%d", copies.Have, copies.Want)
		l.Words = fmt.Sprintf("parked with %d of %d custodians", copies.Have, copies.Want)
	case s == StateSent && receipts.Want > 1:
		l.Mark += fmt.Sprintf(" %d/%d", receipts.Have, receipts.Want)
		l.Words = fmt.Sprintf("handed over to %d of %d", receipts.Have, receipts.Want)
	case s == StateDelivered && receipts.Want > 1:
		l.Mark += fmt.Sprintf(" %d/%d", receipts.Have, receipts.Want)
		l.Words = fmt.Sprintf("delivered to %d of %d", receipts.Have, receipts.Want)
	}
	return l
}

// Look is how m's state is shown.
func (m Message) Look() Look {
	return LookOf(m.State, m.Copies, takers(m.State, m.Handed, m.Receipts))
}

// takers are the recipients that a state speaks of.
func takers(s State, handed, receipts Share) Share {
	if s == StateSent {
		return handed
	}
	return receipts
}

// Look is how m's state is shown, with names and dates where they are known.
func (m MessageStatus) Look() Look {
	l := LookOf(m.State, m.Copies, takers(m.State, m.Handed, m.Receipts))
	if m.State != StateParked || len(m.Parked) == 0 {
		return l
	}
	var names []string
	until := m.Parked[0].Until
	for _, p := range m.Parked {
		names = append(names, p.Name)
		if p.Until.Before(until) {
			until = p.Until
		}
	}
	l.Words = "parked with " + And(names) + " until " + until.Local().Format("2 Jan")
	return l
}

// And joins names as people do: Bob, Carol and Dave.
func And(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// stones draws k of n on three stones; none is filled before somebody signed, all only when all did.
func stones(k Share) string {
	n := min(3, max(0, k.Have*3/k.Want))
	if n == 0 && k.Have > 0 {
		n = 1
	}
	return strings.Repeat("●", n) + strings.Repeat("○", 3-n)
}
