package node

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"causeway/mailbox"
	"causeway/merkle"
	"causeway/store"
)

// fulls are the places that take no more, as their custodians have signed. They
// are visited again after fullPause.
type fulls struct {
	mu sync.Mutex
	at map[string]fullPlace // guarded by mu; by the key of the place
}

type fullPlace struct {
	conv  merkle.ID
	chat  string // whose box it is: "@name" or "#name"
	name  string // of the custodian
	why   mailbox.Full
	noted time.Time
}

// noteFull keeps a custodian's signed refusal.
func (n *Node) noteFull(p place, why *mailbox.Full) {
	at := fullPlace{conv: p.conv.ID, name: keeperName(p.keeper.Name), why: *why, noted: time.Now()}
	n.look("name a chat", func(tx *store.Tx) error {
		at.chat = n.chatName(tx, p.conv.State())
		return nil
	})
	n.fulls.mu.Lock()
	defer n.fulls.mu.Unlock()
	if n.fulls.at == nil {
		n.fulls.at = map[string]fullPlace{}
	}
	n.fulls.at[string(p.key())] = at
}

// waits reports whether a place refused so lately that it need not be asked.
func (f *fulls) waits(p place, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, known := f.at[string(p.key())]
	return known && now.Sub(at.noted) < fullPause
}

// took forgets the refusal of a place that takes parcels again.
func (f *fulls) took(p place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.at, string(p.key()))
}

// forget drops the refusals of a conversation in which nothing waits.
func (f *fulls) forget(conv merkle.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.at, func(_ string, at fullPlace) bool { return at.conv == conv })
}

// advice says in one line for each whose box it is, until when, and what to do.
func (f *fulls) advice() (out []Advice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(f.at)) {
		out = append(out, Advice{"custodian-full", f.at[key].line()})
	}
	return out
}

func (at fullPlace) line() string {
	until := ""
	if !at.why.FreeAt.IsZero() {
		until = ", until " + at.why.FreeAt.Local().Format("2 Jan 15:04") + " at the latest"
	}
	switch at.why.Reason {
	case mailbox.Ending:
		return fmt.Sprintf("%s stops keeping mail for %s; they need another custodian: peer custodian add @NAME", at.name, at.chat)
	case mailbox.OverShare:
		return fmt.Sprintf("A message is larger than your share of %s's box with %s; it waits here until you are both online, or ask %s for more room: peer custodian allow --max SIZE", at.chat, at.name, at.name)
	case mailbox.SlotFull:
		return fmt.Sprintf("Your share of %s's box with %s is full%s; it empties when they come online, and what you write waits here meanwhile", at.chat, at.name, until)
	}
	return fmt.Sprintf("%s's box with %s is full%s; it empties when they come online, or ask %s for more room: peer custodian allow --max SIZE", at.chat, at.name, until, at.name)
}
