package seal

import (
	"fmt"

	"causeway/internal/label"
	"causeway/internal/wire"
)

type linkWire struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Control []byte // K_ctl ‖ K_lnk of the parent, under the child's K_lnk
	History []byte // K ‖ H of the parent, under the child's H; or empty
}

const (
	linkVersion = 1
	pairBox     = 64 + BoxOverhead
)

// Link wraps what the parent epoch's own holders know for those who hold the
// child: always its control secrets, and with history (policy "shared") its K
// and H, readable only by those to whom the child's H was given. A linker to
// whom the parent's K is not known links control alone. ErrNoKey if the child
// or the parent lacks what this needs (docs/spec/03-keys.md, section 7).
func Link(child, parent *Epoch, parentID [32]byte, history bool) ([]byte, error) {
	if !known(parent.Ctl()) || !known(parent.Lnk()) {
		return nil, ErrNoKey
	}
	w := linkWire{Version: linkVersion}
	var err error
	if w.Control, err = SealBytes(child.Lnk(), label.LinkControl, parentID[:], pair(parent.Ctl(), parent.Lnk())); err != nil {
		return nil, err
	}
	if k, ok := parent.Key(); ok && history {
		if w.History, err = SealBytes(child.s[secHistory], label.LinkHistory, parentID[:], pair(k.K, k.H)); err != nil {
			return nil, err
		}
	}
	return wire.Marshal(w)
}

// Unlink returns what the child's holder learns of the parent: its control
// secrets, or all of it where the link and the child's H allow. group is zero
// if the parent is epoch 0. ErrHistory comes with an epoch that holds the
// control secrets alone; with every other error there is none.
func Unlink(child *Epoch, group, parentID [32]byte, link []byte) (*Epoch, error) {
	var w linkWire
	if err := wire.Unmarshal(link, &w); err != nil {
		return nil, fmt.Errorf("%w: link: %w", ErrFormat, err)
	}
	if w.Version != linkVersion || len(w.Control) != pairBox || len(w.History) != 0 && len(w.History) != pairBox {
		return nil, fmt.Errorf("%w: link", ErrFormat)
	}
	control, err := OpenBytes(child.Lnk(), label.LinkControl, parentID[:], w.Control)
	if err != nil {
		return nil, err
	}
	e := &Epoch{}
	e.s[secControl], e.s[secLink] = unpair(control)
	if len(w.History) == 0 || !known(child.s[secHistory]) {
		return e, nil
	}
	history, err := OpenBytes(child.s[secHistory], label.LinkHistory, parentID[:], w.History)
	if err != nil {
		return e, ErrHistory
	}
	var k Key
	k.K, k.H = unpair(history)
	full := Derive(group, k)
	if !known(k.K) || full.Ctl() != e.Ctl() || full.Lnk() != e.Lnk() {
		return e, ErrHistory
	}
	return full, nil
}

func pair(a, b [32]byte) []byte { return append(a[:], b[:]...) }

func unpair(p []byte) (a, b [32]byte) { return [32]byte(p), [32]byte(p[32:]) }
