package node

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"causeway/chat"
	"causeway/internal/label"
	"causeway/internal/wire"
	"causeway/merkle"
	"causeway/seal"
	"causeway/store"
)

// stickMagic opens an export (docs/spec/07-mailbox.md, section 8).
const stickMagic = "causeway stick 1\n"

// Export writes one conversation, or all, as sealed sections that any present
// member of the conversation can open: a sneakernet parcel stream.
func (n *Node) Export(_ context.Context, target string, w io.Writer) (Transfer, error) {
	var t Transfer
	var convs []*chat.Conversation
	err := n.db.View(func(tx *store.Tx) error {
		if target == "" {
			convs = n.set.All()
			return nil
		}
		c, err := n.target(tx, target)
		convs = []*chat.Conversation{c}
		return err
	})
	if err != nil {
		return t, err
	}
	if _, err := io.WriteString(w, stickMagic); err != nil {
		return t, err
	}
	for _, c := range convs {
		if c.State().Shape == chat.Self {
			continue
		}
		if err := n.exportOne(c, w, &t); err != nil {
			return t, err
		}
	}
	return t, nil
}

// exportOne writes a conversation section by section, each read in a snapshot of
// its own.
func (n *Node) exportOne(c *chat.Conversation, w io.Writer, t *Transfer) error {
	for at := uint64(0); ; {
		var entries, given []merkle.Entry
		var secret [32]byte
		err := n.db.View(func(tx *store.Tx) (err error) {
			keys := c.Secrets(tx)
			if len(keys) == 0 {
				return nil
			}
			under := keyForStick(tx, c, keys)
			secret = under.Mbx
			if entries, err = c.DAG().ByOffset(tx, at, stickEntries); err != nil {
				return err
			}
			at += uint64(len(entries))
			past := c.DAG().Past(tx)
			given, err = entriesFor(entries, c.Withheld(past, under.Epoch)), past.Err()
			return err
		})
		if err != nil || len(entries) == 0 {
			return err
		}
		segments, err := packSegments(c.ID, given, stickBytes)
		if err != nil {
			return err
		}
		for _, s := range segments {
			box, err := seal.SealBytes(secret, label.Stick, nil, s)
			if err != nil {
				return err
			}
			if err := wire.WriteFrame(w, box); err != nil {
				return err
			}
		}
		t.Entries += len(given)
	}
}

// keyForStick returns the epoch that seals an export: the one under which members
// write now or, for who knows none, the newest that it holds.
func keyForStick(tx *store.Tx, c *chat.Conversation, keys []chat.Secrets) chat.Secrets {
	present, _ := c.Present(tx)
	if i := slices.IndexFunc(keys, func(k chat.Secrets) bool { return k.Epoch == present }); i >= 0 {
		return keys[i]
	}
	return keys[0]
}

// entriesFor leaves out what is not for all who hold the key.
func entriesFor(entries []merkle.Entry, withheld func(merkle.Entry) bool) []merkle.Entry {
	return slices.DeleteFunc(slices.Clone(entries), withheld)
}

// Import reads an export. Whatever it holds enters by the same door as what is
// pulled; reading a file twice changes nothing.
func (n *Node) Import(ctx context.Context, r io.Reader) (Transfer, error) {
	var t Transfer
	br := bufio.NewReader(r)
	magic := make([]byte, len(stickMagic))
	if _, err := io.ReadFull(br, magic); err != nil || string(magic) != stickMagic {
		return t, invalid("this is no file that peer export wrote")
	}
	for ctx.Err() == nil {
		box, err := wire.ReadFrame(br, wire.MaxFrame)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, cutOff(t.Entries)
		}
		if err := n.importBox(box, &t); err != nil {
			return t, err
		}
	}
	n.acks(ctx) // now, so that the receipts are on the stick if it goes straight back
	return t, ctx.Err()
}

func cutOff(after int) error {
	if after == 0 {
		return invalid("the file is cut off or damaged near its beginning, and nothing of it can be read; copy it anew from where it was exported")
	}
	return invalid("the file is cut off or damaged after %d entries; what came before is kept, and importing the whole file later goes on from there", after)
}

func (n *Node) importBox(box []byte, t *Transfer) error {
	for _, c := range n.set.All() {
		seg, err := n.openStick(c, box)
		if err != nil {
			return err
		}
		if seg == nil {
			continue
		}
		conv, blocks, err := openSegment(seg)
		if err != nil || conv != c.ID {
			break
		}
		res, err := n.receive(c, blocks)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		t.Entries += len(blocks)
		t.New += res.New
		t.Duplicates += res.Duplicates
		t.Refused += len(res.Refused)
		return nil
	}
	t.Refused++
	return nil
}

// openStick tries the epochs of a conversation; nil, if none fits.
func (n *Node) openStick(c *chat.Conversation, box []byte) ([]byte, error) {
	var keys []chat.Secrets
	err := n.db.View(func(tx *store.Tx) error {
		keys = c.Secrets(tx)
		return tx.Err()
	})
	for _, k := range keys {
		if b, err := seal.OpenBytes(k.Mbx, label.Stick, nil, box); err == nil {
			return bytes.Clone(b), nil
		}
	}
	return nil, err
}
