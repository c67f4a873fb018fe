package node

import (
	"errors"
	"fmt"

	"causeway/chat"
	"causeway/merkle"
	"causeway/store"
	dagsync "causeway/sync"
)

// Served is the reading half of dagsync.Logs: conversations by id, and who may
// have what of them (docs/spec/06-sync.md, section 2). Every answer is of
// the committed state. The simulator serves by it too.
type Served struct {
	DB   *store.DB
	Set  *chat.Set
	Open func(*store.Tx, *chat.Conversation) (bool, error) // whether one is synced with others; nil: all are
}

// Conv returns a conversation by its id.
func (s Served) Conv(c dagsync.Conv) (*chat.Conversation, error) {
	if conv := s.Set.Get(merkle.ID(c)); conv != nil {
		return conv, nil
	}
	return nil, errors.New("no such conversation")
}

// Keys returns the epochs of every conversation that is synced with others.
func (s Served) Keys() (out []dagsync.Key, err error) {
	err = s.DB.View(func(tx *store.Tx) error {
		for _, c := range s.Set.All() {
			if s.Open != nil {
				if open, err := s.Open(tx, c); err != nil {
					return err
				} else if !open {
					continue
				}
			}
			for _, k := range c.OpenedBy(tx) {
				out = append(out, dagsync.Key{Conv: dagsync.Conv(c.ID), Epoch: [32]byte(k.Epoch), Syn: k.Syn})
			}
		}
		return tx.Err()
	})
	return out, err
}

// Shared returns the conversations in which the user behind a log may be met.
func (s Served) Shared(c dagsync.Conv, log merkle.LogKey) []dagsync.Conv {
	conv, err := s.Conv(c)
	if err != nil {
		return nil
	}
	out := []dagsync.Conv{c}
	uid, ok := conv.State().Fold.UserOf(log)
	if !ok {
		return out
	}
	for _, other := range s.Set.All() {
		at := other.State()
		_, in := at.Fold.Member(uid)
		if _, gone := at.Fold.Removed(uid); other.ID != conv.ID && at.Shape != chat.Self && (in || gone || !at.Found) {
			out = append(out, dagsync.Conv(other.ID))
		}
	}
	return out
}

// Own returns this device's log in a conversation.
func (s Served) Own(c dagsync.Conv) merkle.LogKey {
	conv, err := s.Conv(c)
	if err != nil {
		return merkle.LogKey{}
	}
	return conv.State().Log
}

// Prove signs an OPEN tag by this device's log in the conversation.
func (s Served) Prove(c dagsync.Conv, tag []byte) (dagsync.Proof, error) {
	conv, err := s.Conv(c)
	if err != nil {
		return dagsync.Proof{}, err
	}
	p := dagsync.Proof{Log: conv.State().Log}
	err = s.DB.View(func(tx *store.Tx) error {
		key, err := s.Set.Signer(tx, p.Log)
		if err != nil {
			return fmt.Errorf("prove a log: %w", err)
		}
		p.Sig = key.Sign(dagsync.ProofMessage(tag))
		return nil
	})
	return p, err
}

// Standing says what the fold of membership says of a log.
func (s Served) Standing(c dagsync.Conv, log merkle.LogKey) dagsync.Standing {
	conv, err := s.Conv(c)
	if err != nil {
		return dagsync.Unknown
	}
	standing, _ := standing(conv.State(), log)
	return standing
}

// standing also returns the removal after which a removed log gets nothing.
func standing(s *chat.State, log merkle.LogKey) (dagsync.Standing, merkle.ID) {
	uid, ok := s.Writer(log)
	if !ok {
		return dagsync.Unknown, merkle.ID{}
	}
	if s.Fold.MayRead(log) {
		return dagsync.Member, merkle.ID{}
	}
	if by, gone := s.Fold.Ended(log); gone {
		return dagsync.Removed, by
	}
	if by, gone := s.Fold.Removed(uid); gone {
		return dagsync.Removed, by
	}
	return dagsync.Unknown, merkle.ID{}
}

// Frontier returns the tips that a reader may see.
func (s Served) Frontier(c dagsync.Conv, reader merkle.LogKey) (tips []merkle.Tip, err error) {
	conv, err := s.Conv(c)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(func(tx *store.Tx) (err error) {
		if reader == (merkle.LogKey{}) {
			tips, err = conv.DAG().Frontier(tx)
			return err
		}
		switch st, by := standing(conv.State(), reader); st {
		case dagsync.Member:
			tips, err = conv.DAG().Frontier(tx)
		case dagsync.Removed:
			tips, err = dagsync.FrontierAt(tx, conv.DAG(), by)
		}
		return err
	})
	return tips, err
}

// At returns the entries of a log with this seq.
func (s Served) At(c dagsync.Conv, log merkle.LogKey, seq uint64) (ids []merkle.ID, err error) {
	conv, err := s.Conv(c)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(func(tx *store.Tx) (err error) {
		ids, err = dagsync.EntriesAt(tx, conv.DAG(), log, seq)
		return err
	})
	return ids, err
}

// Read returns entries of a want that the reader may have.
func (s Served) Read(c dagsync.Conv, reader merkle.LogKey, w dagsync.Want) (got []merkle.Entry, rest dagsync.Want, err error) {
	conv, err := s.Conv(c)
	if err != nil {
		return nil, rest, err
	}
	st, by := standing(conv.State(), reader)
	if st == dagsync.Unknown {
		return nil, rest, dagsync.ErrNotYet
	}
	err = s.DB.View(func(tx *store.Tx) (err error) {
		var may func(merkle.Entry) bool
		past := conv.DAG().Past(tx)
		if st == dagsync.Removed {
			may = dagsync.Within(past, by)
		}
		got, rest, err = dagsync.Select(tx, conv.DAG(), w, may)
		return errors.Join(err, past.Err())
	})
	return got, rest, err
}
