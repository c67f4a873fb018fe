package seal

import (
	"fmt"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// An Epoch is what one holder knows of an epoch's secrets: all of them, from a
// slot; those for control entries, from a link; or what is left after Erase. A
// secret that is not known is zero, and nothing here seals or opens under zero.
type Epoch struct {
	hidden
	s [secrets][32]byte
}

// The secrets of an epoch, in the order in which Encode writes them.
const (
	secKey = iota
	secHistory
	secControl
	secMessages
	secLink
	secRendezvous
	secMailbox
	secSync
	secChains
	secrets
)

var secretLabels = [secrets]string{
	secControl:    label.EpochControl,
	secMessages:   label.EpochMessages,
	secLink:       label.EpochLink,
	secRendezvous: label.EpochRendezvous,
	secMailbox:    label.EpochMailbox,
	secSync:       label.EpochSync,
	secChains:     label.EpochChains,
}

// Derive returns all secrets of the epoch with this key in this group. For
// epoch 0 group is zero, since the group's id is not known while its first
// entry is sealed (docs/spec/03-keys.md, section 2).
func Derive(group [32]byte, k Key) *Epoch {
	e := &Epoch{}
	prk := extract(k.K, group)
	for i, l := range secretLabels {
		if l != "" {
			e.s[i] = Expand(prk, l)
		}
	}
	e.s[secKey], e.s[secHistory] = k.K, k.H
	return e
}

// Key returns K and H, and whether K is known.
func (e *Epoch) Key() (Key, bool) {
	return Key{K: e.s[secKey], H: e.s[secHistory]}, known(e.s[secKey])
}

// Full says whether the holder came by a slot or a history link and has not
// erased what it gave: then K and all that follows from it are known.
func (e *Epoch) Full() bool { return known(e.s[secKey]) }

// Ctl returns K_ctl, which seals control entries.
func (e *Epoch) Ctl() [32]byte { return e.s[secControl] }

// Msg returns K_msg, which seals messages under the policy "shared".
func (e *Epoch) Msg() [32]byte { return e.s[secMessages] }

// Lnk returns K_lnk, which wraps the control secrets of the parents.
func (e *Epoch) Lnk() [32]byte { return e.s[secLink] }

// Rdv returns K_rdv, from which rendezvous tags come.
func (e *Epoch) Rdv() [32]byte { return e.s[secRendezvous] }

// Mbx returns K_mbx, from which mailbox slots come.
func (e *Epoch) Mbx() [32]byte { return e.s[secMailbox] }

// Syn returns K_syn, which shows a peer that both hold the epoch.
func (e *Epoch) Syn() [32]byte { return e.s[secSync] }

// Chain returns the chain of a log's messages in this epoch, from its start,
// or nil if that is not known. Only the policy "forward" uses chains.
func (e *Epoch) Chain(log [32]byte) *Chain {
	if !known(e.s[secChains]) {
		return nil
	}
	return &Chain{key: Expand(e.s[secChains], label.ChainStart, log[:])}
}

// Erase forgets what opens messages and makes chains (rule K5), once the chains
// are derived. Control entries, meeting and mailbox still work.
func (e *Epoch) Erase() {
	for _, i := range []int{secKey, secHistory, secMessages, secChains} {
		e.s[i] = [32]byte{}
	}
}

// Merge adds what o knows of the same epoch. If both know a secret and differ,
// it changes nothing and returns ErrConflict.
func (e *Epoch) Merge(o *Epoch) error {
	merged := e.s
	for i, s := range o.s {
		if known(merged[i]) && known(s) && merged[i] != s {
			return ErrConflict
		}
		if !known(merged[i]) {
			merged[i] = s
		}
	}
	e.s = merged
	return nil
}

const epochVersion = 1

// Encode returns the epoch for the store: all its secrets, in clear.
func (e *Epoch) Encode() []byte {
	b := wire.AppendUint(wire.AppendArray(nil, 1+secrets), epochVersion)
	for _, s := range e.s {
		if known(s) {
			b = wire.AppendBytes(b, s[:])
		} else {
			b = wire.AppendBytes(b, nil)
		}
	}
	return b
}

// DecodeEpoch reads what Encode wrote.
func DecodeEpoch(b []byte) (*Epoch, error) {
	e := &Epoch{}
	d := wire.NewDecoder(b)
	n, version := d.Array(1+secrets), d.Uint(1<<16)
	for i := range e.s {
		s := d.Bytes(32)
		copy(e.s[i][:], s)
		if len(s) != 0 && (len(s) != 32 || !known(e.s[i])) {
			return nil, fmt.Errorf("%w: epoch secret %d", ErrFormat, i)
		}
	}
	if err := d.End(); err != nil {
		return nil, fmt.Errorf("%w: epoch: %w", ErrFormat, err)
	}
	if n != 1+secrets || version != epochVersion {
		return nil, fmt.Errorf("%w: epoch of version %d", ErrFormat, version)
	}
	return e, nil
}
