package chat

import (
	"cmp"
	"errors"
	"slices"

	"causeway/identity"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
)

// errUnread: no key held here opens this body (yet).
var errUnread = errors.New("no key opens this entry")

// open decrypts a body with the keys held, its own slot among them, and takes
// what keys it brings. errUnread is no fault of anybody (K6).
func (w *Writer) open(e merkle.Entry) (plain, [32]byte, error) {
	s, err := seal.Parse(e.Body)
	if err != nil {
		return plain{}, [32]byte{}, errUnread
	}
	if key, ok := w.tryEpochs(&s, e); ok {
		p, err := w.decrypt(&s, key, e)
		return p, key, err
	}
	if len(s.Slots) == 0 {
		return plain{}, [32]byte{}, errUnread
	}
	k, salt, ok := w.openSlot(&s, e)
	if !ok {
		return plain{}, [32]byte{}, errUnread
	}
	key, ok := s.Try(seal.Derive(salt, k).Ctl())
	if !ok { // a share of the founding epoch, whose keys have no salt
		if key, ok = s.Try(seal.Derive([32]byte{}, k).Ctl()); !ok {
			return plain{}, [32]byte{}, errUnread
		}
	}
	p, err := w.decrypt(&s, key, e)
	return p, key, err
}

func (w *Writer) decrypt(s *seal.Sealed, key [32]byte, e merkle.Entry) (plain, error) {
	b, err := s.Open(key, contextOf(e))
	if err != nil {
		return plain{}, errUnread
	}
	p, err := decodePlain(b)
	if err != nil {
		return plain{}, errUnread
	}
	return p, nil
}

func contextOf(e merkle.Entry) seal.Context {
	return seal.Context{Log: [32]byte(e.Log), Seq: e.Seq, Prev: [32]byte(e.Prev)}
}

// openSlot finds this user's slot in a found, rekey or share entry.
func (w *Writer) openSlot(s *seal.Sealed, e merkle.Entry) (seal.Key, [32]byte, bool) {
	salt := w.c.salt(e.ID)
	info := seal.SlotInfo{Group: salt, Log: [32]byte(e.Log), Seq: e.Seq, Salt: s.Salt}
	for _, kem := range slices.Backward(w.c.set.kems(w.s.Shape)) {
		content, err := seal.OpenSlot(s.Slots, kem, info)
		if err != nil {
			continue
		}
		if k, err := seal.ParseContent(content); err == nil {
			return k, salt, true
		}
	}
	return seal.Key{}, salt, false
}

// tryEpochs looks for the held secret that a body commits to: first for what most
// entries are sealed under, then for all, the newest epoch first.
func (w *Writer) tryEpochs(s *seal.Sealed, e merkle.Entry) ([32]byte, bool) {
	if key, ok := w.tryLikely(s, e); ok {
		return key, true
	}
	for _, ep := range w.newestFirst() {
		if key, ok := s.Try(ep.keys.Ctl()); ok {
			return key, true
		}
		if len(s.Slots) > 0 || !ep.keys.Full() || w.past.Before(e.ID, ep.id) {
			continue // the key came after the entry
		}
		if w.s.History == Shared {
			if key, ok := s.Try(ep.keys.Msg()); ok {
				w.hot.hints[e.Log] = ep
				return key, true
			}
			continue
		}
		if key, ok := w.tryChain(s, ep, e); ok {
			w.hot.hints[e.Log] = ep
			return key, true
		}
	}
	return [32]byte{}, false
}

// tryLikely tries the next message key of the epoch under which the log was read
// last.
func (w *Writer) tryLikely(s *seal.Sealed, e merkle.Entry) ([32]byte, bool) {
	ep := w.warm().hints[e.Log]
	if ep == nil || len(s.Slots) > 0 || w.past.Before(e.ID, ep.id) {
		return [32]byte{}, false
	}
	if w.s.History == Shared {
		return s.Try(ep.keys.Msg())
	}
	return w.stepTo(s, ep, e.Log, 1)
}

// stepTo steps a sender's chain forward to the entry, at most so often.
func (w *Writer) stepTo(s *seal.Sealed, ep *epoch, log merkle.LogKey, most uint64) ([32]byte, bool) {
	chain, err := w.chain(ep, log)
	if chain == nil || err != nil {
		return [32]byte{}, false
	}
	next := *chain
	key, ok := step(&next, s, most)
	if ok {
		w.moved(ep, log, &next)
	}
	return key, ok
}

// tryChain steps a sender's chain forward to the entry. The chain moves only if
// the entry commits to one of its keys, so nobody can wear it out.
func (w *Writer) tryChain(s *seal.Sealed, ep *epoch, e merkle.Entry) ([32]byte, bool) {
	if key, ok := w.stepTo(s, ep, e.Log, maxSkip); ok {
		return key, true
	}
	chain, err := w.chain(ep, e.Log)
	if chain == nil || err != nil {
		return [32]byte{}, false
	}
	// Both branches of a forked log use one chain: what comes second is read as
	// long as the epoch's key is here, so that all readers show the same.
	if _, forked, err := w.c.dag.Proof(w.tx, e.Log); err != nil || !forked {
		return [32]byte{}, false
	}
	again := ep.keys.Chain([32]byte(e.Log))
	if again == nil {
		return [32]byte{}, false
	}
	return step(again, s, min(chain.Index()+maxSkip, seal.MaxSkip))
}

// step steps a chain to the entry, at most so often.
func step(chain *seal.Chain, s *seal.Sealed, most uint64) ([32]byte, bool) {
	for range most {
		if key, ok := s.Try(chain.Next()); ok {
			return key, true
		}
	}
	return [32]byte{}, false
}

func (w *Writer) newestFirst() []*epoch {
	if w.recent == nil {
		for _, ep := range w.s.epochs {
			w.recent = append(w.recent, ep)
		}
		slices.SortFunc(w.recent, func(a, b *epoch) int {
			return cmp.Or(cmp.Compare(b.created, a.created), b.id.Compare(a.id))
		})
	}
	return w.recent
}

// takeKeys keeps what an opened found, rekey or share brings.
func (w *Writer) takeKeys(e merkle.Entry, p plain) error {
	s, err := seal.Parse(e.Body)
	if err != nil || len(s.Slots) == 0 {
		return nil
	}
	id, to, links := e.ID, []identity.UID(nil), []link(nil)
	switch p.Kind {
	case KindFound:
		var f foundBody
		if wire.Unmarshal(p.Payload, &f) != nil {
			return nil
		}
		to = f.To
	case KindRekey:
		var r rekeyBody
		if wire.Unmarshal(p.Payload, &r) != nil || len(r.Links) > maxLinks {
			return nil
		}
		to, links = r.To, r.Links
	case KindShare:
		var sh shareBody
		if wire.Unmarshal(p.Payload, &sh) != nil {
			return nil
		}
		id, to = sh.Epoch, sh.To
	default:
		return nil
	}
	created := p.Wall
	if p.Kind == KindShare {
		created = 0
	}
	if k, _, ok := w.openSlot(&s, e); ok {
		if err := w.adopt(id, seal.Derive(w.c.salt(id), k), created, to); err != nil {
			return err
		}
	} else if ep := w.s.epochs[id]; ep != nil {
		if err := w.adopt(id, ep.keys, created, to); err != nil {
			return err
		}
	}
	return w.follow(id, links)
}

// follow opens the links of a rekey to the epochs before it.
func (w *Writer) follow(id merkle.ID, links []link) error {
	child := w.s.epochs[id]
	if child == nil {
		return nil
	}
	for _, l := range links {
		parent, err := seal.Unlink(child.keys, w.c.salt(l.Parent), [32]byte(l.Parent), l.Wrap)
		if parent == nil || err != nil && !errors.Is(err, seal.ErrHistory) {
			continue // absent to me (K6)
		}
		whole := history(parent)
		if err := w.adopt(l.Parent, parent, 0, nil); err != nil {
			return err
		}
		held := w.s.epochs[l.Parent]
		if held == nil || w.s.History == Shared && history(held.keys) && !whole {
			continue // no key of that epoch; or from a writer without history, and to be linked once more
		}
		ep := *held
		ep.linked = true
		if err := w.saveEpoch(&ep); err != nil {
			return err
		}
	}
	return nil
}

// history reports whether an epoch's keys open what came before it.
func history(e *seal.Epoch) bool {
	k, _ := e.Key()
	return k.H != [32]byte{}
}
